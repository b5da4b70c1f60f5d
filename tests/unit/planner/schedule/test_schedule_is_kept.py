"""A schedule makes one snapshot for each time, makes up for missed ones once, and removes only its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.base import OwnerReference
from homeostat.models.condition import Condition
from homeostat.models.schedule import SnapshotSchedule, SnapshotScheduleStatus
from homeostat.models.snapshot import Snapshot
from homeostat.planner.cron import due_after, due_before, zone_of
from homeostat.planner.plan import Converged, Stalled
from homeostat.planner.schedule.plan import (
    CreateSnapshot,
    PruneSnapshot,
    ReleaseSchedule,
    SchedulePlan,
    belongs_to,
    plan_schedule,
    rfc3339,
)

BORN = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


def schedule(deleting: bool = False, last: datetime | None = None, **spec: Any) -> SnapshotSchedule:
    meta = {"name": "nightly", "uid": "sch-1", "creationTimestamp": rfc3339(BORN)}
    meta |= {"deletionTimestamp": rfc3339(BORN)} if deleting else {}
    template = {"labels": {"tier": "data"}, "spec": {"machineRef": {"name": "web"}, "quiesce": "Never"}}
    made = SnapshotSchedule.model_validate({"metadata": meta, "spec": {"schedule": "@hourly", "template": template, **spec}})
    return made if last is None else made.model_copy(update={"status": SnapshotScheduleStatus(last_time=rfc3339(last))})


def at(**after: float) -> datetime:
    return BORN + timedelta(**after)


def ready(snapshot: Snapshot, taken: bool = True) -> Snapshot:
    condition = {"type": "Ready", "status": "True" if taken else "False", "reason": "Taken"}
    status = {"conditions": [condition], "takenAt": "2026-01-01T12:30:00Z" if taken else None}
    return Snapshot.model_validate({**snapshot.dump(), "metadata": snapshot.metadata, "status": status})


def unusable(snapshot: Snapshot, reason: str) -> Snapshot:
    """One that was taken, and cannot be gone back to now."""
    assert snapshot.status is not None
    state = "Unknown" if reason == "HostUnreachable" else "False"
    condition = Condition(type="Ready", status=state, reason=reason)
    return snapshot.model_copy(update={"status": snapshot.status.model_copy(update={"conditions": (condition,)})})


def made(plan: SchedulePlan) -> list[Snapshot]:
    return [action.snapshot for action in plan.actions if isinstance(action, CreateSnapshot)]


def pruned(plan: SchedulePlan) -> list[str]:
    return [action.snapshot.metadata.name for action in plan.actions if isinstance(action, PruneSnapshot)]


def test_it_begins_with_the_first_time_after_it_was_made() -> None:
    plan = plan_schedule(schedule(), [], at(minutes=29))
    assert (plan.actions, plan.last, plan.next) == ((), BORN, at(minutes=30))
    (one,) = made(plan_schedule(schedule(), [], at(minutes=30)))
    assert one.metadata.name == "nightly-20260101-1300" and one.spec.machine_ref.name == "web" and one.spec.quiesce == "Never"
    assert one.metadata.labels == {"tier": "data", "homeostat.dev/schedule": "nightly"}
    assert belongs_to(one, schedule())
    again = plan_schedule(schedule(), [ready(one)], at(minutes=31))
    assert again.actions == () and again.outcome == Converged("Scheduled") and again.next == at(minutes=90)


def test_a_template_gives_no_label_that_homeostat_goes_by() -> None:
    """Whoever wrote it: a schedule in a folder is read, too."""
    labels = {"tier": "data", "homeostat.dev/owner": "alice", "homeostat.dev/schedule": "another"}
    template = {"labels": labels, "spec": {"machineRef": {"name": "web"}}}
    (one,) = made(plan_schedule(schedule(template=template), [], at(minutes=30)))
    assert one.metadata.labels == {"tier": "data", "homeostat.dev/schedule": "nightly"}


def test_missed_times_are_made_up_for_once() -> None:
    plan = plan_schedule(schedule(), [], at(days=3))
    assert [one.metadata.name for one in made(plan)] == ["nightly-20260104-1200"]
    assert made(plan_schedule(schedule(), made(plan), at(days=3, minutes=1))) == []


def test_a_clock_that_was_ahead_holds_nothing_up() -> None:
    (ahead,) = chain(30 * 24)
    plan = plan_schedule(schedule(last=at(days=30), keep={"count": 2}), [ahead], at(minutes=45))
    assert [one.metadata.name for one in made(plan)] == ["nightly-20260101-1300"] and not pruned(plan)
    kept = [ahead, *chain(0)]
    plan = plan_schedule(schedule(last=plan.last, keep={"count": 2}), kept, at(hours=1, minutes=31))
    assert [one.metadata.name for one in made(plan)] == ["nightly-20260101-1400"]
    plan = plan_schedule(schedule(last=plan.last, keep={"count": 1}), [*kept, *chain(1)], at(hours=1, minutes=32))
    assert pruned(plan) == ["nightly-20260101-1300"], "it counts as none, and stays"


def test_a_clock_that_is_behind_removes_none_of_those_that_were_taken_before() -> None:
    kept = chain(48, 49, 50)
    plan = plan_schedule(schedule(last=at(hours=50), keep={"count": 1}), kept, at(minutes=31))
    assert [one.metadata.name for one in made(plan)] == ["nightly-20260101-1300"] and not pruned(plan)
    assert not pruned(plan_schedule(schedule(last=plan.last, keep={"count": 1}), [*kept, *chain(0)], at(minutes=45)))
    right = plan_schedule(schedule(last=plan.last, keep={"count": 3}), [*kept, *chain(0)], at(hours=50, minutes=31))
    assert pruned(right) == ["nightly-20260101-1300"]


def test_a_clock_that_is_set_back_a_little_makes_none_twice() -> None:
    due = at(minutes=30)
    assert made(plan_schedule(schedule(last=due), [], due - timedelta(seconds=5))) == []
    assert made(plan_schedule(schedule(last=due), [], due + timedelta(seconds=5))) == []


def test_one_that_was_made_while_the_clock_was_ahead_waits_for_the_next_time() -> None:
    early = BORN - timedelta(days=30)
    assert made(plan_schedule(schedule(), [], early)) == []
    assert [one.metadata.name for one in made(plan_schedule(schedule(last=early), [], early + timedelta(minutes=30)))]


def test_one_that_somebody_deleted_does_not_come_back() -> None:
    due = at(minutes=30)
    assert made(plan_schedule(schedule(last=due), [], at(minutes=45))) == []


@given(st.lists(st.integers(1, 200), min_size=1, max_size=20), st.integers(1, 5))
def test_each_time_gets_one_at_the_most_and_as_many_stay_as_are_to(minutes: list[int], count: int) -> None:
    kept: dict[str, Snapshot] = {}
    seen: list[str] = []
    now, plan_of = BORN, schedule(keep={"count": count})
    for passed in minutes:
        now += timedelta(minutes=passed)
        for _ in range(2):  # looked at again, nothing more is done
            plan = plan_schedule(plan_of, list(kept.values()), now)
            seen += [one.metadata.name for one in made(plan)]
            kept |= {one.metadata.name: ready(one) for one in made(plan)}
            for name in pruned(plan):
                del kept[name]
    assert len(seen) == len(set(seen))
    assert sorted(kept) == sorted(seen)[-count:]


def chain(*hours: int, taken: bool = True) -> list[Snapshot]:
    return [ready(made(plan_schedule(schedule(), [], at(hours=hour, minutes=30)))[0], taken) for hour in hours]


def test_the_newest_stays_at_any_age() -> None:
    kept = chain(0, 1, 2)
    plan = plan_schedule(schedule(suspend=False, schedule="0 0 1 1 *", keep={"maxAge": "1h"}), kept, at(days=30))
    assert pruned(plan) == ["nightly-20260101-1400", "nightly-20260101-1300"]


def test_a_clock_that_nobody_believes_makes_none_too_old() -> None:
    yearly = schedule(schedule="0 0 1 1 *", keep={"maxAge": "1h", "count": 2})
    assert pruned(plan_schedule(yearly, chain(0, 1, 2), at(days=30), by_age=False)) == ["nightly-20260101-1300"], "by count alone"


def test_what_was_not_taken_is_replaced_and_what_was_taken_stays_for_it() -> None:
    old, stuck = chain(0), chain(1, taken=False)
    plan = plan_schedule(schedule(keep={"count": 1}), [*old, *stuck], at(hours=2, minutes=30))
    assert [one.metadata.name for one in made(plan)] == ["nightly-20260101-1500"]
    assert pruned(plan) == [stuck[0].metadata.name]


@pytest.mark.parametrize("reason", ["HostUnreachable", "MachineNotFound", "SnapshotLost", "MachineReplaced"])
@pytest.mark.parametrize("keep", [{"count": 5}, {"count": 1}, {"maxAge": "1h"}], ids=str)
def test_what_was_taken_stays_while_it_cannot_be_gone_back_to(reason: str, keep: dict[str, Any]) -> None:
    """A libvirt that restarts as the next one is due, or a machine that is in the trash, costs none of them."""
    kept = [unusable(one, reason) for one in chain(0, 1, 2)]
    assert pruned(plan_schedule(schedule(keep=keep), kept, at(hours=3, minutes=30))) == []
    assert pruned(plan_schedule(schedule(keep=keep, schedule="0 0 1 1 *"), kept, at(days=30))) == []


def test_what_cannot_be_gone_back_to_takes_nobodys_place_and_goes_behind_those_that_can() -> None:
    first, *others = chain(0, 1, 2, 3)
    lost = [unusable(one, "SnapshotLost") for one in others[:2]]
    plan = plan_schedule(schedule(keep={"count": 2}), [first, *lost, others[2]], at(hours=3, minutes=59))
    assert pruned(plan) == []
    plan = plan_schedule(schedule(keep={"count": 1}), [first, *lost, others[2]], at(hours=3, minutes=59))
    assert pruned(plan) == [one.metadata.name for one in (lost[1], lost[0], first)]


def test_only_its_own_are_removed() -> None:
    other = OwnerReference(api_version="homeostat.dev/v1alpha1", kind="SnapshotSchedule", name="nightly", uid="other")
    others = [
        one.model_copy(update={"metadata": one.metadata.model_copy(update={"owner_references": owners})})
        for one in chain(0, 1, 2)
        for owners in ((), (other,))
    ]
    assert pruned(plan_schedule(schedule(keep={"count": 1}), others, at(hours=9))) == []
    assert plan_schedule(schedule(deleting=True), others, at(hours=9)).actions == (ReleaseSchedule("its snapshots have gone"),)


def test_a_name_that_another_snapshot_has_is_left_alone() -> None:
    (one,) = chain(0)
    taken = one.model_copy(update={"metadata": one.metadata.model_copy(update={"owner_references": ()})})
    plan = plan_schedule(schedule(), [taken], at(minutes=30))
    assert plan.actions == () and isinstance(plan.outcome, Stalled) and "nightly-20260101-1300" in plan.outcome.message


def test_suspended_it_makes_and_removes_none() -> None:
    plan = plan_schedule(schedule(suspend=True, keep={"count": 1}), chain(0, 1, 2), at(hours=9))
    assert plan.actions == () and plan.next is None


def test_its_snapshots_go_with_it() -> None:
    kept = chain(0, 1)
    assert pruned(plan_schedule(schedule(deleting=True), kept, at(hours=9))) == [one.metadata.name for one in kept]
    assert plan_schedule(schedule(deleting=True), [], at(hours=9)).actions == (ReleaseSchedule("its snapshots have gone"),)
    orphaning = schedule(deleting=True)
    meta = orphaning.metadata.model_copy(update={"finalizers": ("orphan", "homeostat.dev/teardown")})
    orphaning = orphaning.model_copy(update={"metadata": meta})
    assert plan_schedule(orphaning, kept, at(hours=9)).actions == plan_schedule(orphaning, [], at(hours=9)).actions == ()


def test_a_long_name_is_cut() -> None:
    meta = {"name": "a" * 63, "uid": "u", "creationTimestamp": rfc3339(BORN)}
    long = schedule().model_copy(update={"metadata": schedule().metadata.model_validate(meta)})
    assert len(made(plan_schedule(long, [], at(hours=1)))[0].metadata.name) == 63


def test_an_unknown_time_zone_is_told() -> None:
    plan = plan_schedule(schedule(timeZone="Mars/Olympus"), [], at(hours=9))
    assert isinstance(plan.outcome, Stalled) and "tzdata" in plan.outcome.message


@pytest.mark.parametrize("moment", [datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)])
def test_where_clocks_change_each_night_has_one(moment: datetime) -> None:
    zone = zone_of("Europe/Berlin")
    assert zone is not None
    times = [moment - timedelta(hours=12)]
    for _ in range(3):
        times.append(due_after("30 2 * * *", times[-1], zone))
    assert len({time.astimezone(zone).date() for time in times[1:]}) == 3
    assert all(due_before("30 2 * * *", time, zone) == time for time in times[1:])


CRONS = ("30 2 * * *", "0 1,3 * * *", "@hourly", "*/20 1-3 * * 0", "15 */2 * * *", "0 0 1 * *")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


@given(
    st.sampled_from(CRONS),
    st.sampled_from(ZONES),
    st.sampled_from([datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)]),
    st.integers(0, 48 * 3600 * 2),
)
def test_the_time_before_and_the_one_after_are_next_to_each_other(cron: str, name: str, day: datetime, halves: int) -> None:
    """Also in the hour that is there twice."""
    zone, moment = zone_of(name), day + timedelta(seconds=halves / 2)
    assert zone is not None
    before, after = due_before(cron, moment, zone), due_after(cron, moment, zone)
    assert before <= moment < after
    assert (due_after(cron, before, zone), due_before(cron, after, zone)) == (after, after)
    assert due_before(cron, after - timedelta(seconds=1), zone) == before
