"""When a cron expression is due, before and after a moment. Pure, but for the zones, which the host's database has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim

from homeostat.models.cron import five_fields

# Longer than any time that clocks are put back by: what came before may be later by the clock on the wall.
FOLD = timedelta(hours=3)


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
    times = CronSim(five_fields(cron), (moment.astimezone(UTC) + FOLD).astimezone(zone), reverse=True)
    return next(due for time in times if (due := time.astimezone(UTC)) <= moment)
