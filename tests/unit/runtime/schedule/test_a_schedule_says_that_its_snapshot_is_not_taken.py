"""The status of a SnapshotSchedule says why its newest snapshot is not taken, for as long as that is so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeostat.cli.show.status_words import waits_for
from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.schedule import SNAPSHOT_FAILURE, SnapshotSchedule
from homeostat.models.snapshot import TAKING, Snapshot
from homeostat.runtime.schedule.reconcile import ScheduleReconciler
from tests.unit.operating import Shelf

BORN = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
KEY = Key(SnapshotSchedule.KIND, "default", "nightly")
OFF = "machine web is off"


class Nightly:
    def __init__(self) -> None:
        meta = {"name": "nightly", "uid": "sch-1", "generation": 1, "creationTimestamp": "2026-01-01T12:30:00Z"}
        spec = {"schedule": "0 * * * *", "template": {"spec": {"machineRef": {"name": "web"}}}}
        self.shelf, self.now = Shelf(SnapshotSchedule.model_validate({"metadata": meta, "spec": spec})), BORN
        self.reconciler = ScheduleReconciler(self.shelf, now=lambda: self.now)  # type: ignore[arg-type]

    async def an_hour_later(self) -> None:
        self.now += timedelta(hours=1)
        await self.reconciler.reconcile(self.schedule)

    @property
    def schedule(self) -> SnapshotSchedule:
        found = self.shelf.resources[KEY]
        assert isinstance(found, SnapshotSchedule)
        return found

    async def failure(self, reason: str, taken: bool = False) -> str:
        """Returns what the schedule says once its newest snapshot says so."""
        found = max((key for key in self.shelf.resources if key.kind == Snapshot.KIND), key=lambda key: key.name)
        ready = {"type": "Ready", "status": str(taken), "reason": reason, "message": OFF}
        status: dict[str, Any] = {"conditions": [ready], **({"takenAt": "2026-01-01T13:00:00Z"} if taken else {})}
        snapshot = self.shelf.resources[found]
        whole = {**snapshot.dump(), "metadata": snapshot.metadata, "status": status}
        self.shelf.resources[found] = Snapshot.model_validate(whole)
        await self.reconciler.reconcile(self.schedule)
        assert self.schedule.status is not None
        condition = find_condition(self.schedule.status.conditions, SNAPSHOT_FAILURE)
        return condition.message if condition else ""


@pytest.mark.parametrize("reason", ["MachineOff", "NoSpace"])
async def test_until_the_next_one_is_taken(reason: str) -> None:
    nightly = Nightly()
    await nightly.an_hour_later()
    said = await nightly.failure(reason)
    assert said == f"snapshot nightly-20260101-1300: {OFF}" == waits_for(nightly.schedule)
    await nightly.an_hour_later()
    assert await nightly.failure(TAKING) == ""
    assert await nightly.failure("Taken", taken=True) == "" == waits_for(nightly.schedule)


async def test_one_that_was_taken_and_is_lost_now_is_no_failure() -> None:
    nightly = Nightly()
    await nightly.an_hour_later()
    assert await nightly.failure("SnapshotLost", taken=True) == ""
