"""What is foreseen is what is done: the same steps in the same order, the same outcome, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import Action
from homeostat.planner.machine.preview.foresee import foresee
from homeostat.planner.machine.storage.storage import storage_needs
from homeostat.planner.observed import ImagePhase, ObservedImage, RememberedActs, Secret
from homeostat.planner.plan import Plan
from tests.unit.driving import Operator
from tests.unit.machines import HAPPENINGS, Spec, changed, deleted, edits, flat, happen, machine, running, specs
from tests.unit.transcripts import DATA, EDITS, ISO, LAN, MORE, USER, could, step
from tests.unit.transcripts import ROOT as ROOT_DISK
from tests.unit.world import HOST, ROOT, World

STEPS = st.lists(edits() | st.sampled_from(sorted(HAPPENINGS)), max_size=6)


def foreseen(world: World, vm: VirtualMachine, now: float) -> Plan:
    images = {
        ref.key: ObservedImage(ImagePhase.READY, f"{ROOT}/images/{ref.file_name}", "qcow2", world.image_size)
        for ref in storage_needs(vm, ROOT).images
    }
    return foresee(vm, world.observe(vm, RememberedActs()), now, images)


def unsigned(actions: Sequence[Action]) -> list[str]:
    """By what is printed of each, and by what it does."""
    return [f"{step(action)}: {action.reason}" for action in actions]


@given(specs(), STEPS, st.booleans())
def test_findings_plan_what_is_foreseen_is_what_is_done(fields: Spec, steps: list[Spec | str], goes: bool) -> None:
    world = World()
    operator = Operator(world)
    for taken in steps:
        if isinstance(taken, str):
            happen(world, taken)
        else:
            operator.settle(machine(**flat(fields)))
            fields = {**fields, **taken}
    world.obedient = True  # a guest that ignores what it is asked is not foreseen
    vm = machine(**flat(fields))
    if goes:
        vm = vm.model_copy(update={"metadata": replace_deletion(vm)})
    plan = foreseen(world, vm, operator.now)
    fresh = Operator(world, now=operator.now, signs=False)
    last = fresh.settle(vm)
    assert unsigned(plan.actions) == unsigned(fresh.done)
    assert (type(plan.outcome), plan.outcome.reason) == (type(last.outcome), last.outcome.reason)


def replace_deletion(vm: VirtualMachine) -> object:
    return vm.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})


def same(world: World, vm: VirtualMachine, now: float, idle: bool = False) -> None:
    """``idle``: there may be nothing to do."""
    plan, fresh = foreseen(world, vm, now), Operator(world, now=now, signs=False)
    last = fresh.settle(vm)
    assert unsigned(plan.actions) == unsigned(fresh.done) and (fresh.done or idle)
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
    plan = foresee(vm, world.observe(vm, RememberedActs()), 0.0, unknown)
    assert plan.outcome.reason not in ("DiskMissing", "DiskShrink") and any(
        "start" in line for line in map(str.lower, unsigned(plan.actions))
    )


WHOLE: Spec = {"disks": [ROOT_DISK, DATA, ISO], "nics": [LAN, USER], "cloudInit": {"userData": "#cloud-config\n"}}
BEFORE = (
    *("guest crashes", "virsh destroy", "virsh managedsave", "virsh undefine", "virsh edit", "virsh suspend", "virsh domrename"),
    *("a nic is unplugged", "virsh setmem", "the host boots", "virsh snapshot-create-as --disk-only"),
    "virsh detach-interface --live",
)


@pytest.mark.parametrize("spec", [WHOLE, {**WHOLE, "driftPolicy": "Report"}])
def test_of_each_edit_all_is_foreseen(spec: Spec) -> None:
    world, vm = World(replace(HOST, boot_id="first", trash_keep=3600.0)), machine(**spec)
    operator = Operator(world)
    operator.settle(vm)
    for what in EDITS:
        same(world.copy(), changed(vm, **EDITS[what]), operator.now, idle=True)
    for what in BEFORE:
        after = world.copy()
        assert happen(after, what) if what in HAPPENINGS else could(MORE[what], after)
        same(after.copy(), vm, operator.now, idle=True)
        same(after, deleted(vm), operator.now)


def test_a_password_that_changed_is_foreseen() -> None:
    world, vm = World(), machine(display={"vnc": {"passwordFile": "/run/vnc"}})
    world.secrets = {"/run/vnc": Secret(SecretStr("one"), "1")}
    operator = Operator(world)
    operator.settle(vm)
    world.secrets = {"/run/vnc": Secret(SecretStr("two"), "2")}
    same(world, vm, operator.now)


def test_what_comes_back_from_the_trash_is_foreseen() -> None:
    world, vm = World(replace(HOST, trash_keep=3600.0)), machine(disks=[DATA, {**DATA, "name": "more"}])
    operator = Operator(world)
    operator.settle(vm)
    operator.settle(deleted(vm))
    assert world.trash
    world.released = False
    same(world, vm, operator.now)
