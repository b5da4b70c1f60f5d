"""What leaves something to do again and again is looked at less and less often; what comes to rest begins anew."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from homeostat.driver.errors import DriverError, NoSpace
from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.operator import RESTLESS, Operator
from homeostat.runtime.engine.ports import StoreFailure
from homeostat.runtime.engine.reconciler import GONE, Next
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost, an_operator, at_work, until

WEB = machine()


class Scripted:
    """Answers each look with the next of its answers, and the last one for ever."""

    def __init__(self, *answers: Next | Exception) -> None:
        self.answers = list(answers)
        self.looks = 0
        self.forgotten: list[Key] = []

    async def reconcile(self, resource: Any) -> Next:
        self.looks += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def forget(self, key: Key) -> None:
        self.forgotten.append(key)

    looks_at_many = False


BUSY, REST, LATER = Next(0.0), Next(), Next(7.0)


def watched(*answers: Next | Exception) -> tuple[Operator, Scripted, list[float]]:
    """With the delays of its looks, which themselves come at once. Those of retries are among them."""
    scripted = Scripted(*answers)
    operator = an_operator(Shelf(WEB), WorldHost(), reconcilers={VirtualMachine: scripted})
    delays: list[float] = []
    add = operator.queue.add

    def noted(key: Key, after: float = 0.0) -> None:
        delays.append(after)
        add(key)

    operator.queue.add = noted  # type: ignore[method-assign]
    return operator, scripted, delays


async def delays_of(*answers: Next | Exception) -> list[float]:
    """Of the looks that the answers lead to, without the first one."""
    operator, scripted, delays = watched(*answers, REST)
    async with at_work(operator):
        await until(lambda: scripted.looks > len(answers))
    return delays[1:]


async def test_at_once_at_first_then_later_and_later_and_once_a_minute_in_the_end(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        delays = await delays_of(*[BUSY] * (RESTLESS + 8))
    assert delays == [0.0] * (RESTLESS - 1) + [1, 2, 4, 8, 16, 32, 60, 60, 60]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1 and "looking less often" in warnings[0] and "web" in warnings[0]


@pytest.mark.parametrize("rest", [REST, LATER])
async def test_one_plan_that_leaves_nothing_to_do_begins_it_anew(rest: Next) -> None:
    operator, scripted, delays = watched(*[BUSY] * (RESTLESS + 1), rest, *[BUSY] * RESTLESS, REST)
    async with at_work(operator):
        if rest is REST:  # else the next look is asked for
            await until(lambda: scripted.looks == RESTLESS + 2)
            operator.queue.add(WEB.key)
        await until(lambda: scripted.looks == 2 * RESTLESS + 3)
    asked = 7.0 if rest is LATER else 0.0
    assert delays[1:] == [*[0.0] * 9, 1, 2, asked, *[0.0] * 9, 1]


async def test_a_failure_backs_off_and_a_success_forgives() -> None:
    broken = DriverError("libvirt says no")
    assert await delays_of(broken, broken, broken, BUSY, broken) == [1, 2, 4, 0, 1]


async def test_what_has_gone_is_forgotten_and_begins_anew_when_it_comes_back() -> None:
    operator, scripted, delays = watched(*[BUSY] * RESTLESS, GONE, BUSY, REST)
    async with at_work(operator):
        await until(lambda: scripted.looks == RESTLESS + 1)
        assert scripted.forgotten == [WEB.key]
        operator.queue.add(WEB.key)
        await until(lambda: scripted.looks == RESTLESS + 3)
    assert delays[-1] == 0.0


@pytest.mark.parametrize(
    ("error", "reason"),
    [(NoSpace("the disk is full"), "NoSpace"), (StoreFailure("it is locked"), "StoreFailure"), (ValueError("ours"), "Defect")],
)
async def test_a_failure_is_counted_by_its_reason(error: Exception, reason: str) -> None:
    operator, scripted, _ = watched(error, error, REST)
    async with at_work(operator):
        await until(lambda: scripted.looks == 3)
    counted = operator.metrics.registry.get_sample_value(
        "homeostat_reconcile_errors_total", {"kind": VirtualMachine.KIND, "reason": reason}
    )
    assert counted == 2


@pytest.mark.parametrize("told", [False, True])
async def test_what_failed_counts_as_looked_at_where_its_status_says_so(told: bool) -> None:
    broken = DriverError("libvirt says no")
    broken.told = told
    operator, scripted, _ = watched(broken)
    async with at_work(operator):
        await until(lambda: scripted.looks > 1)
        assert (WEB.key in Operator.looked_at.fget(operator)) == told  # type: ignore[attr-defined]
