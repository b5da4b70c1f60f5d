"""Who wrote a record tells another operator of one's own identity from a predecessor, and from old records that came back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from homeostat.planner.domain import Record
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import DomainState, ObservedDomain
from homeostat.planner.plan import Stalled
from homeostat.runtime.machine import rivals
from homeostat.runtime.machine.operator_run import OperatorRun, started_at, this_run
from homeostat.runtime.machine.rivals import Rivals
from tests.unit.machines import HAPPENINGS, changed, deleted, happen, running

OURS, OTHERS = this_run("/state"), "4242.17.aa@hosta:/srv/copy"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "timestamp", lambda: "2026-01-01T12:00:00.000000Z")


def written(writer: str, clock: str, instance: str = "i") -> ObservedDomain:
    record = Record("uid", "default", "web", instance, writer=writer, written_at=f"2026-01-01T{clock}.000000Z")
    return ObservedDomain("web", "uuid", DomainState.RUNNING, "booted", True, True, False, record, None)


def watching(*, alone: bool = True) -> Rivals:
    return Rivals("i", OURS, alone=alone)


def found(rivals: Rivals, *looks: ObservedDomain) -> Stalled | None:
    for number, domain in enumerate(looks):
        rivals.check(domain, first=number == 0, may_act=lambda: None)
    return rivals.found


def test_chaos_7_another_that_writes_while_we_run_is_told() -> None:
    outcome = found(watching(), written(OURS, "12:00:01"), written(OTHERS, "12:00:05"))
    assert outcome is not None and outcome.reason == "OtherOperator"
    for words in ("process 4242 on hosta, state folder /srv/copy", "default/web", "2026-01-01T12:00:05", "restart the other"):
        assert words in outcome.message


def test_a_predecessor_is_none() -> None:
    assert found(watching(), written(OTHERS, "11:59:59"), written(OTHERS, "11:59:59")) is None


def test_a_predecessor_whose_clock_is_ahead_is_none_until_it_writes_again() -> None:
    rivals = watching(alone=False)
    assert found(rivals, written(OTHERS, "12:05:00"), written(OTHERS, "12:05:00")) is None
    rivals.check(written(OTHERS, "12:05:01"), first=False, may_act=lambda: None)
    assert rivals.found is not None


def test_what_we_wrote_ourselves_ends_the_patience_with_a_predecessors_clock() -> None:
    rivals = watching()
    assert found(rivals, written(OTHERS, "12:05:00"), written(OURS, "12:00:01"), written(OTHERS, "12:03:00")) is not None


def test_an_old_record_that_came_back_with_a_snapshot_is_none() -> None:
    assert found(watching(), written(OURS, "12:00:01"), written(OTHERS, "09:00:00")) is None


def test_another_identity_is_none_and_neither_is_a_record_without_a_writer() -> None:
    assert found(watching(), written(OURS, "12:00:01"), written(OTHERS, "12:00:05", instance="theirs")) is None
    assert found(watching(), written(OURS, "12:00:01"), written("", "12:00:05")) is None


def test_chaos_7_one_that_lives_is_told_at_the_first_look() -> None:
    """Also where it has been at rest since long before we began: who starts later does nothing at all."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        living = f"{other.pid}.{started_at(other.pid)}.aa@{socket.gethostname()}:/srv/state"
        assert found(watching(), written(living, "09:00:00")) is not None
        assert found(watching(alone=False), written(living, "09:00:00")) is None  # it may have had its turn before us
        another = f"{other.pid}.{started_at(other.pid) - 1}.aa@{socket.gethostname()}:/srv/state"
        assert found(watching(), written(another, "09:00:00")) is None  # its pid is another's now
        elsewhere = f"{other.pid}.{started_at(other.pid)}.aa@elsewhere:/srv/state"
        assert found(watching(), written(elsewhere, "09:00:00")) is None
    assert found(watching(), written(living, "09:00:00")) is None
    assert found(watching(), written(this_run("/state"), "09:00:00")) is None  # an earlier run in this very process


def test_it_is_noticed_once_and_stays() -> None:
    noticed: list[str] = []
    rivals = Rivals("i", OURS, alone=True, noticed=lambda: noticed.append("!"))
    outcome = found(rivals, written(OURS, "12:00:01"), written(OTHERS, "12:00:05"), written(OTHERS, "12:00:09"))
    assert found(rivals, written(OURS, "12:00:10")) is outcome and noticed == ["!"]


def test_who_lost_the_lease_does_not_complain() -> None:
    def over() -> None:
        raise PermissionError

    rivals = watching(alone=False)
    rivals.check(written(OURS, "12:00:01"), first=True, may_act=over)
    with pytest.raises(PermissionError):
        rivals.check(written(OTHERS, "12:00:05"), first=False, may_act=over)
    assert rivals.found is None


def test_records_are_signed() -> None:
    signed = watching().sign(Record("uid", "default", "web", "another", 7, writer=OTHERS))
    assert signed == Record("uid", "default", "web", "i", 7, writer=OURS, written_at="2026-01-01T12:00:00.000000Z")
    assert OperatorRun.parse(OURS) == OperatorRun(os.getpid(), started_at(os.getpid()), socket.gethostname(), "/state")
    assert OperatorRun.parse("rubbish") is None


@pytest.mark.parametrize("what", sorted(HAPPENINGS))
def test_a_machine_is_left_alone_beside_another_operator(what: str) -> None:
    world, operator, vm = running()
    happen(world, what)
    rival = Stalled("OtherOperator", "another one")
    for asked in (vm, changed(vm, runStrategy="Halted"), deleted(vm, 0)):
        observed = world.observe(asked, operator.memory)
        plan = plan_machine(asked, replace(observed, rival=rival), 0.0)
        assert plan.actions == () and plan.outcome == rival
