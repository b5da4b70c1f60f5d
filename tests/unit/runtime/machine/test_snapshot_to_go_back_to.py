"""The snapshot that spec.restoreFrom names is looked for where a restore is due, and what keeps the machine from it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key, Resource
from homeostat.models.condition import STALLED, Condition
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot, SnapshotStatus
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.machine.restore import LOST, NOT_FOUND, NOT_TAKEN, OF_ANOTHER
from homeostat.planner.observed import Observed, Restore
from homeostat.planner.plan import Stalled, Waiting
from homeostat.planner.snapshot.observed import tag_of
from homeostat.runtime.engine.ports import Unreadable
from homeostat.runtime.machine.restoring import with_restore
from tests.unit.machines import changed, deleted, running

ASKED = {"restoreFrom": {"snapshot": "before", "token": "1"}}
WORLD, OPERATOR, VM = running(disks=[{"name": "data", "size": "1Gi"}, {"name": "logs", "size": "1Gi"}])
WISHED = changed(VM, **ASKED)
SEEN = WORLD.observe(WISHED, OPERATOR.memory)
DATA, LOGS = "/state/machines/default/web/data.qcow2", "/state/machines/default/web/logs.qcow2"


def snapshot(machine: str = "web", deleting: bool = False, stalled: Condition | None = None) -> Snapshot:
    meta: dict[str, Any] = {"name": "before", "namespace": "default", "uid": "uid-before"}
    meta |= {"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {}
    found = Snapshot.model_validate({"metadata": meta, "spec": {"machineRef": {"name": machine}}})
    return found.model_copy(update={"status": SnapshotStatus(conditions=(stalled,))}) if stalled else found


NOTE = SnapshotNote("uid-before", VM.identity, "web", False, (("data", DATA),), complete=True, taken="2026-01-01T00:00:00Z")


@dataclass
class Place:
    """A store, and the files of a host."""

    snapshots: tuple[Snapshot, ...] = (snapshot(),)
    elsewhere: tuple[Snapshot, ...] = ()
    note: SnapshotNote | None = NOTE
    tags: Mapping[str, Sequence[DiskTag]] = field(default_factory=dict)
    broken: Exception | None = None
    asked: list[str] = field(default_factory=list)

    async def get(self, kind: type[Resource], key: Key) -> Resource | None:
        self.asked.append(key.name)
        if isinstance(self.broken, Unreadable):
            raise self.broken
        return next((one for one in self.snapshots if one.key == key), None)

    async def list(self, kind: type[Resource], namespace: str) -> Sequence[Resource]:
        return [
            snapshot().model_copy(update={"metadata": snapshot().metadata.model_copy(update={"name": "other"})}),
            *self.elsewhere,
        ]

    async def snapshot_note(self, uid: str) -> SnapshotNote | None:
        assert uid == "uid-before"
        if isinstance(self.broken, DriverError):
            raise self.broken
        return self.note

    async def snapshot_tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        return self.tags


def tagged(*paths: str, tag: str = tag_of(snapshot())) -> dict[str, Sequence[DiskTag]]:
    return {path: (DiskTag("another", 0.0, 0), DiskTag(tag, 0.0, 0)) for path in paths}


async def found(place: Place, vm: VirtualMachine = WISHED, seen: Observed = SEEN) -> Any:
    return (await with_restore(vm, seen, place, place)).restore  # type: ignore[arg-type]


async def test_it_is_found_with_all_that_is_to_be_done() -> None:
    expected = Restore("uid-before", tag_of(snapshot()), (("data", DATA),), False, "2026-01-01T00:00:00Z")
    assert await found(Place(tags=tagged(DATA))) == expected
    assert await found(Place((), (snapshot(),), tags=tagged(DATA))) == expected, "another host looks after it"


async def test_nothing_is_asked_where_none_is_due() -> None:
    place = Place(tags=tagged(DATA))
    away = replace(SEEN, host=replace(SEEN.host, reachable=False))
    done = replace(SEEN, storage=replace(SEEN.storage, restored="1"))
    for vm, seen in ((VM, SEEN), (deleted(WISHED), SEEN), (WISHED, away), (WISHED, done), (WISHED, replace(SEEN, domain=None))):
        assert await found(place, vm, seen) is None
    assert place.asked == []


@pytest.mark.parametrize(
    ("place", "reason", "message"),
    [
        (Place(()), NOT_FOUND, "snapshot 'before' in namespace default is not there: name another"),
        (Place((snapshot(deleting=True),)), NOT_FOUND, "snapshot 'before' in namespace default is being deleted: name another"),
        (Place(broken=Unreadable("its document is broken")), NOT_FOUND, "its document is broken"),
        (Place(broken=DriverError("no such file")), LOST, "snapshot before cannot be read: no such file"),
        (Place((snapshot("db"),), note=None), OF_ANOTHER, "is of machine db, not of machine web"),
        (Place(note=replace(NOTE, machine="other", machine_name="db")), OF_ANOTHER, "is of machine db, not of machine web"),
        (Place(note=replace(NOTE, machine="earlier")), OF_ANOTHER, "an earlier machine web, in whose disks it is"),
        (Place(), LOST, "has disks[data], which"),
        (Place(tags=tagged(DATA, tag="another")), LOST, "has disks[data], which"),
        (Place(note=replace(NOTE, disks=(("old", "/x"), ("data", DATA))), tags=tagged("/x", DATA)), LOST, "disks[old], which"),
        (Place(note=replace(NOTE, disks=(("logs", LOGS), ("data", DATA)))), LOST, "has disks[data], disks[logs], which"),
    ],
)  # fmt: skip
async def test_what_keeps_it_from_that(place: Place, reason: str, message: str) -> None:
    told = await found(place)
    assert isinstance(told, Stalled) and told.reason == reason and message in told.message
    assert "Machine web goes on as it is, and is brought back once it can be: take restoreFrom out" in told.message


@pytest.mark.parametrize("note", [None, replace(NOTE, complete=False)])
async def test_one_that_is_being_taken_is_waited_for(note: SnapshotNote | None) -> None:
    told = await found(Place(note=note))
    assert isinstance(told, Waiting) and told.reason == NOT_TAKEN
    going = Condition(type=STALLED, status="False", reason="Fine", message="fine")
    assert isinstance(await found(Place((snapshot(stalled=going),), note=note)), Waiting)
    stuck = Condition(type=STALLED, status="True", reason="Stuck", message="no agent")
    told = await found(Place((snapshot(stalled=stuck),), note=note))
    assert isinstance(told, Stalled) and told.reason == NOT_TAKEN and "cannot be taken: no agent" in told.message
