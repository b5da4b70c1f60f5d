"""updatePolicy Window: a restart that a change needs is begun within a window, and completed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from homeostat.models.machine import VirtualMachine
from homeostat.models.maintenance import MaintenanceWindow
from homeostat.planner import actions as act
from homeostat.planner.machine.power.windows import may_restart, next_window, window_words
from tests.unit.driving import Operator
from tests.unit.machines import Spec, changed, machine, running
from tests.unit.world import World

SATURDAYS: Spec = {"schedule": "0 3 * * 6", "duration": "2h", "timeZone": "Europe/Berlin"}
WINDOW: Spec = {"updatePolicy": "Window", "maintenanceWindows": [SATURDAYS], "shutdown": {"gracePeriodSeconds": 600}}
BEGIN = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)  # a Saturday, 3:00 in Berlin
END = BEGIN + timedelta(hours=2)
MORE: Spec = {"resources": {"memory": "1Gi"}}


def at(wall: datetime, **spec: Any) -> tuple[World, Operator, Any]:
    world, operator, vm = running(**WINDOW, **spec)
    world.wall = wall
    return world, operator, vm


@pytest.mark.parametrize(
    ("wall", "starts"),
    [
        (BEGIN - timedelta(seconds=1), 1),
        (BEGIN, 2),
        (END - timedelta(seconds=601), 2),
        (END - timedelta(seconds=600), 1),  # the guest may take that long to shut down
        (END, 1),
        (None, 1),
    ],
)
def test_a_restart_is_begun_within_a_window_that_leaves_time_for_it(wall: datetime, starts: int) -> None:
    world, operator, vm = at(wall)
    plan = operator.settle(changed(vm, **MORE))
    assert world.starts == starts
    assert [c.field for c in plan.pending] == ([] if starts == 2 else ["resources.memory"])
    assert world.domain and world.domain.config and world.domain.config.memory == 2**30, "the next start has it in any case"


def test_the_guest_is_asked_first_and_what_was_begun_is_completed_after_the_window() -> None:
    world, operator, vm = at(END - timedelta(seconds=700))
    world.obedient = False
    wanted = changed(vm, **MORE)
    for _ in range(3):
        operator.reconcile(wanted)
    assert any(isinstance(a, act.ShutdownDomain) for a in operator.done)
    assert not any(isinstance(a, act.PowerOffDomain) for a in operator.done)
    world.wall, world.obedient = END + timedelta(hours=1), True
    plan = operator.settle(wanted)
    assert world.starts == 2 and not plan.pending


def test_an_operator_that_was_restarted_completes_it_too() -> None:
    world, operator, vm = at(END - timedelta(seconds=700))
    wanted = changed(vm, **MORE)
    operator.reconcile(wanted)
    world.wall = END + timedelta(hours=1)
    Operator(world, now=5000.0).settle(wanted)
    assert world.starts == 2


def test_a_token_and_live_changes_are_not_held_back() -> None:
    world, operator, vm = at(END)
    operator.settle(changed(vm, restartedAt="now", **MORE))
    assert world.starts == 2
    operator.settle(changed(vm, restartedAt="now", **MORE, nics=[{"name": "lan", "network": "default"}]))
    assert world.domain and world.domain.live and len(world.domain.live.nics) == 1 and world.starts == 2


def test_it_is_said_when_the_next_one_begins() -> None:
    vm = machine(**{**WINDOW, "maintenanceWindows": [SATURDAYS, {"schedule": "30 1 * * 1", "duration": "1h"}]})
    assert window_words(vm, END) == "in the maintenance window that begins 2026-11-30T01:30+00:00 (UTC)"
    assert window_words(vm, BEGIN - timedelta(days=1)).endswith("begins 2026-11-28T03:00+01:00 (Europe/Berlin)")
    assert next_window(vm, None) is None and next_window(machine(), END) is None


def test_it_is_said_where_no_window_will_open() -> None:
    bare = machine(updatePolicy="Window")
    assert not may_restart(bare, BEGIN) and next_window(bare, BEGIN) is None
    assert "neither it nor its host has maintenanceWindows: give one of them a window" in window_words(bare, BEGIN)
    short = of_host(bare, {"schedule": "* * * * *", "duration": "60s"})
    assert not may_restart(short, BEGIN) and next_window(short, BEGIN) is None
    assert "the guest may take 60 s to shut down (shutdown.gracePeriodSeconds) and none of its host's" in window_words(
        short, BEGIN
    )
    longer = of_host(bare, {"schedule": "* * * * *", "duration": "60s"}, {"schedule": "0 3 * * 6", "duration": "61s"})
    assert "begins 2026-11-28T03:00+00:00 (UTC)" in window_words(longer, BEGIN)


def of_host(vm: VirtualMachine, *windows: Spec) -> VirtualMachine:
    """The machine with windows that its host gives it, of which it was never asked whether they fit."""
    given = tuple(MaintenanceWindow.model_validate(window) for window in windows)
    return vm.model_copy(update={"spec": vm.spec.model_copy(update={"maintenance_windows": given})})


def test_a_zone_that_the_host_does_not_know_opens_no_window() -> None:
    vm = machine(**{**WINDOW, "maintenanceWindows": [{**SATURDAYS, "timeZone": "Mars/Olympus"}]})
    assert not may_restart(vm, BEGIN) and "does not know the time zone Mars/Olympus" in window_words(vm, BEGIN)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"maintenanceWindows": [{**SATURDAYS, "schedule": "0 0 30 2 *"}]}, "never comes: no month"),
        ({"maintenanceWindows": [{**SATURDAYS, "duration": "60s"}]}, "make the window longer"),
        ({"maintenanceWindows": [{**SATURDAYS, "duration": "soon"}]}, "12h, 7d or 4w"),
    ],
)
def test_one_that_cannot_be_kept_to_is_refused(spec: Spec, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        machine(**spec)


@pytest.mark.parametrize(
    ("night", "hours"),
    [("2026-03-29", 2), ("2026-10-25", 2)],  # clocks go from 2:00 to 3:00, and from 3:00 to 2:00
)
def test_where_clocks_change_a_window_comes_once_and_lasts_as_long(night: str, hours: int) -> None:
    window = {"schedule": "30 2 * * *", "duration": f"{hours}h", "timeZone": "Europe/Berlin"}
    vm = machine(updatePolicy="Window", maintenanceWindows=[window], shutdown={"gracePeriodSeconds": 0})
    begin = datetime.fromisoformat(f"{night}T00:00:00+00:00") - timedelta(hours=2)
    minutes = [begin + timedelta(minutes=n) for n in range(8 * 60)]
    opened = [m for m in minutes if may_restart(vm, m)]
    assert len(opened) == hours * 60 and opened[-1] - opened[0] == timedelta(minutes=hours * 60 - 1)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(["0 3 * * 6", "*/30 * * * *", "15 2 * * *", "@monthly"]),
)
def test_what_comes_next_opens_when_it_comes(moment: datetime, cron: str) -> None:
    window = {"schedule": cron, "duration": "20m", "timeZone": "Europe/Berlin"}
    vm = machine(updatePolicy="Window", maintenanceWindows=[window], shutdown={"gracePeriodSeconds": 1})
    found = next_window(vm, moment.replace(tzinfo=UTC))
    assert found is not None and found[0] > moment.replace(tzinfo=UTC) and may_restart(vm, found[0])


@pytest.mark.parametrize(
    "windows", [[SATURDAYS, {**SATURDAYS, "schedule": "0 3 * * 0"}], [{**SATURDAYS, "schedule": "0 3 * * 0"}, SATURDAYS]]
)
def test_one_window_of_several_is_enough(windows: list[Spec]) -> None:
    assert may_restart(machine(**{**WINDOW, "maintenanceWindows": windows}), BEGIN)
    assert not may_restart(machine(**{**WINDOW, "maintenanceWindows": windows}), BEGIN - timedelta(hours=1))
