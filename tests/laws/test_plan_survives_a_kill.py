"""The operator is killed after any action and forgets all it remembered: the end is the same as without (invariant 4)."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.machine import VirtualMachine
from tests.unit.driving import Killed, Operator
from tests.unit.machines import HAPPENINGS, Spec, edits, flat, happen, machine, specs
from tests.unit.world import World


def end(world: World) -> dict[str, Any]:
    return {name: getattr(world, name) for name in ("domain", "disks", "seeds", "created", "starts", "released")}


def same_end_wherever_it_is_killed(start: World, vm: VirtualMachine) -> None:
    unhurt = start.copy()
    operator = Operator(unhurt, signs=False)
    operator.settle(vm)
    for lives in range(len(operator.done)):
        world = start.copy()
        killed = Operator(world, lives=lives, signs=False)
        try:
            killed.settle(vm)
        except Killed:
            Operator(world, now=killed.now + 1, signs=False).settle(vm)
        assert end(world) == end(unhurt), f"killed before {operator.done[lives]}"


@settings(max_examples=settings.default.max_examples * 2 // 3)
@given(specs(), st.sampled_from([None, None, *sorted(HAPPENINGS)]), edits(), st.booleans())
def test_a_kill_after_any_action_changes_nothing_in_the_end(fields: Spec, before: str | None, edit: Spec, deleting: bool) -> None:
    start = World()
    Operator(start, signs=False).settle(machine(**flat(fields)))
    if before is not None:
        happen(start, before)
    vm = machine(**flat({**fields, **edit}), deleting=deleting)
    if vm.spec.shutdown.on_timeout == "Wait":
        start.obedient = True

    same_end_wherever_it_is_killed(start, vm)


@settings(max_examples=settings.default.max_examples // 3)
@given(specs())
def test_a_kill_while_a_machine_is_made_changes_nothing_in_the_end(fields: Spec) -> None:
    same_end_wherever_it_is_killed(World(), machine(**flat(fields)))
