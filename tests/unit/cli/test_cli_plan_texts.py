"""Long values in a plan: texts line by line, others from where they begin to differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeostat.cli.show.render_texts import LONGEST, MOST_LINES, arrow, diff_lines, is_text


def test_findings_plan_a_text_is_shown_as_a_diff_of_its_lines() -> None:
    old, new = "#cloud-config\nusers: []\nhostname: one\n", "#cloud-config\nusers: []\nhostname: two\nntp: {}\n"
    assert diff_lines(old, new) == ["  users: []", "- hostname: one", "+ hostname: two", "+ ntp: {}"]
    assert diff_lines(None, "a\nb\n") == ["+ a", "+ b"]


def test_of_a_long_diff_the_first_lines_and_how_many_more() -> None:
    shown = diff_lines("", "\n".join(map(str, range(200))))
    assert len(shown) == MOST_LINES + 1 and shown[-1] == f"… and {200 - MOST_LINES} more lines"


def test_findings_plan_two_long_values_never_look_the_same() -> None:
    path = "https://images.example.org/debian/12/amd64/latest/cloud"
    shown = arrow(f"{path}-1.qcow2", f"{path}-2.qcow2")
    assert shown == "…t/cloud-1.qcow2 -> …t/cloud-2.qcow2"


@given(st.text(alphabet="ab", max_size=200), st.text(alphabet="ab", max_size=200))
def test_what_differs_is_seen(old: str, new: str) -> None:
    before, _, after = arrow(old, new).partition(" -> ")
    assert len(before) <= LONGEST and len(after) <= LONGEST
    assert (before == after) is (old == new)


def test_a_text_is_what_has_lines() -> None:
    assert is_text(None, "a\nb") and not is_text("a", None, 3)
