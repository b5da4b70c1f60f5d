"""Times that come again, as cron writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field

_DURATION = re.compile(r"([0-9]{1,6})(s|m|h|d|w)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_SOMETIME = datetime(2024, 1, 1, tzinfo=UTC)  # any time; a leap year begins, so that every date comes soon
ZONE_PATTERN = r"^[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}$"


def five_fields(cron: str) -> str:
    """Returns the five fields of an expression, or of a nickname such as @daily."""
    return _NICKNAMES.get(cron.strip().lower(), cron.strip())


def _check_cron(cron: str) -> str:
    fields = five_fields(cron)
    if len(fields.split()) != 5:
        raise ValueError("must have five fields (minute hour day-of-month month day-of-week) such as 0 3 * * *, or be @daily")
    try:
        first = next(CronSim(fields, _SOMETIME))
    except CronSimError as error:
        if "day-of-month" in str(error) and _comes_in_other_months(fields):
            raise ValueError("never comes: no month that it names has such a day") from None
        raise ValueError(f"{str(error).lower()}: write minute hour day-of-month month day-of-week, such as 0 3 * * 1-5") from None
    except StopIteration:
        raise ValueError("never comes: there is no such date") from None
    if first - _SOMETIME > timedelta(days=366 * 9):
        raise ValueError("never comes within nine years")
    return cron


def _comes_in_other_months(fields: str) -> bool:
    minute, hour, day, _, weekday = fields.split()
    try:
        CronSim(" ".join((minute, hour, day, "*", weekday)), _SOMETIME)
    except CronSimError:
        return False
    return True


def _check_age(text: str) -> str:
    if seconds_of(text) <= 0:
        raise ValueError("must be a time such as 12h, 7d or 4w")
    return text


def seconds_of(text: str) -> int:
    """Returns the seconds of ``90s``, ``1h30m``, ``7d`` or ``4w``; 0 where it is none of these."""
    parts = _DURATION.findall(text)
    return sum(int(number) * _UNITS[unit] for number, unit in parts) if "".join(map("".join, parts)) == text else 0


Cron = Annotated[str, AfterValidator(_check_cron), Field(max_length=200)]
"""When something is due: five fields, or a nickname."""

Age = Annotated[str, AfterValidator(_check_age), Field(max_length=40, json_schema_extra={"pattern": "^([0-9]{1,6}[smhdw])+$"})]
"""How long something is kept."""

TimeZone = Annotated[str, Field(pattern=ZONE_PATTERN)]
"""A name of the IANA time zone database."""
