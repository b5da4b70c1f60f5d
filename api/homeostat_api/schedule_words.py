"""The words of the routes of snapshot schedules."""

from __future__ import annotations

from homeostat.models.schedule import SnapshotSchedule, SnapshotScheduleSpec

from .http.kinds.kind_routes import KindWords
from .http.kinds.whole import Named
from .http.requests.spec_changes import SpecChanged
from .http.words import Words


class NewSchedule(Words):
    name: Named
    spec: SnapshotScheduleSpec


class ScheduleList(Words):
    snapshotschedules: list[SnapshotSchedule]


class ScheduleSpecChanged(SpecChanged):
    spec: SnapshotScheduleSpec


SCHEDULES = KindWords(
    SnapshotSchedule,
    SnapshotScheduleSpec,
    NewSchedule,
    ScheduleList,
    ScheduleSpecChanged,
    tag="Snapshots",
    noun="snapshot schedule",
    made="It is written down; the operator takes its snapshots.",
    shown="What it is, and when the next one is due.",
    goes="It goes once its snapshots have gone.",
    deletion="Its snapshots are deleted with it.",
)
