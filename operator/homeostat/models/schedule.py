"""SnapshotSchedule: snapshots of a machine that are taken again and again, and how long they are kept."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .base import API_GROUP, Flag, Labels, Model, Resource, Status
from .condition import DATE_TIME, Condition
from .cron import Age, Cron, TimeZone
from .snapshot import SnapshotSpec

SCHEDULE = f"{API_GROUP}/schedule"
"""A label of the snapshots of a schedule: its name."""
SCHEDULED_AT = f"{API_GROUP}/scheduled-at"
"""An annotation of the snapshots of a schedule: when they were due (RFC 3339, UTC)."""
KEEP_MAX = 1000
SNAPSHOT_FAILURE = "SnapshotFailure"
"""The condition that the newest snapshot is not taken, and why. Present only while true."""


class Retention(Model):
    """Which of its snapshots stay."""

    count: int = Field(default=7, ge=1, le=KEEP_MAX, strict=True, description="So many of the newest that were taken.")
    max_age: Age | None = Field(
        default=None, description="Of these, those that are younger, such as 12h, 7d or 4w; and the newest at any age."
    )


class SnapshotTemplate(Model):
    """What each snapshot is."""

    labels: Labels = Field(default_factory=dict, description="Labels of each snapshot.")
    spec: SnapshotSpec = Field(description="As of a Snapshot.")


class SnapshotScheduleSpec(Model):
    """When which snapshots are taken, and how long they are kept."""

    schedule: Cron = Field(
        description="Minute, hour, day of the month, month and day of the week, such as 0 3 * * *; or @hourly, @daily, @weekly, "
        "@monthly or @yearly. One that never comes is refused."
    )
    time_zone: TimeZone = Field(default="UTC", description="The zone that the schedule is in, such as Europe/Berlin.")
    suspend: Flag = Field(default=False, description="Takes none, and removes none.")
    keep: Retention = Field(default_factory=Retention, description="Which of its snapshots stay.")
    template: SnapshotTemplate = Field(description="What each snapshot is.")


class SnapshotScheduleStatus(Status):
    """The schedule as it was last observed."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(default=(), description="What holds of it and why, by type.")
    last_time: str | None = Field(
        default=None, description="The last time that was due and is dealt with (RFC 3339, UTC).", json_schema_extra=DATE_TIME
    )
    next_time: str | None = Field(default=None, description="When the next one is due.", json_schema_extra=DATE_TIME)
    snapshots: int = Field(default=0, description="Its snapshots that were taken.")


class SnapshotSchedule(Resource):
    """Snapshots of a machine that are taken again and again, and how long they are kept."""

    KIND: ClassVar[str] = "SnapshotSchedule"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["SnapshotSchedule"] = "SnapshotSchedule"
    spec: SnapshotScheduleSpec
    status: SnapshotScheduleStatus | None = None
