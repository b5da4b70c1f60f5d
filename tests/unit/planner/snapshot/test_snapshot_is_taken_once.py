"""A snapshot is taken once, at one time, and never again where it got lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.snapshot import Snapshot
from homeostat.planner import actions as act
from homeostat.planner.domain import CpuConfig, DiskConfig, DomainConfig, DomainType, Record
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.observed import DomainState, ObservedDomain
from homeostat.planner.plan import Converged, Outcome, Stalled, Waiting
from homeostat.planner.snapshot import plan_snapshot
from homeostat.planner.snapshot.observed import ObservedSnapshot, tag_of
from tests.unit.machines import deleted, machine
from tests.unit.world import HOST

WEB = machine(disks=[{"name": "data", "size": "1Gi"}])
ANOTHER = WEB.model_copy(update={"metadata": WEB.metadata.model_copy(update={"uid": "another"})})
PATH = "/state/machines/default/web/data.qcow2"
DISKS = (
    DiskConfig("data", "disk", PATH, "qcow2", "virtio", "vda"),
    DiskConfig("seed", "disk", "/state/machines/default/web/seed.iso", "raw", "virtio", "vdb", read_only=True),
    DiskConfig("cd", "cdrom", None, "raw", "sata", "sda", read_only=True),
)
CONFIG = DomainConfig("web", "u", DomainType.QEMU, 2**27, 1, "q35", CpuConfig("maximum"), disks=DISKS)
RUNS = ObservedDomain(
    "web", "u", DomainState.RUNNING, "booted", True, False, False, Record("u", "default", "web"), CONFIG, CONFIG
)
OFF = replace(RUNS, state=DomainState.SHUTOFF, reason="shutdown", live=None)


def snapshot(deleting: bool = False, **spec: Any) -> Snapshot:
    meta = {"name": "before", "uid": "s-1", **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})}
    return Snapshot.model_validate({"metadata": meta, "spec": {"machineRef": {"name": "web"}, **spec}})


TAG = tag_of(snapshot())
NOTE = SnapshotNote("s-1", WEB.identity, "web", False, (("data", PATH),), True, "Crash", "2026-01-01T00:00:00Z", 1)
HELD = {PATH: (DiskTag("of-others", 1, 0), DiskTag(TAG, 2, 0))}
FREE = {PATH: (DiskTag("of-others", 1, 0),)}


def seen(domain: ObservedDomain | None = RUNS, **fields: Any) -> ObservedSnapshot:
    return replace(ObservedSnapshot(HOST, WEB, domain, tags=FREE), **fields)


def outcome(taken: Snapshot, observed: ObservedSnapshot) -> Outcome:
    plan = plan_snapshot(taken, observed)
    assert plan.actions == ()
    return plan.outcome


def test_it_is_taken_of_all_disks_that_the_machine_writes_to() -> None:
    (take,) = plan_snapshot(snapshot(quiesce="Never"), seen()).actions
    assert isinstance(take, act.TakeSnapshot)
    assert (take.disks, take.active, take.memory, take.quiesce, take.tag) == ((("data", PATH),), True, False, "Never", TAG)
    (take,) = plan_snapshot(snapshot(), seen(replace(OFF, managed_save=True))).actions
    assert isinstance(take, act.TakeSnapshot) and (take.active, take.saved) == (False, True)


def test_a_try_that_was_cut_off_begins_again() -> None:
    for tags in (FREE, HELD):
        (take,) = plan_snapshot(snapshot(), seen(note=replace(NOTE, complete=False), tags=tags)).actions
        assert isinstance(take, act.TakeSnapshot) and "cut off" in take.reason


def test_what_was_taken_stays_and_is_not_taken_again() -> None:
    kept = seen(note=NOTE, tags=HELD)
    assert outcome(snapshot(), kept) == Converged("Taken")
    assert outcome(snapshot(quiesce="Required"), replace(kept, domain=None)) == Converged("Taken")
    lost = outcome(snapshot(), replace(kept, tags=FREE))
    assert isinstance(lost, Stalled) and lost.reason == "SnapshotLost" and "disks[data]" in lost.message
    assert outcome(snapshot(), replace(kept, tags={})).reason == "SnapshotLost"


def test_one_whose_note_is_lost_is_taken_up_and_not_taken_again() -> None:
    (noted,) = plan_snapshot(snapshot(), seen(tags=HELD)).actions
    assert isinstance(noted, act.NoteTaken)
    assert (noted.uid, noted.machine, noted.disks, noted.taken) == ("s-1", WEB.identity, (("data", PATH),), 2)
    assert (noted.memory, noted.consistency) == (False, "Crash")
    saved = {PATH: (DiskTag(TAG, 3, 2**20),)}
    (noted,) = plan_snapshot(snapshot(memory=True), seen(tags=saved)).actions
    assert isinstance(noted, act.NoteTaken) and noted.memory and noted.consistency == "Memory"


def test_one_whose_note_is_lost_was_taken_when_the_first_of_its_disks_has_it_from() -> None:
    other = DiskConfig("more", "disk", PATH.replace("data", "more"), "qcow2", "virtio", "vdc")
    both = replace(RUNS, live=replace(CONFIG, disks=(*DISKS, other)), config=replace(CONFIG, disks=(*DISKS, other)))
    (noted,) = plan_snapshot(snapshot(), seen(both, tags={**HELD, other.source or "": (DiskTag(TAG, 5, 0),)})).actions
    assert isinstance(noted, act.NoteTaken) and (len(noted.disks), noted.taken) == (2, 2)


def test_where_the_machine_is_not_there_yet_it_waits() -> None:
    assert not plan_snapshot(snapshot(), seen(machine=None, tags=HELD)).actions
    assert not plan_snapshot(snapshot(), seen(domain=None, tags=HELD)).actions


def test_one_whose_note_is_lost_goes_from_the_disks_all_the_same() -> None:
    drop, release = plan_snapshot(snapshot(deleting=True), seen(tags=HELD)).actions
    assert isinstance(drop, act.DropSnapshot) and drop.disks == (("data", PATH),) and drop.uid == "s-1"
    assert isinstance(release, act.ReleaseResource)
    assert len(plan_snapshot(snapshot(deleting=True), seen(tags=FREE)).actions) == 1


def test_a_disk_that_has_gone_is_named() -> None:
    path = f"{HOST.storage_root}/disks/default/vol/disk.img"
    note = replace(NOTE, disks=(*NOTE.disks, ("extra", path)))
    gone = outcome(snapshot(), seen(note=note, tags=HELD))
    assert isinstance(gone, Stalled) and "disks[extra]" in gone.message and "file of Disk default/vol has gone" in gone.message
    emptied = outcome(snapshot(), seen(note=note, tags={**HELD, path: ()}))
    assert isinstance(emptied, Stalled) and "has gone" not in emptied.message


@pytest.mark.parametrize(
    ("spec", "fields", "reason"),
    [
        ({"memory": True}, {}, "SpecChanged"),
        ({"machineRef": {"name": "other"}}, {}, "SpecChanged"),
        ({}, {"machine": None, "domain": None}, "MachineNotFound"),
        ({}, {"machine": ANOTHER}, "MachineReplaced"),
    ],
)
def test_what_was_taken_is_not_made_into_something_else(spec: dict[str, Any], fields: dict[str, Any], reason: str) -> None:
    found = outcome(snapshot(**spec), seen(note=NOTE, tags=HELD, **fields))
    assert isinstance(found, Stalled) and found.reason == reason


UEFI = replace(CONFIG, uefi=True)
RAW = replace(CONFIG, disks=(replace(DISKS[0], format="raw"),))
NONE = replace(CONFIG, disks=DISKS[1:])


@pytest.mark.parametrize(
    ("spec", "fields", "reason"),
    [
        ({}, {"machine": None, "domain": None}, "MachineNotFound"),
        ({}, {"machine": deleted(WEB)}, "MachineDeleted"),
        ({}, {"domain": replace(RUNS, config=RAW, live=RAW)}, "FormatUnsupported"),
        ({}, {"domain": replace(RUNS, config=NONE, live=NONE)}, "NoDisks"),
        ({}, {"overlaid": {"data": PATH}}, "ExternalSnapshot"),
        ({}, {"tags": {}}, "DiskUnreadable"),
        ({"memory": True}, {"domain": OFF}, "MachineOff"),
        ({"memory": True}, {"domain": replace(RUNS, config=UEFI, live=UEFI)}, "MemoryUnsupported"),
        ({"quiesce": "Required"}, {}, "AgentMissing"),
    ],
)
def test_what_cannot_be_taken_says_what_to_do(spec: dict[str, Any], fields: dict[str, Any], reason: str) -> None:
    found = outcome(snapshot(**spec), seen(**fields))
    assert isinstance(found, Stalled) and (found.reason, bool(found.message)) == (reason, True)


@pytest.mark.parametrize(
    "busy", [replace(RUNS, state=DomainState.SHUTTING_DOWN), replace(RUNS, state=DomainState.PAUSED, reason="save")]
)
def test_it_waits_for_what_is_under_way(busy: ObservedDomain) -> None:
    found = outcome(snapshot(), seen(busy))
    assert isinstance(found, Waiting) and found.after
    assert isinstance(outcome(snapshot(), seen(None)), Waiting)


def test_required_needs_no_agent_where_nothing_runs_or_the_memory_is_taken() -> None:
    assert plan_snapshot(snapshot(quiesce="Required"), seen(OFF)).actions
    assert plan_snapshot(snapshot(quiesce="Required", memory=True), seen()).actions
    assert plan_snapshot(snapshot(quiesce="Required"), seen(replace(RUNS, agent=True))).actions


def test_what_is_deleted_goes_with_its_data_also_where_the_machine_has_gone() -> None:
    drop, release = plan_snapshot(snapshot(deleting=True), seen(note=NOTE, tags=HELD)).actions
    assert isinstance(drop, act.DropSnapshot) and isinstance(release, act.ReleaseResource)
    assert (drop.uuid, drop.disks, drop.tag) == ("u", NOTE.disks, TAG)
    drop, _ = plan_snapshot(snapshot(deleting=True), seen(None, machine=None, note=NOTE)).actions
    assert isinstance(drop, act.DropSnapshot) and drop.uuid == ""
    assert plan_snapshot(snapshot(deleting=True), seen()).actions == (release,)


def test_nothing_is_done_while_the_host_is_away_or_another_operator_acts() -> None:
    away = replace(HOST, reachable=False, error="no route")
    rival = Stalled("Rival", "another one")
    for deleting in (False, True):
        assert outcome(snapshot(deleting), seen(host=away)) == Waiting("HostUnreachable", "no route")
        assert outcome(snapshot(deleting), seen(rival=rival)) == rival
