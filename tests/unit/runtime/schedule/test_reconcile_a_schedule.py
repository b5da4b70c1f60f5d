"""What the reconciles of a SnapshotSchedule do, tell and write, hour by hour. After a wanted change: pytest --regenerate-golden,
and read the diff.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.planner.plan import Stalled
from homeostat.runtime.engine.reconciler import GONE
from homeostat.runtime.schedule.reconcile import ScheduleReconciler
from tests.unit.operating import Shelf
from tests.unit.tables import as_before

BORN = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
KEY = Key(SnapshotSchedule.KIND, "default", "nightly")


def schedule(deleting: bool = False, **spec: Any) -> SnapshotSchedule:
    meta = {"name": "nightly", "uid": "sch-1", "generation": 2, "creationTimestamp": "2026-01-01T12:30:00Z"}
    meta |= {"deletionTimestamp": "2026-01-01T12:30:00Z"} if deleting else {}
    template = {"spec": {"machineRef": {"name": "web"}}}
    return SnapshotSchedule.model_validate({"metadata": meta, "spec": {"schedule": "0 */2 * * *", "template": template, **spec}})


class Scene:
    def __init__(self) -> None:
        others = {"metadata": {"name": "mine", "uid": "x"}, "spec": {"machineRef": {"name": "web"}}}
        elsewhere = {"metadata": {"name": "x", "namespace": "prod", "uid": "y"}, "spec": {"machineRef": {"name": "web"}}}
        self.shelf = Shelf(schedule(), Snapshot.model_validate(others), Snapshot.model_validate(elsewhere))
        self.now = BORN
        self.halted: Stalled | None = None
        self.reconciler = ScheduleReconciler(self.shelf, lambda: self.halted, lambda: self.now)  # type: ignore[arg-type]
        self.lines: list[str] = []

    async def look(self, what: str, **after: float) -> None:
        shelf = self.shelf
        self.now += timedelta(**after)
        self.lines.append(f"  {what}, at {self.now:%d %H:%M:%S}")
        for known in (shelf.told, shelf.said, shelf.statuses):
            known.clear()
        step = await self.reconciler.reconcile(shelf.resources[KEY])  # type: ignore[arg-type]
        self.lines.append(f"    {'gone' if step is GONE else step.after}")
        self.lines += [f"      {reason}: {said}" for (_, reason), said in zip(shelf.told, shelf.said.get(KEY, ()), strict=True)]
        if shelf.statuses:
            status = shelf.resources[KEY].status
            rest = {name: value for name, value in status.dump().items() if name != "conditions"}
            self.lines.append(
                f"      {rest} {[f'{c.type} {c.status} {c.reason} {c.message}'.strip() for c in status.conditions]}"
            )

    def taken(self) -> None:
        """Those that are there were taken."""
        condition = {"type": "Ready", "status": "True", "reason": "Taken"}
        for key, found in self.shelf.resources.items():
            if isinstance(found, Snapshot):
                whole = {
                    **found.dump(),
                    "metadata": found.metadata,
                    "status": {"conditions": [condition], "takenAt": "2026-01-01T12:30:00Z"},
                }
                self.shelf.resources[key] = Snapshot.model_validate(whole)


async def test_hour_by_hour(request: pytest.FixtureRequest) -> None:
    scene = Scene()
    shelf = scene.shelf
    await scene.look("made")
    await scene.look("due", hours=1.5)
    scene.taken()
    await scene.look("taken", minutes=1)
    await scene.look("at rest", minutes=1)
    scene.halted = Stalled("OtherOperator", "another one acts here")
    await scene.look("halted while one is due", hours=2)
    scene.halted = None
    await scene.look("made up for")
    scene.taken()
    shelf.put(schedule(keep={"count": 1}))
    await scene.look("fewer are kept", minutes=57, seconds=59.5)
    shelf.put(schedule(suspend=True))
    await scene.look("suspended", hours=5)
    shelf.put(schedule(timeZone="Mars/Olympus"))
    await scene.look("a zone that nobody knows", hours=5)
    shelf.put(schedule(deleting=True))
    await scene.look("deleted")
    await scene.look("nothing is left")
    assert KEY in shelf.released and len(shelf.resources) == 2
    as_before("schedules-reconciled", scene.lines, request)


async def test_what_is_too_old_goes_by_a_clock_that_goes_evenly() -> None:
    scene, asked, steady = Scene(), list[float](), False

    def looked(hold: float) -> bool:
        asked.append(hold)
        return steady

    scene.reconciler = ScheduleReconciler(scene.shelf, now=lambda: scene.now, steady=looked)  # type: ignore[arg-type]
    scene.shelf.put(schedule(keep={"maxAge": "1h"}))
    for _ in range(2):
        await scene.look("due", hours=2)
        scene.taken()
    mine = lambda: [key for key in scene.shelf.resources if key.name.startswith("nightly-")]  # noqa: E731
    await scene.look("a jump", days=1)
    scene.taken()
    assert len(mine()) == 3
    steady = True
    await scene.look("it goes evenly", minutes=1)
    assert len(mine()) == 1 and set(asked) == {3600.0}
