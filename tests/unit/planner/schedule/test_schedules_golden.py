"""What is done about schedules, whatever is observed. After a wanted change: pytest --regenerate-golden, and read the diff."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from homeostat.models.base import OwnerReference
from homeostat.models.schedule import SCHEDULED_AT, SnapshotSchedule, SnapshotScheduleStatus
from homeostat.models.snapshot import Snapshot
from homeostat.planner.cron import due_after, due_before, zone_of
from homeostat.planner.schedule.plan import CreateSnapshot, SchedulePlan, belongs_to, due_of, is_taken, plan_schedule, rfc3339
from tests.unit.tables import as_before, grouped, words

BORN = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
OWN = OwnerReference(api_version="homeostat.dev/v1alpha1", kind="SnapshotSchedule", name="nightly", uid="sch-1")


def at(hours: float) -> datetime:
    return BORN + timedelta(hours=hours)


def schedule(last: str | None = None, born: str = rfc3339(BORN), deleting: bool = False, **spec: Any) -> SnapshotSchedule:
    meta = {"name": "nightly", "uid": "sch-1", "creationTimestamp": born}
    meta |= {"deletionTimestamp": rfc3339(BORN)} if deleting else {}
    template = {"labels": {"tier": "data"}, "spec": {"machineRef": {"name": "web"}, "quiesce": "Never"}}
    made = SnapshotSchedule.model_validate({"metadata": meta, "spec": {"schedule": "@hourly", "template": template, **spec}})
    return made.model_copy(update={"status": SnapshotScheduleStatus(last_time=last)}) if last is not None else made


def snapshot(name: str, due: str, ready: str = "True", *, deleting: bool = False, **owner: Any) -> Snapshot:
    meta = {"name": name, "uid": name, "annotations": {SCHEDULED_AT: due} if due else {}}
    meta |= {"deletionTimestamp": rfc3339(BORN)} if deleting else {}
    meta |= {"ownerReferences": [OWN.model_copy(update=owner).dump()]} if owner.get("uid", "own") else {}
    taken = due if ready == "True" else None
    status = {"conditions": [{"type": "Ready", "status": ready, "reason": "Taken"}], "takenAt": taken} if ready else None
    return Snapshot.model_validate({"metadata": meta, "spec": {"machineRef": {"name": "web"}}, "status": status})


def of(hour: int, ready: str = "True", **fields: Any) -> Snapshot:
    """As the schedule makes it."""
    due = BORN.replace(minute=0) + timedelta(hours=hour)
    return snapshot(f"nightly-{due:%Y%m%d-%H%M}", rfc3339(due), ready, **fields)


def told(plan: SchedulePlan) -> str:
    does = [
        f"{type(action).__name__}({action.snapshot.metadata.name if hasattr(action, 'snapshot') else ''}: {action.reason})"
        for action in plan.actions
    ]
    times = "".join(f"; {word} {time:%d %H:%M}" for word, time in (("last", plan.last), ("next", plan.next)) if time)
    return f"{' '.join([*does, '→'])} {words(plan.outcome)}{times}"


SNAPSHOTS: dict[str, list[Snapshot]] = {
    "none": [],
    "one": [of(1)],
    "four": [of(3), of(1), of(4), of(2)],
    "one to go": [of(1), of(2), of(3, deleting=True)],
    "one not taken": [of(1), of(2, "False"), of(3, "")],
    "not taken, and going": [of(1, "False", deleting=True)],
    "the last not taken": [of(1), of(4, "False")],
    "others'": [of(1, uid="other"), of(2, uid=""), of(3, controller=False)],
    "a name that is taken": [of(4, uid="other")],
    "its name, without a time": [of(1), snapshot("nightly-20260101-1600", "", "False"), snapshot("nightly-20260101-1500", "")],
    "without a time": [of(1), snapshot("nightly-x", ""), snapshot("nightly-y", "tomorrow")],
    "of the same time": [of(1), snapshot("nightly-a", rfc3339(BORN + timedelta(minutes=30)))],
    "of another zone": [snapshot("nightly-z", "2026-01-01T17:00:00+02:00")],
}


def planned() -> Iterator[str]:
    keeps: tuple[dict[str, Any], ...] = ({}, {"count": 1}, {"count": 2}, {"maxAge": "2h30m"}, {"count": 3, "maxAge": "90m"})
    for (what, there), keep in product(SNAPSHOTS.items(), keeps):
        hours = (0, 0.5, 1, 2, 3.5, 4, 4.5, 30)
        results = ((f"{hour} h", told(plan_schedule(schedule(keep=keep), there, at(hour)))) for hour in hours)
        yield from grouped(f"{what}, {keep}", results)


def remembered() -> Iterator[str]:
    """By what its status says, and when it was made."""
    times = (None, "", "tomorrow", rfc3339(at(0.5)), rfc3339(at(2.5)), rfc3339(at(20)))
    for (what, there), born in product(SNAPSHOTS.items(), (rfc3339(BORN), "once", "2026-01-01T16:45:00+02:00")):
        results = ((str(last), told(plan_schedule(schedule(last, born), there, at(3)))) for last in times)
        yield from grouped(f"{what}, made {born}", results)


def stopped() -> Iterator[str]:
    specs: dict[str, dict[str, Any]] = {
        "suspended": {"suspend": True, "keep": {"count": 1}},
        "zone unknown": {"timeZone": "Mars/Olympus"},
        "suspended, zone unknown": {"suspend": True, "timeZone": "Mars/Olympus"},
        "deleted": {"deleting": True},
        "suspended and deleted": {"deleting": True, "suspend": True},
    }
    for (what, there), (how, spec) in product(SNAPSHOTS.items(), specs.items()):
        yield f"{what}, {how}: {told(plan_schedule(schedule(**spec), there, at(3)))}"


def whole() -> Iterator[str]:
    """All of the snapshot that is made, and what each of those says of itself."""
    for action in plan_schedule(schedule(), [], at(1)).actions:
        assert isinstance(action, CreateSnapshot)
        yield f"{action.snapshot.dump()} {action.snapshot.metadata.dump()}"
    for what, there in SNAPSHOTS.items():
        for one in there:
            facts = belongs_to(one, schedule()), is_taken(one), due_of(one)
            yield f"{what}, {one.metadata.name}: {' '.join(map(str, facts))}"


def times() -> Iterator[str]:
    """In zones, and where clocks change."""
    moments = [datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, 7, 9, tzinfo=UTC)]
    moments += [moment + timedelta(minutes=minutes) for moment in moments for minutes in (0, 30, 60, 90, 120)]
    for cron, name in product(
        ("30 2 * * *", "@hourly", "0 0 1 * *", "*/20 1-3 * * 0"), ("UTC", "Etc/UTC", "Europe/Berlin", "America/New_York")
    ):
        zone = zone_of(name)
        assert zone is not None
        results = (
            (f"{moment:%m-%d %H:%M}", f"{due_before(cron, moment, zone):%m-%d %H:%M} {due_after(cron, moment, zone):%m-%d %H:%M}")
            for moment in moments
        )
        yield from grouped(f"{cron} {name}", results)
    yield f"unknown: {[zone_of(name) for name in ('Mars', '', '../etc', 'UTC/x')]}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "planned": planned,
    "remembered": remembered,
    "stopped": stopped,
    "whole": whole,
    "times": times,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_done_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    as_before(f"schedules-{name}", TABLES[name](), request)
