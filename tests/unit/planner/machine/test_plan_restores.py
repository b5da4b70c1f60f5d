"""restoreFrom brings a machine back to a snapshot exactly once per token, whatever becomes of the operator meanwhile."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.machine.restore import LOST, NOT_FOUND, NOT_TAKEN, OF_ANOTHER, new_token, untaken
from homeostat.planner.observed import DomainState, Restore
from homeostat.planner.plan import Stalled, Waiting
from tests.unit.driving import Killed, Operator
from tests.unit.machines import changed, machine, running
from tests.unit.world import World

DISKS = [{"name": "data", "size": "1Gi"}]
FOUND = Restore(
    "u-1", "homeostat-default-before-0", (("data", "/state/machines/default/web/data.qcow2"),), False, "2026-01-01T00:00:00Z"
)


def ran(**fields: Any) -> tuple[World, Operator, VirtualMachine]:
    world, operator, vm = running(disks=DISKS, **fields)
    world.named = FOUND
    return world, operator, vm


def back(vm: VirtualMachine, token: str = "now") -> VirtualMachine:
    return changed(vm, restoreFrom={"snapshot": "before", "token": token})


RUNS = [
    {"runStrategy": "Always"},
    {"runStrategy": "RerunOnFailure"},
    {"runStrategy": "Once"},
    {"runStrategy": "Manual", "power": "Running"},
]


@given(st.sampled_from(RUNS), st.lists(st.integers(0, 4), max_size=4), st.sampled_from([None, "Report"]))
def test_it_is_carried_out_exactly_once(strategy: dict[str, str], deaths: list[int], drift: str | None) -> None:
    world, _, vm = ran(**strategy, **({"driftPolicy": drift} if drift else {}))
    for lives in deaths:
        try:
            Operator(world, lives=lives).settle(back(vm))
        except Killed:
            continue
    Operator(world).settle(back(vm))
    assert len(world.restores) == 1 and world.starts == 2
    assert world.domain and world.domain.state == "running"
    Operator(world).settle(back(vm, "again"))
    assert [done.token for done in world.restores] == ["now", "again"] and world.starts == 3


def test_the_guest_is_asked_to_shut_down_and_the_power_is_not_cut() -> None:
    world, operator, vm = ran()
    operator.settle(back(vm))
    kinds = [type(action).__name__ for action in operator.done]
    assert kinds.index("ShutdownDomain") < kinds.index("RestoreSnapshot") and "PowerOffDomain" not in kinds
    assert world.restores[0].disks == FOUND.disks


@pytest.mark.parametrize("strategy", [{"runStrategy": "Halted"}, {"runStrategy": "Manual", "power": "Stopped"}])
def test_a_machine_that_should_be_off_is_restored_and_stays_off(strategy: dict[str, str]) -> None:
    world, operator, vm = ran(**strategy)
    operator.settle(back(vm))
    assert len(world.restores) == 1 and world.starts == 0


def test_saved_memory_is_discarded_since_it_does_not_fit_the_disks() -> None:
    world, operator, vm = ran(runStrategy="Manual", power="Running")
    operator.settle(changed(vm, power="Saved"))
    assert world.domain is not None and world.domain.saved
    operator.settle(back(changed(vm, power="Saved")))
    assert len(world.restores) == 1 and not world.domain.saved


def test_with_its_memory_it_is_not_shut_down() -> None:
    world, operator, vm = ran()
    world.named = replace(FOUND, memory=True)
    operator.settle(back(vm))
    assert len(world.restores) == 1 and world.starts == 1
    assert not any(isinstance(action, act.ShutdownDomain) for action in operator.done)


def test_a_token_that_a_machine_is_made_with_is_not_carried_out() -> None:
    world, operator = World(), Operator(World())
    operator = Operator(world)
    world.named = FOUND
    vm = back(machine(disks=DISKS))
    operator.settle(vm)
    assert world.restores == [] and world.restored == "now"
    operator.settle(back(vm, "later"))
    assert [done.token for done in world.restores] == ["later"]


@given(st.integers(0, 12))
def test_nor_when_the_operator_is_killed_while_it_makes_it(lives: int) -> None:
    world = World()
    world.named = FOUND
    vm = back(machine(disks=DISKS))
    with contextlib.suppress(Killed):
        Operator(world, lives=lives).settle(vm)
    Operator(world).settle(vm)
    assert world.restores == [] and world.restored == "now"


def test_a_domain_that_others_removed_brings_no_token_back() -> None:
    world, operator, vm = ran()
    operator.settle(back(vm))
    world.domain = None
    operator.settle(back(vm))
    assert len(world.restores) == 1


@pytest.mark.parametrize("reason", [NOT_FOUND, NOT_TAKEN, OF_ANOTHER, LOST])
def test_what_cannot_be_restored_goes_on_as_it_is(reason: str) -> None:
    world, operator, vm = ran()
    world.named = Stalled(reason, "it says what to do")
    assert operator.settle(back(vm)).outcome == Stalled(reason, "it says what to do")
    assert world.starts == 1 and world.domain is not None and world.domain.state is DomainState.RUNNING
    world.crash()
    operator.settle(back(vm))
    assert world.starts == 2
    world.named = FOUND
    operator.settle(back(vm))
    assert len(world.restores) == 1


def test_a_suspended_machine_is_left_alone() -> None:
    world, operator, vm = ran()
    assert operator.settle(changed(back(vm), suspend=True)).left
    assert world.restores == []


@given(st.lists(st.sampled_from(["before", "now", "later"]), max_size=8))
def test_a_token_that_comes_back_is_not_carried_out_again(tokens: list[str]) -> None:
    """Somebody who reverts a commit does not ask for what it asked for then."""
    world, operator, vm = ran()
    for token in tokens:
        operator.settle(back(vm, token))
    assert [done.token for done in world.restores] == list(dict.fromkeys(tokens))


@pytest.mark.parametrize(
    ("created", "restored", "noted"), [(False, None, 1), (False, "before", 1), (False, "now", 0), (True, None, 0)]
)
def test_the_token_of_a_machine_that_is_only_made_now_is_noted(created: bool, restored: str | None, noted: int) -> None:
    world, operator, vm = ran()
    seen = world.observe(vm, operator.memory)
    storage = replace(seen.storage, created=created, restored=restored)
    assert len(new_token(back(vm), replace(seen, domain=None, storage=storage))) == noted
    assert new_token(back(vm), replace(seen, storage=storage)) == () == new_token(vm, replace(seen, domain=None, storage=storage))


@pytest.mark.parametrize(("problem", "kind"), [("", Waiting), ("its disk is raw", Stalled)])
def test_it_waits_for_a_snapshot_that_is_being_taken_and_stalls_on_one_that_cannot_be(problem: str, kind: type) -> None:
    world, operator, vm = ran()
    world.named = untaken(back(vm), "before", problem)
    outcome = operator.settle(back(vm)).outcome
    assert outcome == world.named and isinstance(outcome, kind) and outcome.reason == NOT_TAKEN
    assert "snapshot before" in outcome.message and problem in outcome.message and world.starts == 1
    world.crash()
    operator.settle(back(vm))
    assert world.starts == 2 and world.restores == []
