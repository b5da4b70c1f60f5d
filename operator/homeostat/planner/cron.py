"""When a cron expression is due, before and after a moment. Pure, but for the zones, which the host's database has."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim

from homeostat.models.cron import five_fields


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
    return next(CronSim(five_fields(cron), moment.astimezone(zone))).astimezone(UTC)


def due_before(cron: str, moment: datetime, zone: tzinfo) -> datetime:
    """Returns the last time that is not after a moment, in UTC."""
    local = moment.astimezone(zone).replace(microsecond=0)
    just = datetime.fromtimestamp(local.timestamp() + 1, zone)  # the moment itself counts
    return next(CronSim(five_fields(cron), just, reverse=True)).astimezone(UTC)
