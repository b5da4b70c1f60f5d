"""What is told of a machine between two looks, in the order it happened: ``transitions``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.models.condition import Condition
from homeostat.models.machine import GuestAddress, MachineHealth, MachineState, VirtualMachineStatus
from homeostat.planner.observed import DomainState, Observed, ObservedDomain, ProbedHealth
from homeostat.runtime.machine.happenings import transitions
from tests.unit.world import HOST

ABSENT = Observed(HOST, None)


def seen(state: DomainState, reason: str = "user") -> Observed:
    domain = ObservedDomain("web", "u", state, reason, True, False, False, None, None)
    return Observed(HOST, domain)


UP, DOWN = seen(DomainState.RUNNING), seen(DomainState.SHUTOFF, "crashed")


def status(
    run: str | None = None, health: str = "", stalled: str = "", moved: str = "", why: str = "Why", **rest: object
) -> VirtualMachineStatus:
    conditions = [("Stalled", stalled), ("DisksMoved", moved)]
    return VirtualMachineStatus(
        run=run, host="local",
        health=MachineHealth(status=health, message="probe") if health else None,  # type: ignore[arg-type]
        conditions=tuple(Condition(type=t, status="True", reason=why, message=m) for t, m in conditions if m), **rest,  # type: ignore[arg-type]
    )  # fmt: skip


def told(
    before: VirtualMachineStatus | None, after: VirtualMachineStatus, first: Observed = UP, last: Observed = UP
) -> tuple[list[str], list[str]]:
    """The reasons of what came before the steps that were taken, and of what came after."""
    earlier, later = transitions(before, after, first, last)
    return [h.reason for h in earlier], [h.reason for h in later]


def test_created_is_told_before_the_steps_and_started_after_them() -> None:
    assert told(None, status("1"), ABSENT, UP) == (["Created"], ["Started"])


def test_created_comes_first_of_a_machine_that_ran_already() -> None:
    assert told(None, status("1"), UP, UP) == (["Created"], ["Started"])


def test_created_says_what_it_is_made_from() -> None:
    ((made,), _) = transitions(None, status(), ABSENT, ABSENT, "nginx")
    assert (made.type, made.fields) == ("Normal", {"plugin": "nginx"})


def test_created_once() -> None:
    assert told(status(), status(), ABSENT, ABSENT) == ([], [])


def test_started_names_the_host_and_the_address() -> None:
    address = GuestAddress(nic="lan", ip="10.0.0.9", source="Lease")
    _, (began,) = transitions(status(), status("1", addresses=(address,)), DOWN, UP)
    assert (began.message, began.fields) == ("running on host local", {"ip": "10.0.0.9"})
    _, (began,) = transitions(status(), status("1"), DOWN, UP)
    assert began.fields == {"ip": None}


def test_what_ended_before_we_looked_stopped_before_the_steps() -> None:
    assert told(status("1"), status("2"), DOWN, UP) == (["Stopped"], ["Started"])


def test_what_we_ended_stopped_after_the_steps() -> None:
    assert told(status("1"), status(), UP, DOWN) == ([], ["Stopped"])


@pytest.mark.parametrize(
    ("after", "first", "last", "said"),
    [
        (status(), UP, DOWN, "stopped (crashed)"),
        (status("2"), DOWN, UP, "stopped (crashed)"),  # only the first look saw how it had ended
        (status("2"), UP, UP, "stopped"),
        (status(), ABSENT, ABSENT, "stopped"),
    ],
)
def test_stopped_says_how_as_far_as_it_was_seen(after: VirtualMachineStatus, first: Observed, last: Observed, said: str) -> None:
    earlier, later = transitions(status("1"), after, first, last)
    assert [h.message for h in (*earlier, *later) if h.reason == "Stopped"] == [said]


def test_what_is_not_known_has_not_stopped() -> None:
    assert told(status("1"), status(state=MachineState.UNKNOWN), ABSENT, ABSENT) == ([], [])


def test_findings_down_tells_no_start_where_a_run_only_gets_its_pid() -> None:
    assert told(status("1"), status("1-77")) == ([], [])


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        (status("1"), status("1", "starting"), []),
        (status("1", "starting"), status("1", "healthy"), ["HealthChanged"]),
        (status("1", "healthy"), status("1", "healthy"), []),
        (status("1", "healthy"), status("1", "unhealthy"), ["HealthChanged"]),
        (status("1", "healthy"), status("1"), []),
        (status("1", "unhealthy"), status("2", "unhealthy"), ["Stopped", "Started", "HealthChanged"]),
        (status("1", "healthy"), status("2", "starting"), ["Stopped", "Started"]),
    ],
)
def test_health_is_told_where_it_changed_in_a_run(
    before: VirtualMachineStatus, after: VirtualMachineStatus, reasons: list[str]
) -> None:
    assert told(before, after)[1] == reasons


SICK = ProbedHealth(started=True, ready=False, alive=False, was_ready=True, message="refused")


@pytest.mark.parametrize(
    ("before", "after", "health", "said"),
    [
        (status("1", "healthy"), status(), SICK, ["HealthChanged"]),  # it went off at once
        (status("1", "healthy"), status("2"), SICK, ["HealthChanged"]),  # and came up again
        (status("1", "healthy"), status("1"), SICK, ["HealthChanged"]),  # it is on its way down
        (status("1"), status(), SICK, ["HealthChanged"]),
        (status("1", "unhealthy"), status(), SICK, []),  # said already
        (status("1", "healthy"), status(), None, []),
        (status("0", "healthy"), status(), SICK, []),  # of another run
        (status("1", "healthy"), status("1", "healthy"), SICK, []),  # its status will say it
    ],
)
def test_bad_health_is_told_of_a_run_that_we_end_for_it_before_its_status_says_so(
    before: VirtualMachineStatus, after: VirtualMachineStatus, health: ProbedHealth | None, said: list[str]
) -> None:
    assert UP.domain is not None
    first = replace(UP, domain=replace(UP.domain, run="1"), health=health)
    earlier, _ = told(before, after, first, DOWN)
    assert earlier == said


def test_bad_health_is_a_warning() -> None:
    for word, type in (("healthy", "Normal"), ("unhealthy", "Warning")):
        _, (changed,) = transitions(status("1"), status("1", word), UP, UP)
        assert (changed.type, changed.message, changed.fields) == (type, f"{word}: probe", {"status": word})


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        (None, status(stalled="no image"), ["Failed"]),
        (status(), status(stalled="no image"), ["Failed"]),
        (status(stalled="no image"), status(stalled="no image"), []),
        (status(stalled="no image"), status(stalled="no space"), ["Failed"]),
        (status(stalled="no image"), status(), []),
        (status(), status(moved="/x"), ["DisksMoved"]),
        (status(moved="/x"), status(moved="/x"), []),
        (status(moved="/x"), status(moved="/y"), ["DisksMoved"]),
        (status(moved="/x"), status(), ["DisksBack"]),
        (status(moved="/x"), status(stalled="missing"), ["Failed"]),
        (status(stalled="they differ", why="DiskMoved"), status(), ["DisksBack"]),
        (status(stalled="they differ", why="DiskMoved"), status(moved="/x"), ["DisksMoved"]),
        (status(moved="/x"), status(state=MachineState.UNKNOWN), []),
        (status(moved="/x"), status(state=MachineState.DELETING), []),
        (status(), status(), []),
    ],
)
def test_troubles_are_told_where_they_come_or_change(
    before: VirtualMachineStatus | None, after: VirtualMachineStatus, reasons: list[str]
) -> None:
    assert [reason for reason in told(before, after, ABSENT, ABSENT)[1] if reason != "Created"] == reasons


def test_a_failure_carries_its_reason() -> None:
    _, (failed,) = transitions(status(), status(stalled="no image"), ABSENT, ABSENT)
    assert (failed.type, failed.message, failed.fields) == ("Warning", "no image", {"error": "Why"})
