"""A disk that others put on another file holds the newest data: the definition keeps that file, whatever the policies say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.domain import MovedDisk
from homeostat.planner.machine.storage.disk_source import files_of
from homeostat.planner.observed import RememberedActs
from homeostat.planner.plan import Converged, Plan, Stalled, Waiting
from tests.unit.driving import Operator
from tests.unit.machines import Spec, changed, deleted, running
from tests.unit.world import HOST, ROOT, World

OWN = f"{ROOT}/machines/default/web/data.qcow2"
BESIDE = f"{ROOT}/machines/default/web/data.bak"
AWAY = "/backup/data.snap"
DISK = {"name": "data", "size": "1Gi"}
POLICIES = [{}, {"driftPolicy": "Report"}, {"updatePolicy": "Immediate"}, {"updatePolicy": "Never"}]


def sources(world: World) -> tuple[str | None, str | None]:
    """What the next boot has, and what runs."""
    domain = world.domain
    assert domain is not None and domain.config is not None
    live = domain.live.disks[0].source if domain.live else None
    return domain.config.disks[0].source, live


def besides(operator: Operator) -> list[Action]:
    """What was done but for the note of where others put disks."""
    return [action for action in operator.done if not isinstance(action, act.NoteMoved)]


def test_br01_an_overlay_is_kept_and_told() -> None:
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", BESIDE)
    plan = operator.settle(vm)
    assert besides(operator) == []
    assert isinstance(plan.outcome, Converged) and not plan.drift
    assert f"virsh blockcommit web vda --base {OWN} --active --pivot" in plan.moved[0]
    assert BESIDE in plan.moved[0]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("end", [World.crash, World.destroy, World.shut_itself_down])
def test_br01_it_is_started_again_with_the_overlay(policy: Spec, end: object) -> None:
    world, operator, vm = running(disks=[DISK], **policy)
    world.snapshot("data", BESIDE)
    end(world)  # type: ignore[operator]
    operator.settle(vm)
    assert sources(world)[0] == BESIDE
    assert sources(world)[1] in (BESIDE, None)  # Report may leave it off


@pytest.mark.parametrize("policy", POLICIES)
def test_br01_everything_else_converges_with_the_overlay(policy: Spec) -> None:
    world, operator, vm = running(disks=[DISK], **policy)
    world.snapshot("data", BESIDE)
    vm = changed(vm, resources={"memory": "1Gi"}, restartedAt="t1")
    operator.settle(vm)
    assert sources(world) == (BESIDE, BESIDE)
    assert world.domain is not None and world.domain.live is not None and world.domain.live.memory == 2**30


@pytest.mark.parametrize("policy", POLICIES)
def test_a_definition_that_lags_behind_the_running_guest_catches_up(policy: Spec) -> None:
    world, operator, vm = running(disks=[DISK], **policy)
    world.snapshot("data", BESIDE, config=False)
    operator.settle(vm)
    assert sources(world) == (BESIDE, BESIDE)
    assert [type(a) for a in besides(operator) if not isinstance(a, act.WriteRecord)] == [act.DefineDomain]
    assert world.starts == 1


def test_a_definition_that_lags_behind_a_copy_catches_up() -> None:
    world, operator, vm = running(disks=[DISK])
    world.put_on("data", AWAY, config=False)
    operator.settle(vm)
    assert sources(world) == (AWAY, AWAY)


def test_several_layers_in_several_folders() -> None:
    world, operator, vm = running(disks=[DISK, {"name": "other", "size": "1Gi"}])
    for file in (BESIDE, AWAY, "/backup/second.snap"):
        world.snapshot("data", file)
    plan = operator.settle(vm)
    assert sources(world) == ("/backup/second.snap",) * 2
    assert len(plan.moved) == 1
    files = files_of(vm, vm.spec.disks[0], world.observe(vm, RememberedActs()))
    assert files.inside == (BESIDE, OWN)
    assert files.outside == ("/backup/second.snap", AWAY)


def test_a_deletion_names_what_others_made_and_leaves_it() -> None:
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", AWAY)
    operator.settle(deleted(vm, grace=0))
    assert [a.stays for a in operator.done if isinstance(a, act.UndefineDomain)] == [(AWAY,)]
    assert AWAY in world.disks


def test_after_the_commit_all_is_well_by_itself() -> None:
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", BESIDE)
    operator.settle(vm)
    assert world.moved == (MovedDisk("data", BESIDE, "qcow2"),)
    world.point("data", OWN)
    plan = operator.settle(vm)
    assert plan == Plan(outcome=Converged()) and besides(operator) == []
    assert world.moved == ()


@pytest.mark.parametrize("gone", [BESIDE, OWN])
def test_a_missing_file_of_the_chain_is_waited_for(gone: str) -> None:
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", BESIDE)
    world.destroy()
    kept = world.disks.pop(gone)
    plan = operator.settle(vm)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskMissing"
    assert gone in plan.outcome.message
    assert sources(world)[0] == BESIDE and world.starts == 1
    world.disks[gone] = kept
    operator.settle(vm)
    assert sources(world) == (BESIDE, BESIDE)


def test_a_disk_that_was_cut_off_is_given_to_no_guest() -> None:
    world, operator, vm = running(disks=[DISK])
    whole = world.disks[OWN]
    world.disks[OWN] = replace(whole, problem=f"{OWN} ends before its contents do")
    plan = operator.settle(vm)
    assert plan == Plan(outcome=Converged()) and world.starts == 1, "the guest that has it open goes on"
    world.destroy()
    plan = operator.settle(vm)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskUnusable"
    assert plan.outcome.message.startswith(f"disks[data]: {OWN} ends before its contents do") and not plan.actions
    assert world.starts == 1
    world.disks[OWN] = whole
    operator.settle(vm)
    assert world.starts == 2


def test_a_copy_elsewhere_is_kept() -> None:
    """virsh blockcopy --pivot, or a file that was moved and the definition edited: our own file may be gone by now."""
    world, operator, vm = running(disks=[DISK])
    world.put_on("data", AWAY)
    del world.disks[OWN]
    world.crash()
    plan = operator.settle(vm)
    assert sources(world) == (AWAY, AWAY)
    assert AWAY in plan.moved[0]
    assert OWN not in world.disks, "no blank disk is made in its place"


def test_a_definition_edited_under_a_running_guest_is_told_and_left() -> None:
    world, operator, vm = running(disks=[DISK])
    world.put_on("data", AWAY, live=False)
    vm = changed(vm, resources={"memory": "1Gi"})
    plan = operator.settle(vm)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskMoved"
    assert besides(operator) == []
    world.destroy()
    operator.settle(vm)
    assert sources(world) == (AWAY, AWAY), "it is off: the definition is what somebody decided"


def test_what_cannot_be_read_is_left_as_it_is() -> None:
    world, operator, vm = running(disks=[DISK])
    world.put_on("data", AWAY)
    world.unreadable.add(AWAY)
    plan = operator.settle(changed(vm, resources={"memory": "1Gi"}))
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskMoved"
    assert besides(operator) == []


def test_an_overlay_grows_while_it_runs_and_not_before() -> None:
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", BESIDE)
    world.destroy()
    vm = changed(vm, disks=[{"name": "data", "size": "2Gi"}], runStrategy="Halted")
    plan = operator.settle(vm)
    assert [change.field for change in plan.pending] == ["disks[data].size"]
    assert world.disks[OWN].virtual_size == world.disks[BESIDE].virtual_size == 2**30
    operator.settle(changed(vm, runStrategy="Always"))
    assert (world.disks[OWN].virtual_size, world.disks[BESIDE].virtual_size) == (2**30, 2 * 2**30)


@pytest.mark.parametrize("detached", [False, True])
def test_a_newer_overlay_that_nothing_names_is_not_passed_over(detached: bool) -> None:
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", BESIDE)
    if detached:
        world.edit(disks=())
        world.edit_live(disks=())
    else:
        world.destroy()
        world.undefine()
    plan = operator.settle(vm)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "OverlayFound"
    assert f"qemu-img commit {BESIDE}" in plan.outcome.message
    assert not any(isinstance(a, act.DefineDomain | act.AttachDisk) for a in operator.done)
    del world.disks[BESIDE]
    assert isinstance(operator.settle(vm).outcome, Converged)
    assert sources(world) == (OWN, OWN)


def test_a_disk_that_others_attached_anew_is_taken_for_ours() -> None:
    """virsh detach-disk and attach-disk: the file is known, the name is not."""
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", BESIDE)
    assert world.domain is not None and world.domain.live is not None
    theirs = tuple(replace(disk, name=BESIDE, target="vdc") for disk in world.domain.live.disks)
    world.edit(disks=theirs)
    world.edit_live(disks=theirs)
    plan = operator.settle(vm)
    assert not any(isinstance(a, act.AttachDisk) for a in operator.done), "never one file twice"
    assert sources(world)[0] == BESIDE and plan.moved
    assert not isinstance(plan.outcome, Waiting)


def test_a_raw_file_in_place_of_ours_is_not_started() -> None:
    world, operator, vm = running(disks=[DISK])
    world.disks[OWN] = replace(world.disks[OWN], virtual_size=0)
    world.destroy()
    plan = operator.settle(vm)
    assert isinstance(plan.outcome, Stalled) and "qemu-img convert" in plan.outcome.message
    assert world.starts == 1
    assert world.domain is not None and world.domain.config is not None
    world.edit(disks=tuple(replace(disk, format="raw") for disk in world.domain.config.disks))
    assert isinstance(operator.settle(vm).outcome, Converged), "somebody put it into the definition too"
    assert world.domain.config.disks[0].format == "raw"


@pytest.mark.parametrize("file", [BESIDE, AWAY])
def test_a_machine_that_returns_from_the_trash_goes_on_with_the_newest_file(file: str) -> None:
    world, operator, vm = running(disks=[DISK])
    world.host = replace(HOST, trash_keep=3600.0)
    world.snapshot("data", file)
    operator.settle(deleted(vm, grace=0))
    assert world.domain is None and OWN not in world.disks and file in world.disks
    world.released = False
    Operator(world).settle(vm)
    assert sources(world) == (file, file)
    assert world.moved == (MovedDisk("data", file, "qcow2"),)


@pytest.mark.parametrize("file", [BESIDE, AWAY])
def test_a_machine_whose_domain_was_undefined_goes_on_with_the_newest_file(file: str) -> None:
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", file)
    operator.settle(vm)
    assert world.domain and world.domain.record
    asked = world.domain.record.spec_hash
    world.destroy()
    world.undefine()
    Operator(world).settle(vm)
    assert sources(world) == (file, file)
    assert world.domain.record and world.domain.record.spec_hash == asked, "nobody asked for something else"


def test_without_its_newest_file_it_does_not_start_on_an_older_one() -> None:
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", AWAY)
    operator.settle(vm)
    world.destroy()
    world.undefine()
    kept = world.disks.pop(AWAY)
    plan = Operator(world).settle(vm)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskMissing"
    assert AWAY in plan.outcome.message and "moved.json" in plan.outcome.message
    assert world.domain is None
    world.disks[AWAY] = kept
    Operator(world).settle(vm)
    assert sources(world) == (AWAY, AWAY)


def with_a_broken_note(file: str | None, **spec: Any) -> tuple[World, Operator, VirtualMachine]:
    """``file``: the copy that others put its disk on."""
    world, operator, vm = running(disks=[DISK], **spec)
    world.host = replace(HOST, trash_keep=3600.0)
    if file:
        world.put_on("data", file)
        operator.settle(vm)
    world.moved_problem = "moved.json does not say any more"
    return world, operator, vm


def test_a_note_that_cannot_be_understood_is_not_taken_for_none() -> None:
    """Neither to start the machine, nor to delete it: its own file may be an old one."""
    world, _, vm = with_a_broken_note(AWAY)
    world.destroy()
    world.undefine()
    for asked in (vm, deleted(vm)):
        assert Operator(world).settle(asked).outcome == Stalled("DiskMoved", world.moved_problem)
        assert world.domain is None and OWN in world.disks and not world.trash and not world.released


def test_nor_does_what_left_the_spec_go_to_the_trash_by_it() -> None:
    world, _, vm = with_a_broken_note(AWAY)
    world.destroy()
    world.undefine()
    without = changed(vm, disks=[])
    Operator(world).settle(without)
    assert OWN in world.disks and not world.trash
    world.moved_problem = ""
    Operator(world).settle(without)
    (entry,) = world.trash.values()
    assert OWN not in world.disks and [disk.source for disk in entry.disks] == [AWAY]


@pytest.mark.parametrize("file", [AWAY, None])
def test_such_a_note_is_written_anew_from_the_domain(file: str | None) -> None:
    world, operator, vm = with_a_broken_note(file)
    operator.settle(vm)
    assert world.moved == ((MovedDisk("data", file, "qcow2"),) if file else ()) and not world.moved_problem


def test_but_not_from_a_domain_that_lacks_a_disk() -> None:
    world, operator, vm = with_a_broken_note(AWAY, driftPolicy="Report")
    world.destroy()
    world.edit(disks=())
    operator.settle(vm)
    assert world.moved_problem


def test_an_overlay_that_nobody_noted_still_holds_it_up() -> None:
    world, operator, vm = running(disks=[DISK])
    world.snapshot("data", AWAY)
    operator.settle(vm)
    world.destroy()
    world.undefine()
    world.disks[BESIDE] = replace(world.disks[AWAY], path=BESIDE)
    plan = Operator(world).settle(vm)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "OverlayFound"
    assert BESIDE in plan.outcome.message


@pytest.mark.parametrize("file", [BESIDE, AWAY])
def test_one_that_leaves_the_spec_comes_back_to_the_newest_file(file: str) -> None:
    world, operator, vm = running(disks=[DISK])
    world.host = replace(HOST, trash_keep=3600.0)
    world.put_on("data", file)
    operator.settle(vm)
    without = changed(vm, disks=[], runStrategy="Halted")
    operator.settle(without)
    assert OWN not in world.disks and not world.moved, "the trash has both"
    assert not Operator(world).plan(without).actions

    operator.settle(vm)
    assert sources(world) == (file, file)
    assert world.moved == (MovedDisk("data", file, "qcow2"),)


def test_a_new_one_of_its_name_has_nothing_to_do_with_it() -> None:
    world, operator, vm = running(disks=[DISK])
    world.host = replace(HOST, trash_keep=3600.0)
    world.put_on("data", AWAY)
    operator.settle(vm)
    operator.settle(changed(vm, disks=[], runStrategy="Halted"))
    world.trash.clear()

    operator.settle(vm)
    assert sources(world) == (OWN, OWN) and not world.moved


def test_one_that_is_kept_where_it_is_comes_back_to_the_newest_file() -> None:
    kept = {**DISK, "reclaimPolicy": "Retain"}
    world, operator, vm = running(disks=[kept])
    world.put_on("data", AWAY)
    operator.settle(vm)
    operator.settle(changed(vm, disks=[], runStrategy="Halted"))
    assert OWN in world.disks
    operator.settle(vm)
    assert sources(world) == (AWAY, AWAY)
