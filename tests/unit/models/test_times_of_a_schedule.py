"""A schedule that is no cron expression, or never comes, is refused where it is written."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from homeostat.models.cron import seconds_of
from homeostat.models.schedule import SnapshotSchedule


def schedule(**spec: Any) -> SnapshotSchedule:
    template = {"spec": {"machineRef": {"name": "web"}}}
    return SnapshotSchedule.model_validate(
        {"metadata": {"name": "s"}, "spec": {"schedule": "@daily", "template": template, **spec}}
    )


@pytest.mark.parametrize(
    "cron", ["* * * * *", "0 3 * * 1-5", "*/15 0-6 1,15 JAN-MAR *", "0 0 29 2 *", "0 0 L * *", "@Daily", "@hourly"]
)
def test_what_comes_is_taken(cron: str) -> None:
    assert schedule(schedule=cron).spec.schedule == cron


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 0 30 2 *", "never comes: no month that it names has such a day"),
        ("0 0 31 4,6,9,11 *", "never comes: no month"),
        ("0 0 32 * *", "bad day-of-month: write"),
        ("0 0 1 13 *", "bad month: write"),
        ("0 0 * *", "five fields"),
        ("0 0 0 0 * *", "five fields"),
        ("61 * * * *", "bad minute"),
        ("*/0 * * * *", "bad minute"),
        ("@reboot", "five fields"),
        ("", "five fields"),
        ("0 0 * * $(reboot)", "day-of-week"),
    ],
)
def test_what_never_comes_or_is_none_is_refused(cron: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        schedule(schedule=cron)


def test_how_long_snapshots_are_kept() -> None:
    assert [seconds_of(text) for text in ("90s", "1h30m", "7d", "4w")] == [90, 5400, 604_800, 2_419_200]
    assert schedule(keep={"maxAge": "12h"}).spec.keep.count == 7
    for wrong in ({"count": 0}, {"count": True}, {"maxAge": "0s"}, {"maxAge": "soon"}, {"maxAge": "1.5h"}, {"maxAge": "-1h"}):
        with pytest.raises(ValidationError):
            schedule(keep=wrong)


@pytest.mark.parametrize("zone", ["../etc/passwd", "/etc/localtime", "a b", "$(id)", ""])
def test_a_time_zone_is_a_name(zone: str) -> None:
    with pytest.raises(ValidationError):
        schedule(timeZone=zone)
