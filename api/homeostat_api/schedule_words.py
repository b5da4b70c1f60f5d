"""The words of the routes of snapshot schedules."""

from __future__ import annotations

from homeostat.models.schedule import SnapshotSchedule, SnapshotScheduleSpec

from .http.kind_routes import KindWords
from .http.spec_changes import SpecChanged
from .http.whole import Named
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
