"""When a probe is tried: after its delay, then once in each period, and no more once nobody watches."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from homeostat.models.probe import Probes
from homeostat.runtime.engine.clock import OwnClock
from homeostat.runtime.machine.probing import Prober
from homeostat.runtime.machine.probing.prober import NOWHERE
from tests.unit.probed import Loopback
from tests.unit.runtime.machine.test_probing_many import Clinic, clinic, key

__all__ = ["clinic"]  # the fixture

AGENT = Probes.model_validate({"readiness": {"guestAgentPing": {}, "initialDelaySeconds": 20, "periodSeconds": 7}})
NETWORK = {"tcpSocket": {"port": 80}, "periodSeconds": 7}


@dataclass
class Patient(Loopback):
    """Counts how often it is asked, and answers where it does not ``hang``."""

    endpoint: Any = None
    agent: bool = True
    hang: bool = False
    asked: int = 0

    async def ping(self, timeout: float) -> None:
        self.asked += 1
        if self.hang:
            await asyncio.Event().wait()
        await super().ping(timeout)


def left(prober: Prober, name: str = "readiness", number: int = 1) -> float:
    """Seconds until it is tried next."""
    return prober._subjects[key(number)].timers[name].when() - asyncio.get_running_loop().time()


async def test_the_first_tries_of_many_are_spread_over_a_second_after_their_delay(clinic: Clinic) -> None:
    for number in range(40):
        clinic.prober.watch(key(number), "run-1", AGENT, Patient())
    after = [left(clinic.prober, number=number) for number in range(40)]
    assert all(19.9 < seconds <= 21.0 for seconds in after) and max(after) - min(after) > 0.3


async def test_then_once_in_each_period(clinic: Clinic) -> None:
    guest = Patient()
    clinic.prober.watch(key(), "run-1", AGENT, guest)
    clinic.turn(21)
    await clinic.until(lambda: guest.asked == 1, "asked")
    assert 6.5 < left(clinic.prober) <= 7.0


async def test_nobody_is_tried_any_more_once_nobody_watches(clinic: Clinic) -> None:
    clinic.prober.watch(key(), "run-1", AGENT, Patient())
    first = clinic.prober._subjects[key()].timers["readiness"]
    clinic.prober.watch(key(), "run-2", AGENT, Patient())
    second = clinic.prober._subjects[key()].timers["readiness"]
    assert first.cancelled() and not second.cancelled()
    clinic.prober.forget(key())
    assert second.cancelled()


async def test_a_try_that_is_under_way_has_ended_when_the_prober_is_closed(clinic: Clinic) -> None:
    guest = Patient(hang=True)
    clinic.prober.watch(key(), "run-1", AGENT, guest)
    clinic.turn(21)
    await clinic.until(lambda: guest.asked == 1, "asked")
    (task,) = clinic.prober._tries
    await clinic.prober.close()
    assert task.cancelled()


async def test_a_guest_whose_host_is_away_is_asked_nothing(clinic: Clinic) -> None:
    guest = Patient(reachable=False)
    clinic.prober.watch(key(), "run-1", AGENT, guest)
    first = clinic.prober._subjects[key()].timers["readiness"]
    clinic.turn(21)
    await clinic.until(lambda: clinic.prober._subjects[key()].timers["readiness"] is not first, "its time came")
    assert guest.asked == 0 and not clinic.prober._tries


async def test_one_without_an_address_is_looked_at_soon_where_that_is_due(clinic: Clinic) -> None:
    probes = Probes.model_validate({"startup": NETWORK, "readiness": NETWORK})
    clinic.prober.watch(key(), "run-1", probes, Loopback(None))
    timers = dict(clinic.prober._subjects[key()].timers)
    clinic.turn(1.0)
    now = clinic.prober._subjects[key()].timers
    await clinic.until(lambda: all(now[name] is not timers[name] for name in timers), "their time came")
    assert left(clinic.prober, "startup") <= NOWHERE
    assert left(clinic.prober, "readiness") > NOWHERE, "it is not due before it has started"


async def test_a_run_that_is_named_in_full_by_now_is_still_that_run(clinic: Clinic) -> None:
    for run, same in (("5", False), ("5-100", True), ("5-200", False)):
        before = clinic.prober._subjects.get(key())
        clinic.prober.watch(key(), run, AGENT, Patient())
        assert (clinic.prober._subjects[key()] is before) is same, run


async def test_it_takes_the_clock_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    class Paused(OwnClock):
        asked = 0.0

        @property
        def lost(self) -> float:
            self.asked += 60.0
            return self.asked

    prober = Prober(lambda key: None, clock=Paused())
    (probe,) = [probe for probe in (AGENT.readiness,) if probe]
    assert not (await prober._ask(probe, Patient(agent=False))).counts
    assert (await Prober(lambda key: None)._ask(probe, Patient(agent=False))).counts
