"""That a machine is being deleted stands in its folder, from before the first step until all of it is gone."""

from __future__ import annotations

from hypothesis import given, settings

from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from tests.unit.driving import Operator
from tests.unit.machines import Spec, deleted, flat, machine, running, specs
from tests.unit.world import World


@settings(max_examples=40)
@given(specs())
def test_the_note_comes_first_and_holds_what_the_deletion_follows(fields: Spec) -> None:
    world, vm = World(), machine(**flat(fields))
    operator = Operator(world)
    operator.settle(vm)
    gone = deleted(vm, 7)
    plan = operator.plan(gone)
    if world.domain is None and not world.created:
        return  # nothing came into being
    (note,) = [action for action in plan.actions if isinstance(action, act.NoteDeletion)]
    assert plan.actions[0] is note and note.directory == "/state/machines/default/web"
    assert "null" not in note.resource  # what is not set would be read as if it were
    read = VirtualMachine.model_validate_json(note.resource)
    assert read.spec == gone.spec and read.metadata == gone.metadata and read.deleting
    world.apply(note)
    assert not any(isinstance(action, act.NoteDeletion) for action in operator.plan(gone).actions)


def test_it_goes_with_the_folder() -> None:
    world, operator, vm = running()
    operator.settle(deleted(vm))
    assert world.released and world.noted is None


def test_after_the_folder_has_gone_it_is_not_made_again() -> None:
    _, operator, vm = running()
    operator.settle(deleted(vm))
    assert [type(action) for action in operator.plan(deleted(vm)).actions] == [act.DeleteDirectory, act.ReleaseResource]


def test_a_machine_that_is_kept_after_all_loses_it() -> None:
    world, operator, vm = running()
    world.apply(operator.plan(deleted(vm)).actions[0])
    assert world.noted is not None
    operator.settle(vm)
    assert world.noted is None and world.domain is not None and world.domain.active
