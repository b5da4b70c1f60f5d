"""What is foreseen is what is done: the same steps in the same order, the same outcome, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import Action
from homeostat.planner.machine.foresee import foresee
from homeostat.planner.machine.storage import storage_needs
from homeostat.planner.observed import ImagePhase, Memory, ObservedImage
from homeostat.planner.plan import Plan
from tests.unit.machines import HAPPENINGS, Spec, edits, flat, happen, machine, running, specs
from tests.unit.world import ROOT, Operator, World

STEPS = st.lists(edits() | st.sampled_from(sorted(HAPPENINGS)), max_size=6)


def foreseen(world: World, vm: VirtualMachine, now: float) -> Plan:
    images = {
        ref.key: ObservedImage(ImagePhase.READY, f"{ROOT}/images/{ref.file_name}", "qcow2", world.image_size)
        for ref in storage_needs(vm, ROOT).images
    }
    return foresee(vm, world.observe(vm, Memory()), now, images)


def unsigned(actions: tuple[Action, ...] | list[Action]) -> list[str]:
    """By what is printed of each: its kind and its reason."""
    return [f"{type(action).__name__}: {action.reason}" for action in actions]


@given(specs(), STEPS, st.booleans())
def test_findings_plan_what_is_foreseen_is_what_is_done(fields: Spec, steps: list[Spec | str], deleted: bool) -> None:
    world = World()
    operator = Operator(world)
    for step in steps:
        if isinstance(step, str):
            happen(world, step)
        else:
            operator.settle(machine(**flat(fields)))
            fields = {**fields, **step}
    world.obedient = True  # a guest that ignores what it is asked is not foreseen
    vm = machine(**flat(fields))
    if deleted:
        vm = vm.model_copy(update={"metadata": replace_deletion(vm)})
    plan = foreseen(world, vm, operator.now)
    fresh = Operator(world, now=operator.now)
    last = fresh.settle(vm)
    assert unsigned(plan.actions) == unsigned(fresh.done)
    assert (type(plan.outcome), plan.outcome.reason) == (type(last.outcome), last.outcome.reason)


def replace_deletion(vm: VirtualMachine) -> object:
    return vm.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})


def same(world: World, vm: VirtualMachine, now: float) -> None:
    plan, fresh = foreseen(world, vm, now), Operator(world, now=now)
    last = fresh.settle(vm)
    assert unsigned(plan.actions) == unsigned(fresh.done) and fresh.done
    assert (type(plan.outcome), plan.outcome.reason) == (type(last.outcome), last.outcome.reason)


def test_disks_that_go_with_the_machine_are_noted_once() -> None:
    same(World(), machine(reclaimPolicy="Delete", disks=[{"name": "data", "size": "1Gi"}]), 0.0)


def test_what_was_undefined_while_it_runs_is_defined_once_and_shut_down() -> None:
    world, operator, _ = running()
    world.undefine()
    same(world, machine(runStrategy="Halted"), operator.now)


def test_an_end_that_was_asked_for_is_not_counted() -> None:
    world, operator, _ = running()
    same(world, machine(restartedAt="2026-01-01T00:00:00Z"), operator.now)


def test_an_image_whose_size_is_not_known_yet_gives_a_disk_all_the_same() -> None:
    """As of one that lies at some server: only the fetch tells how large it is."""
    world = World()
    vm = machine(disks=[{"name": "root", "image": {"url": "http://images.example/x.qcow2"}}])
    (ref,) = storage_needs(vm, ROOT).images
    unknown = {ref.key: ObservedImage(ImagePhase.READY, f"{ROOT}/images/{ref.file_name}", "qcow2")}
    plan = foresee(vm, world.observe(vm, Memory()), 0.0, unknown)
    assert plan.outcome.reason not in ("DiskMissing", "DiskShrink") and any(
        "start" in line for line in map(str.lower, unsigned(plan.actions))
    )
