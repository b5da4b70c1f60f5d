"""Snapshots of a schedule that the index has lost are found by what is noted down of them and what the disks hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from homeostat.models.schedule import SCHEDULED_AT, SnapshotSchedule
from homeostat.models.snapshot import Snapshot, SnapshotStatus
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.schedule.found import found_again
from homeostat.planner.schedule.plan import PruneSnapshot, belongs_to, plan_schedule
from homeostat.planner.snapshot.observed import tag_of

PATH = "/state/machines/default/web/data.qcow2"


def schedule(name: str = "nightly", **spec: Any) -> SnapshotSchedule:
    template = {"labels": {"tier": "data"}, "spec": {"machineRef": {"name": "web"}}}
    meta = {"name": name, "uid": "sch-1", "creationTimestamp": "2026-01-09T00:00:00Z"}
    return SnapshotSchedule.model_validate({"metadata": meta, "spec": {"schedule": "@hourly", "template": template, **spec}})


def was(name: str, namespace: str = "default") -> Snapshot:
    meta = {"name": name, "namespace": namespace, "uid": f"uid-of-{namespace}-{name}"}
    return Snapshot.model_validate({"metadata": meta, "spec": {"machineRef": {"name": "web"}}})


def noted(snapshot: Snapshot, **fields: Any) -> SnapshotNote:
    note = SnapshotNote(snapshot.identity, "machine", "web", False, (("data", PATH),), True, "Crash", "2026-01-01T13:00:00Z", 1)
    return replace(note, **fields)


def held(*snapshots: Snapshot) -> dict[str, list[DiskTag]]:
    return {PATH: [DiskTag(tag_of(snapshot), 1, 0) for snapshot in snapshots]}


ONE, TWO = was("nightly-20260101-1300"), was("nightly-20260101-1400")
OTHERS = (was("nightly"), was("nightly-x-20260101-1300"), was("mine-20260101-1300"), was("nightly-20260101-1300", "prod"))
BAD = was("nightly-20269901-1300")


def test_each_is_made_again_as_it_was() -> None:
    everything = (TWO, ONE, *OTHERS, BAD)
    found = found_again(schedule(), [noted(one) for one in everything], held(*everything))
    assert [one.metadata.name for one in found] == ["nightly-20260101-1300", "nightly-20260101-1400"]
    one = found[0]
    assert belongs_to(one, schedule()) and one.metadata.labels == {"tier": "data", "homeostat.dev/schedule": "nightly"}
    assert one.metadata.annotations == {SCHEDULED_AT: "2026-01-01T13:00:00Z"}


def test_of_the_machine_and_with_the_memory_that_it_was_taken_with() -> None:
    (one,) = found_again(schedule(), [noted(ONE, machine_name="old", memory=True)], held(ONE))
    assert (one.spec.machine_ref.name, one.spec.memory) == ("old", True)


def test_what_was_never_taken_or_has_gone_is_not_made_again() -> None:
    assert not found_again(schedule(), [noted(ONE, complete=False)], held(ONE))
    assert not found_again(schedule(), [noted(ONE)], held(TWO))
    assert not found_again(schedule(), [noted(ONE)], {})


def test_those_are_not_taken_for_ones_that_could_not_be_taken() -> None:
    now = datetime(2026, 1, 9, 1, 30, tzinfo=UTC)
    found = found_again(schedule(), [noted(ONE), noted(TWO)], held(ONE, TWO))
    plan = plan_schedule(schedule(), found, now)
    assert not [action for action in plan.actions if isinstance(action, PruneSnapshot)]
    looked_at = [one.model_copy(update={"status": SnapshotStatus()}) for one in found]
    assert len([a for a in plan_schedule(schedule(), looked_at, now).actions if isinstance(a, PruneSnapshot)]) == 2
