"""The words of the routes of snapshot schedules."""

from __future__ import annotations

from homeostat.models.schedule import SnapshotSchedule, SnapshotScheduleSpec

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
