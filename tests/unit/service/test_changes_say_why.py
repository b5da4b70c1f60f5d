"""What a change of a spec is said to take, and why it cannot be."""

from __future__ import annotations

import pytest

from homeostat.planner.changes.why import reason_of
from homeostat.planner.plan import Change, Disruption
from homeostat.service.changing.spec_change import SpecChange, shown

CANNOT = "resources.cpu.model: host-model needs KVM"


@pytest.mark.parametrize("disruption", list(Disruption))
@pytest.mark.parametrize("cannot", ["", CANNOT])
def test_only_what_is_forbidden_is_for_that(disruption: Disruption, cannot: str) -> None:
    change = Change("resources", "set", "set", disruption)
    wanted = CANNOT if cannot and disruption is Disruption.FORBIDDEN else reason_of(change)
    assert SpecChange((change,), cannot=cannot).reason(change) == wanted


@pytest.mark.parametrize(
    ("value", "words"), [(None, "none"), ({"a": 1}, "set"), ({}, "set"), ([], "set"), (5, "5"), ("", ""), (False, "false")]
)
def test_a_value_in_words(value: object, words: str) -> None:
    assert shown({"field": value}, "field") == words
    assert shown({}, "field") == "none"
