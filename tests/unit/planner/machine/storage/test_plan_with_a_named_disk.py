"""A machine that names a Disk waits for it, runs with it as its label says, and never makes, grows or removes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.disk import Disk
from homeostat.planner.actions import (
    Action,
    CreateDisk,
    DefineDomain,
    DeleteFile,
    GrowDisk,
    NoteMoved,
    RemoveDisk,
    SetAside,
    StartDomain,
    UndefineDomain,
)
from homeostat.planner.disk.make import label_of
from homeostat.planner.domain import BackingFile, DiskConfig, DomainConfig, DomainType, MovedDisk, Record
from homeostat.planner.machine import plan_machine
from homeostat.planner.machine.host.claims import UNTIL_DONE
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.machine.preview.foresee import foresee
from homeostat.planner.observed import DomainState, Observed, ObservedChain, ObservedDisk, ObservedDomain, ObservedStorage
from homeostat.planner.plan import Plan, Stalled, Waiting
from tests.unit.disks import PATH, disk
from tests.unit.machines import deleted, machine
from tests.unit.world import HOST

GIB = 2**30
DEVICE = {"name": "letters", "diskRef": {"name": "data"}}
VM = machine(disks=[DEVICE])
OTHER = "/state/disks/default/other/disk.img"
OWN = "/state/machines/default/web/letters.qcow2"
BASE = BackingFile("/state/images/x.img", "qcow2")


def file_of(of: Disk, path: str = PATH, **fields: Any) -> ObservedDisk:
    return ObservedDisk(path, GIB, None, label=label_of(of, None, made=True), **fields)


def seen(files: list[ObservedDisk], of: Disk | None = None, domain: ObservedDomain | None = None, **storage: Any) -> Observed:
    found = ObservedStorage(disks={file.path: file for file in files}, created=domain is not None, **storage)
    return Observed(HOST, domain, storage=found, named={"data": of or Waiting("DiskNotReady", "there is no Disk 'data'")})


def with_disk(source: str, state: DomainState = DomainState.RUNNING, format: str = "qcow2") -> ObservedDomain:
    uid = domain_uuid(VM.identity)
    config = DomainConfig("web", uid, DomainType.KVM, GIB, 1, "pc-q35-7.2", None)
    config = replace(config, disks=(DiskConfig("letters", "disk", source, format, "virtio", "vda", chain=()),))
    record = Record(VM.identity, "default", "web")
    live = config if state.active else None
    return ObservedDomain("web", uid, state, "booted", True, True, False, record, config, live)


def plan(observed: Observed, vm: Any = VM) -> Plan:
    return plan_machine(vm, observed, 1000.0)


def defined(found: Plan) -> DiskConfig:
    return next(action.config.disks[0] for action in found.actions if isinstance(action, DefineDomain))


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        (seen([]), "there is no Disk 'data'"),
        (seen([file_of(disk())]), "there is no Disk 'data'"),
        (seen([], disk()), "Disk data is not there yet"),
        (seen([file_of(disk())], disk(deleting=True)), "Disk data is being deleted"),
        (seen([file_of(disk(), problem="it is a link")], disk()), "it is a link"),
        (seen([file_of(disk())], disk(size="1Gi", format="raw")), "is not as its spec says"),
    ],
)
def test_it_waits_until_the_disk_can_be_had(observed: Observed, said: str) -> None:
    found = plan(observed)
    assert isinstance(found.outcome, Waiting) and found.outcome.reason == "DiskNotReady" and said in found.outcome.message
    assert not found.actions


@pytest.mark.parametrize("format", ["qcow2", "raw", "vmdk"])
def test_it_is_defined_with_the_file_in_the_format_of_its_label(format: str) -> None:
    of = disk(size="1Gi", format=format)
    found = plan(seen([file_of(of)], of))
    device = defined(found)
    assert (device.source, device.format, device.chain) == (PATH, format, ())
    assert any(isinstance(action, StartDomain) for action in found.actions)


def test_what_is_below_it_is_what_its_label_says() -> None:
    of = disk()
    file = replace(file_of(of), backing=BASE.path, label=label_of(of, BASE, made=True))
    assert defined(plan(seen([file], of))).chain == (BASE,)
    assert defined(plan(seen([replace(file, backing=None)], of))).chain == ()  # flattened by somebody
    unlabelled = plan(seen([replace(file, label=None)], of))
    assert unlabelled.outcome.reason == "DiskNotReady" and not unlabelled.actions
    forged = plan(seen([replace(file, backing="/etc/shadow")], of))
    assert isinstance(forged.outcome, Stalled) and forged.outcome.reason == "DiskHeaderAltered" and not forged.actions


def test_it_starts_with_no_disk_that_another_machine_has() -> None:
    of = disk()
    found = plan(replace(seen([file_of(of)], of), others={PATH: "machine mail"}))
    assert found.outcome.reason == "DiskTaken" and "Disk data is taken by machine mail: one machine" in found.outcome.message
    assert not any(isinstance(action, StartDomain) for action in found.actions)
    passing = plan(replace(seen([file_of(of)], of), others={PATH: f"Disk data{UNTIL_DONE}"}))
    assert passing.outcome.message.endswith("is taken by Disk data, until that is done with it"), passing.outcome.message


def test_one_that_runs_goes_on_whatever_becomes_of_the_resource() -> None:
    for of in (None, disk(deleting=True), disk(size="2Gi")):
        found = plan(seen([file_of(disk())], of, with_disk(PATH)))
        assert not isinstance(found.outcome, Stalled)
        assert not touched(found.actions)


def touched(actions: tuple[Action, ...]) -> list[Action]:
    made = (CreateDisk, GrowDisk, SetAside, DeleteFile, RemoveDisk)
    return [action for action in actions if isinstance(action, made)]


def test_one_that_is_off_does_not_start_with_a_file_that_became_unusable() -> None:
    found = plan(seen([file_of(disk(), problem="it ends before its contents do")], disk(), with_disk(PATH, DomainState.SHUTOFF)))
    assert isinstance(found.outcome, Waiting) and found.outcome.reason == "DiskNotReady"
    assert "it ends before its contents do" in found.outcome.message and not found.actions


@pytest.mark.parametrize("trash", [0.0, 3600.0])
def test_a_machine_that_is_deleted_leaves_the_disk(trash: float) -> None:
    observed = seen([file_of(disk())], disk(), with_disk(PATH, DomainState.SHUTOFF))
    observed = replace(observed, host=replace(HOST, trash_keep=trash))
    found = foresee(deleted(VM), observed, 1000.0, {})
    assert any(isinstance(action, UndefineDomain) and not action.stays for action in found.actions)
    assert not touched(found.actions)


@pytest.mark.parametrize("trash", [0.0, 3600.0])
def test_a_disk_of_its_own_that_becomes_a_disk_by_name_goes_and_the_named_one_does_not(trash: float) -> None:
    """Both have one name within the machine."""
    files = [file_of(disk()), ObservedDisk(OWN, GIB, None)]
    observed = seen(files, disk(), with_disk(PATH, DomainState.SHUTOFF), reclaimable=frozenset({"letters"}))
    observed = replace(observed, host=replace(HOST, trash_keep=trash))
    paths = [a.path if isinstance(a, DeleteFile) else dict(a.disks)["letters"] for a in touched(plan(observed).actions)]  # type: ignore[union-attr]
    assert paths == [OWN]


@pytest.mark.parametrize("before", [OTHER, OWN])
def test_naming_another_disk_is_no_move_of_others(before: str) -> None:
    files = [file_of(disk()), ObservedDisk(OWN, GIB, None), file_of(disk(name="other"), OTHER)]
    chain = {before: ObservedChain((ObservedDisk(before, GIB, None),))}
    found = plan(seen(files, disk(), with_disk(before, DomainState.SHUTOFF), chains=chain))
    assert defined(found).source == PATH and not found.moved
    assert not any(isinstance(action, NoteMoved) and action.disks for action in found.actions)


@pytest.mark.parametrize("before", [OTHER, OWN])
@pytest.mark.parametrize("defined_now", [True, False])
def test_until_the_restart_one_that_runs_has_the_disk_that_was_named_before(before: str, defined_now: bool) -> None:
    """Whichever of the two the definition has: the spec was edited, or edited back. Nobody moved anything."""
    files = [file_of(disk()), ObservedDisk(OWN, GIB, None), file_of(disk(name="other"), OTHER)]
    chain = {before: ObservedChain((ObservedDisk(before, GIB, None),))}
    old, new = with_disk(before), with_disk(PATH)
    domain = replace(old, config=new.config) if defined_now else replace(old, live=new.live)
    found = plan(seen(files, disk(), domain, chains=chain))
    assert not isinstance(found.outcome, Stalled) and not found.moved
    assert [action.config.disks[0].source for action in found.actions if isinstance(action, DefineDomain)] in ([], [PATH])
    assert not any(isinstance(action, NoteMoved) and action.disks for action in found.actions)
    assert ("letters" in str(found.pending)) == defined_now


def test_where_others_put_it_is_kept_and_noted_in_the_folder_of_the_disk() -> None:
    snap = "/backup/letters.snap"
    chain = {snap: ObservedChain((ObservedDisk(snap, GIB, PATH), file_of(disk())))}
    found = plan(seen([file_of(disk())], disk(), with_disk(snap), chains=chain))
    assert found.moved and "/backup/letters.snap" in found.moved[0]
    (note,) = [action for action in found.actions if isinstance(action, NoteMoved)]
    assert (note.directory, note.disks) == ("/state/disks/default/data", (MovedDisk(PATH, snap, "qcow2"),))


def test_the_next_machine_goes_on_with_the_file_that_others_put_it_on() -> None:
    snap = "/backup/letters.snap"
    chain = {snap: ObservedChain((ObservedDisk(snap, GIB, PATH), file_of(disk())))}
    moved = (MovedDisk(PATH, snap, "qcow2"),)
    assert defined(plan(seen([file_of(disk())], disk(), chains=chain, moved=moved))).source == snap
    lost = plan(seen([file_of(disk())], disk(), chains={snap: ObservedChain(missing=snap)}, moved=moved))
    assert isinstance(lost.outcome, Stalled) and "/state/disks/default/data/moved.json" in lost.outcome.message


def test_a_newer_overlay_beside_it_is_never_passed_over() -> None:
    found = plan(seen([file_of(disk())], disk(), overlays={PATH: (f"{PATH}.snap",)}))
    assert isinstance(found.outcome, Stalled) and found.outcome.reason == "OverlayFound"


def test_a_file_that_has_vanished_is_told_and_no_new_one_made() -> None:
    found = plan(seen([], disk(), with_disk(PATH, DomainState.SHUTOFF)))
    assert isinstance(found.outcome, Stalled) and found.outcome.reason == "DiskMissing"
    assert not any(isinstance(action, StartDomain) for action in found.actions)
