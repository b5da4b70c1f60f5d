"""A machine that waits for its maintenance window is looked at when that begins, or sooner, since clocks may be set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat.planner.plan import Change, Disruption, Plan
from homeostat.runtime.machine.reconcile import WALL_SECONDS, _until_window
from tests.unit.machines import machine

BEGIN = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)  # a Saturday
WINDOW: Any = {"updatePolicy": "Window", "maintenanceWindows": [{"schedule": "0 3 * * 6", "duration": "2h"}]}
WAITS = Plan(pending=(Change("resources.memory", "1Gi", "2Gi", Disruption.NEEDS_RESTART),))


@pytest.mark.parametrize(
    ("plan", "before", "spec", "seconds"),
    [
        (WAITS, 20.0, WINDOW, 21.0),
        (WAITS, 0.25, WINDOW, 1.25),
        (WAITS, 86_400.0, WINDOW, WALL_SECONDS),
        (Plan(), 20.0, WINDOW, None),
        (WAITS, 20.0, {}, None),
        (WAITS, None, WINDOW, None),
    ],
    ids=["soon", "at once", "far away", "nothing waits", "no window", "the host's time is not known"],
)
def test_when(plan: Plan, before: float | None, spec: Any, seconds: float | None) -> None:
    observed: Any = SimpleNamespace(wall=None if before is None else BEGIN - timedelta(seconds=before))
    assert _until_window(machine(**spec), observed, plan) == seconds
