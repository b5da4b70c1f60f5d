"""A schedule that the index knows nothing of yet looks once for snapshots that an earlier index had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.runtime.schedule.reconcile import ScheduleReconciler
from tests.unit.operating import Shelf
from tests.unit.planner.schedule.test_snapshots_are_found_again import ONE, PATH, held, noted, schedule

KEY = Key(SnapshotSchedule.KIND, "default", "nightly")


@dataclass
class Disks:
    """What a host says of its snapshots."""

    noted: Sequence[SnapshotNote] = (noted(ONE),)
    error: DriverError | None = None
    read: list[Sequence[str]] = field(default_factory=list)

    async def snapshot_notes(self) -> Sequence[SnapshotNote]:
        return self.noted

    async def snapshot_tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        self.read.append(paths)
        if self.error:
            raise self.error
        return held(ONE)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(schedule())


async def look(shelf: Shelf, disks: Disks) -> list[str]:
    """One reconcile. Returns the names of the snapshots that are there then."""
    now = datetime(2026, 1, 9, 0, 30, tzinfo=UTC)
    reconciler = ScheduleReconciler(shelf, now=lambda: now, host=disks)  # type: ignore[arg-type]
    await reconciler.reconcile(shelf.resources[KEY])  # type: ignore[arg-type]
    return [found.metadata.name for found in shelf.resources.values() if isinstance(found, Snapshot)]


async def test_it_looks_once(shelf: Shelf) -> None:
    disks = Disks()
    assert ONE.metadata.name in await look(shelf, disks)
    assert disks.read == [[PATH]]
    del shelf.resources[ONE.key]
    assert ONE.metadata.name not in await look(shelf, disks), "what somebody deletes does not come back"
    assert len(disks.read) == 1


async def test_what_is_there_is_not_lost(shelf: Shelf) -> None:
    shelf.put(ONE)
    disks = Disks()
    await look(shelf, disks)
    assert disks.read in ([], [[]])


async def test_disks_that_cannot_be_read_hold_it_up_no_longer_than_to_say_so(shelf: Shelf) -> None:
    assert ONE.metadata.name not in await look(shelf, Disks(error=DriverError("data.qcow2 is broken")))
    assert shelf.said[KEY][0] == "snapshots that the index has lost cannot be looked for: data.qcow2 is broken"
    assert shelf.resources[KEY].status is not None


async def test_without_any_lost_no_disk_is_read(shelf: Shelf) -> None:
    disks = Disks(noted=())
    assert ONE.metadata.name not in await look(shelf, disks) and disks.read in ([], [[]])
