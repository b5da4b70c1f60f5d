"""When changes that disturb a running machine may be carried out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field

from .base import Model
from .cron import Age, Cron, TimeZone, seconds_of

WINDOWS_MAX = 16


class UpdatePolicy(StrEnum):
    """Which disruption of a running machine a change of its spec may cause."""

    ON_NEXT_BOOT = "OnNextBoot"
    IMMEDIATE = "Immediate"
    WINDOW = "Window"
    NEVER = "Never"


class MaintenanceWindow(Model):
    """A time that comes again, in which machines may be restarted."""

    schedule: Cron = Field(description="When it begins: minute, hour, day of the month, month and day of the week, or @weekly.")
    duration: Age = Field(description="How long it lasts, such as 2h or 90m.")
    time_zone: TimeZone = Field(default="UTC", description="The zone that the schedule is in, such as Europe/Berlin.")


def check_windows(windows: Sequence[MaintenanceWindow], grace: int) -> None:
    """Checks that a restart fits into every window. ``grace``: seconds that a guest may take to shut down.

    Raises:
        ValueError: one is too short.
    """
    for place, window in enumerate(windows):
        if seconds_of(window.duration) <= grace:
            raise ValueError(
                f"maintenanceWindows[{place}].duration is {window.duration}, and the guest may take {grace} s to shut down "
                "(shutdown.gracePeriodSeconds): make the window longer"
            )
