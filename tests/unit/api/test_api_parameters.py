"""What a query or a header says is read as it is written, to the last number that is allowed, and repeated only so far."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from homeostat_api.http.errors import Problem
from homeostat_api.http.requests.parameters import choice, flag, whole_number
from homeostat_api.http.requests.preconditions import expected_version


def asking(text: str | None) -> Any:
    """Returns a request whose parameters and headers all say that."""
    return SimpleNamespace(get_param=lambda _: text, get_header=lambda _: text)


@pytest.mark.parametrize(
    ("text", "most", "number"),
    [
        (None, 5, None), ("0", 5, 0), ("5", 5, 5), ("007", 7, 7), ("12345678", 10**9, 12345678),
        ("999999999", 999_999_999, 999_999_999),
    ],
)  # fmt: skip
def test_a_whole_number(text: str | None, most: int, number: int | None) -> None:
    assert whole_number(asking(text), "n", most) == number


@pytest.mark.parametrize("text", ["", "6", "-1", "+1", "1.0", " 1", "٣", "²", "0000000001", "x", "1e3", "9" * 5000])
def test_no_whole_number(text: str) -> None:
    with pytest.raises(Problem) as refused:
        whole_number(asking(text), "n", 5)
    assert refused.value.details == {"parameter": "n", "given": text[:64]}


@pytest.mark.parametrize(("text", "said"), [(None, False), ("true", True), ("false", False)])
def test_true_or_false(text: str | None, said: bool) -> None:
    assert flag(asking(text), "f") is said


@pytest.mark.parametrize("text", ["", "True", "1", "x" * 64, "x" * 65])
def test_none_of_the_words(text: str) -> None:
    with pytest.raises(Problem) as refused:
        choice(asking(text), "f", ("true", "false"))
    assert refused.value.details == {"parameter": "f", "given": text[:64]}


CURRENT: Any = SimpleNamespace(metadata=SimpleNamespace(resource_version="7"))


@pytest.mark.parametrize(
    ("header", "version"),
    [
        (None, None),
        ("*", None),
        (" * ", None),
        ('"7"', "7"),
        ('"5", "7", "6"', "7"),
        ('"5", W/"7", "6"', "6"),
        ('W/"6", "5"', "5"),
    ],
)
def test_the_version_to_change(header: str | None, version: str | None) -> None:
    assert expected_version(asking(header), CURRENT) == version


@pytest.mark.parametrize("header", ["", "7", "x" * 64, "x" * 65])
def test_no_version(header: str) -> None:
    with pytest.raises(Problem) as refused:
        expected_version(asking(header), CURRENT)
    assert refused.value.details == {"given": header[:64]}
