"""What differs only in case or Unicode form is one name; look-alikes and labels that no resource could carry are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.accounts.errors import NotAName
from homeostat.accounts.names import account_name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("alice", "alice"),
        ("ALICE", "alice"),
        ("ａｌｉｃｅ", "alice"),  # full width
        ("ﬁona", "fiona"),  # a ligature
        ("K", "k"),  # the sign of the kelvin
        ("a", "a"),
        ("a.b-c_d", "a.b-c_d"),
        ("0", "0"),
        ("a" * 63, "a" * 63),
    ],
)
def test_one_name_however_it_is_typed(typed: str, name: str) -> None:
    assert account_name(typed) == name


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "a ",
        " a",
        "-a",
        "a-",
        ".a",
        "a.",
        "_",
        "a/b",
        "a b",
        "a\n",
        "аlice",
        "a\u200bb",
        "é",
        "a" * 64,
        "../x",
        "\ud800",
        "a\0",
    ],
)
def test_no_name(typed: str) -> None:
    with pytest.raises(NotAName) as refused:
        account_name(typed)
    assert "a-z" in refused.value.mend


def test_a_megabyte_is_refused_in_few_words() -> None:
    with pytest.raises(NotAName) as refused:
        account_name("ﷺ" * 1_000_000)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(("typed", "shown"), [("_" * 63, "_" * 63), ("_" * 64, "_" * 63 + "…"), ("é", "é")])
def test_it_is_shown_as_it_was_typed_but_cut_where_it_is_long(typed: str, shown: str) -> None:
    with pytest.raises(NotAName, match=f"^'{shown}' cannot be"):
        account_name(typed)


@given(st.text(max_size=70))
def test_a_name_is_its_own_name(typed: str) -> None:
    try:
        name = account_name(typed)
    except NotAName:
        return
    assert account_name(name) == name == account_name(name.upper())
    assert name.isascii()
