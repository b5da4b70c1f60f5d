"""Label selectors mean what they mean to kubectl."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.cli.errors import CliError
from homeostat.cli.selector import parse_selector

LABELS = {"app": "web", "env": "test"}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        (None, True),
        ("app=web", True),
        ("app==web,env=test", True),
        ("app=db", False),
        ("app!=db", True),
        ("tier!=x", True),
        ("app", True),
        ("!app", False),
        ("!tier", True),
        ("env in (test, prod)", True),
        ("env notin (test,prod)", False),
        ("tier notin (a)", True),
        ("env in (test,prod),app=web", True),
    ],
)
def test_selector(selector: str | None, selected: bool) -> None:
    assert parse_selector(selector)(LABELS) is selected


@pytest.mark.parametrize("wrong", ["=x", "a=b=c", "a in b", ",", "a,,b", "a b"])
def test_a_wrong_selector_says_what_one_looks_like(wrong: str) -> None:
    with pytest.raises(CliError, match="is not a label selector") as raised:
        parse_selector(wrong)
    assert "app=web" in raised.value.mend


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.from_regex(r"[a-z]{1,5}", fullmatch=True), min_size=1))
def test_labels_select_themselves(labels: dict[str, str]) -> None:
    assert parse_selector(",".join(f"{key}={value}" for key, value in labels.items()))(labels)
