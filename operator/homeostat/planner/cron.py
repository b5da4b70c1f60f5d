"""When a cron expression is due, before and after a moment. Pure, but for the zones, which the host's database has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim

from homeostat.models.cron import five_fields

FOLD = timedelta(hours=3)  # longer than any time that clocks are put back by


def zone_of(name: str) -> tzinfo | None:
    """Returns a time zone. None: the host knows none of that name."""
    if name in ("UTC", "Etc/UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def due_after(cron: str, moment: datetime, zone: tzinfo) -> datetime:
    """Returns the first time after a moment, in UTC. Where clocks change, a time that is skipped comes right after, and one that
    is there twice comes once, as with Debian's cron."""
    times = CronSim(five_fields(cron), moment.astimezone(zone))
    return next(due for time in times if (due := time.astimezone(UTC)) > moment)


def due_before(cron: str, moment: datetime, zone: tzinfo) -> datetime:
    """Returns the last time that is not after a moment, in UTC."""
    start = (moment + timedelta(seconds=1)).replace(microsecond=0).astimezone(zone)  # the moment itself counts
    if start.fold:  # in the hour that is there twice, what came in the first one is later by the clock on the wall
        start = (start.astimezone(UTC) + FOLD).astimezone(zone)
    times = CronSim(five_fields(cron), start, reverse=True)
    return next(due for time in times if (due := time.astimezone(UTC)) <= moment)
