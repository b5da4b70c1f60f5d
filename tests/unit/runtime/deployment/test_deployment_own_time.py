"""A deployment counts time since all of it is known, and not while the operator pauses."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.planner.deployment.observed import ObservedDeployment, Replica
from homeostat.runtime.deployment.reconcile import DeploymentReconciler
from homeostat.runtime.engine.clock import TICK, OwnClock

WEB = Key("VirtualMachineDeployment", "default", "web")
NOTHING: Any = None
KNOWN, AWAY = (ObservedDeployment((Replica("web-1", 1, "", 0.0, None, unknown=away),), ()) for away in (False, True))


class Later(OwnClock):
    def put_off(self, then: float) -> float:
        return then + 100.0


class Deployments:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, clock: OwnClock | None = None) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "time", lambda: self.now)
        self.reconciler = DeploymentReconciler(NOTHING, NOTHING, clock=clock)

    def known_since(self, now: float, observed: ObservedDeployment) -> float:
        self.now = now
        return self.reconciler._since_known(WEB, observed).known_since


async def test_it_is_known_since_the_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    web = Deployments(monkeypatch)
    assert [web.known_since(now, KNOWN) for now in (1000.0, 1007.0, 5000.0)] == [1000.0] * 3


async def test_it_is_known_anew_since_its_host_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    web = Deployments(monkeypatch)
    web.known_since(1000.0, KNOWN)
    web.known_since(1010.0, AWAY)
    web.known_since(9000.0, AWAY)
    assert web.known_since(9100.0, KNOWN) == 9100.0
    assert web.known_since(9200.0, KNOWN) == 9100.0


async def test_a_wall_clock_that_is_set_back_keeps_nothing_known_in_future(monkeypatch: pytest.MonkeyPatch) -> None:
    web = Deployments(monkeypatch)
    web.known_since(1000.0, KNOWN)
    assert web.known_since(10.0, KNOWN) == 10.0


async def test_pauses_of_the_operator_put_everything_off(monkeypatch: pytest.MonkeyPatch) -> None:
    web = Deployments(monkeypatch, Later())
    web.known_since(1000.0, KNOWN)
    assert web.known_since(5000.0, KNOWN) == 1100.0
    assert web.reconciler._when("1970-01-01T00:10:00Z") == 700.0


async def test_a_pause_puts_it_off_once_however_often_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = OwnClock()
    web = Deployments(monkeypatch, clock)
    loop: Any = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: web.now)
    with clock.ticking():
        known = [web.known_since(1000.0 + TICK * step, KNOWN) for step in range(40)]
        assert set(known) == {1000.0}
        after = web.now + 3  # a pause
        known = [web.known_since(after + TICK * step, KNOWN) for step in range(40)]
        assert set(known) == {1003.0}


async def test_many_pauses_hold_up_no_more_than_they_lasted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = OwnClock()
    web = Deployments(monkeypatch, clock)
    loop: Any = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: web.now)
    web.known_since(1000.0, KNOWN)
    with clock.ticking():
        for _ in range(60):
            for _ in range(16):
                web.now += TICK
                clock.now()
            known = web.known_since(web.now + 1, KNOWN)  # one of five seconds is a pause
    assert (known, web.now) == (1060.0, 1300.0)
