"""lastTransitionTime moves when a condition's status does, and at no other time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.condition import Condition, find_condition, merge_conditions

THEN, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def condition(status: str, reason: str = "R", type: str = "Ready", at: str = "") -> Condition:
    return Condition(type=type, status=status, reason=reason, last_transition_time=at)  # type: ignore[arg-type]


def test_a_changed_status_is_dated_now() -> None:
    (merged,) = merge_conditions([condition("False", at=THEN)], [condition("True")], NOW)
    assert (merged.status, merged.last_transition_time) == ("True", NOW)


def test_another_reason_or_message_is_no_transition() -> None:
    (merged,) = merge_conditions([condition("False", "Old", at=THEN)], [condition("False", "New")], NOW)
    assert (merged.reason, merged.last_transition_time) == ("New", THEN)


def test_a_new_condition_is_dated_now_and_one_that_is_no_longer_true_of_it_goes() -> None:
    merged = merge_conditions([condition("True", type="Stalled", at=THEN)], [condition("True")], NOW)
    assert [(c.type, c.last_transition_time) for c in merged] == [("Ready", NOW)]
    assert find_condition(merged, "Stalled") is None


@given(st.lists(st.sampled_from(["True", "False", "Unknown"]), max_size=3))
def test_merging_the_same_again_changes_nothing(statuses: list[str]) -> None:
    after = [condition(status, type=f"T{n}") for n, status in enumerate(statuses)]
    once = merge_conditions([], after, THEN)
    assert merge_conditions(once, after, NOW) == once
