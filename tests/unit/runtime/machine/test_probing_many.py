"""The Prober: what it watches and tells, when it begins anew, and that a thousand do not overload it. Periods are a second at
least, so the clock of its loop is turned forward instead of waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.models.probe import Probes
from homeostat.planner.observed import ProbedHealth
from homeostat.runtime.machine.probing import Prober
from homeostat.runtime.machine.probing.attempt import Endpoint
from homeostat.runtime.machine.probing.prober import AT_ONCE
from tests.unit.probed import Loopback, says, serving, unused_endpoint

READY = Probes.model_validate({"readiness": {"httpGet": {"port": 80}, "failureThreshold": 1}})
OK = says(b"HTTP/1.1 200 OK\r\n\r\n")


def key(number: int = 1) -> Key:
    return Key("VirtualMachine", "default", f"m-{number}")


@dataclass
class Clinic:
    """A prober, whom it told, and its clock."""

    prober: Prober
    told: list[Key] = field(default_factory=list)
    tried: list[tuple[str, bool]] = field(default_factory=list)
    ahead: float = 0.0  # seconds

    def turn(self, seconds: float) -> None:
        self.ahead += seconds

    def health(self, number: int = 1) -> ProbedHealth:
        health = self.prober.health(key(number))
        assert health is not None
        return health

    async def until(self, seen: Callable[[], object], what: str) -> None:
        """Turns the clock as fast as what is under way ends."""
        loop = asyncio.get_running_loop()
        real = type(loop).time
        deadline = real(loop) + 60
        while not seen():
            assert real(loop) < deadline, f"not seen: {what}"
            self.turn(0.05)
            await asyncio.sleep(0)


@pytest.fixture
async def clinic(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clinic]:
    told: list[Key] = []
    tried: list[tuple[str, bool]] = []
    made = Clinic(Prober(told.append, lambda *one: tried.append(one)), told, tried)
    loop: Any = asyncio.get_running_loop()
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + made.ahead)
    yield made
    await made.prober.close()


async def test_the_same_failure_is_told_once(clinic: Clinic) -> None:
    async with serving(says(b"HTTP/1.1 503 Busy\r\n\r\n")) as guest:
        clinic.prober.watch(key(), "run-1", READY, guest)
        await clinic.until(lambda: len(clinic.tried) >= 3, "three tries")
    assert clinic.told == [key()] and "503" in clinic.health().message


async def test_becomes_ready_and_tells(clinic: Clinic) -> None:
    async with serving(OK) as guest:
        clinic.prober.watch(key(), "run-1", READY, guest)
        assert not clinic.health().ready
        await clinic.until(lambda: clinic.health().ready, "ready")
    assert clinic.told == [key()]
    assert clinic.health().last_check is not None and clinic.health().message == "HTTP 200"


async def test_watching_the_same_again_changes_nothing(clinic: Clinic) -> None:
    async with serving(OK) as guest:
        clinic.prober.watch(key(), "run-1", READY, guest)
        await clinic.until(lambda: clinic.health().ready, "ready")
        clinic.prober.watch(key(), "run-1", READY, guest)
        assert clinic.health().ready


@pytest.mark.parametrize("what", ["run", "probes"])
async def test_another_run_or_other_probes_begin_anew(clinic: Clinic, what: str) -> None:
    other = Probes.model_validate({"readiness": {"tcpSocket": {"port": 80}}})
    async with serving(OK) as guest:
        clinic.prober.watch(key(), "run-1", READY, guest)
        await clinic.until(lambda: clinic.health().ready, "ready")
        clinic.prober.watch(key(), "run-2" if what == "run" else "run-1", READY if what == "run" else other, guest)
        assert not clinic.health().ready and not clinic.health().was_ready
        await clinic.until(lambda: clinic.health().ready, "ready again")


async def test_what_an_earlier_operator_found_counts_for_the_run_that_was_there_and_for_no_later_one(clinic: Clinic) -> None:
    async with serving(OK) as guest:
        clinic.prober.watch(key(), "run-1", READY, guest, healthy=True)
        assert clinic.health().ready
        clinic.prober.watch(key(), "run-2", READY, guest, healthy=True)
        assert not clinic.health().ready


async def test_the_result_of_an_earlier_run_is_not_the_new_one_s(clinic: Clinic) -> None:
    asked = asyncio.Event()
    answer_now = asyncio.Event()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await answer_now.wait()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    patient = Probes.model_validate({"readiness": {"httpGet": {"port": 80}, "timeoutSeconds": 3600}})
    async with serving(late) as guest:
        clinic.prober.watch(key(), "run-1", patient, guest)
        await clinic.until(asked.is_set, "the probe is under way")
        clinic.prober.watch(key(), "run-2", patient, Loopback(None))
        tries = set(clinic.prober._tries)
        answer_now.set()
        await asyncio.wait(tries, timeout=5)
    assert not clinic.health().ready and clinic.told == []


async def test_an_address_that_comes_late_is_no_failure(clinic: Clinic) -> None:
    """With failureThreshold 1 a single failure would kill it."""
    deadly = Probes.model_validate({"liveness": {"httpGet": {"port": 80}, "failureThreshold": 1, "periodSeconds": 60}})
    guest, asked = Loopback(None), 0
    locate = guest.locate

    def counted(port: int) -> Endpoint | None:
        nonlocal asked
        asked += 1
        return locate(port)

    guest.locate = counted  # type: ignore[method-assign]
    async with serving(OK) as there:
        clinic.prober.watch(key(), "run-1", deadly, guest)
        await clinic.until(lambda: asked > 5, "its address was looked for")
        assert clinic.health().alive and clinic.health().last_check is None
        guest.endpoint = there.endpoint
        await clinic.until(lambda: clinic.health().last_check is not None, "it was tried")
    assert clinic.health().alive


async def test_an_address_that_never_comes_is_a_failure_per_period(clinic: Clinic) -> None:
    deadly = Probes.model_validate({"liveness": {"httpGet": {"port": 80}, "failureThreshold": 2}})
    clinic.prober.watch(key(), "run-1", deadly, Loopback(None))
    await clinic.until(lambda: not clinic.health().alive, "dead")
    assert 10 <= clinic.ahead <= 31, "two periods"


async def test_readiness_that_is_lost_is_told(clinic: Clinic) -> None:
    async with serving(OK) as guest:
        clinic.prober.watch(key(), "run-1", READY, guest)
        await clinic.until(lambda: clinic.health().ready, "ready")
        guest.endpoint = unused_endpoint()
        await clinic.until(lambda: not clinic.health().ready, "not ready")
    assert clinic.told == [key(), key()] and clinic.health().was_ready


async def test_every_try_is_told(clinic: Clinic) -> None:
    both = Probes.model_validate({"startup": {"tcpSocket": {"port": 80}}, "readiness": {"httpGet": {"port": 80}}})
    async with serving(OK) as guest:
        clinic.prober.watch(key(), "run-1", both, guest)
        await clinic.until(lambda: clinic.health().ready, "ready")
        guest.endpoint = unused_endpoint()
        await clinic.until(lambda: not clinic.health().ready, "not ready")
    assert clinic.tried == [
        ("startup", True),
        *clinic.tried.count(("readiness", True)) * [("readiness", True)],
        *3 * [("readiness", False)],
    ]


async def test_another_reason_is_told(clinic: Clinic) -> None:
    async with serving(says(b"HTTP/1.1 503 Busy\r\n\r\n")) as guest:
        there, guest.endpoint = guest.endpoint, unused_endpoint()
        clinic.prober.watch(key(), "run-1", READY, guest)
        await clinic.until(lambda: clinic.health().message == "connection refused", "refused")
        guest.endpoint = there
        await clinic.until(lambda: clinic.health().message == "HTTP 503", "busy")
    assert clinic.told == [key(), key()]


async def test_what_is_forgotten_is_not_tried(clinic: Clinic) -> None:
    asked = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await OK(reader, writer)

    async with serving(count) as guest:
        clinic.prober.watch(key(1), "run-1", READY, guest)
        clinic.prober.watch(key(2), "run-1", READY, Loopback(unused_endpoint()))
        await clinic.until(lambda: clinic.health(1).ready, "ready")
        clinic.prober.forget(key(1))
        assert clinic.prober.health(key(1)) is None
        before = asked
        clinic.turn(100)
        await clinic.until(lambda: clinic.health(2).last_check, "another was tried meanwhile")
        assert asked == before


async def test_a_try_longer_than_its_period_is_not_begun_twice(clinic: Clinic) -> None:
    under_way = most = asked = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most, asked
        under_way, asked = under_way + 1, asked + 1
        most = max(most, under_way)
        await reader.read()
        under_way -= 1

    hasty = Probes.model_validate({"readiness": {"httpGet": {"port": 80}, "timeoutSeconds": 5, "periodSeconds": 1}})
    async with serving(slow) as guest:
        clinic.prober.watch(key(), "run-1", hasty, guest)
        await clinic.until(lambda: asked >= 3, "tried three times")
    assert most == 1


async def test_a_thousand_at_once(clinic: Clinic) -> None:
    under_way = most = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await OK(reader, writer)
        under_way -= 1

    patient = Probes.model_validate({"readiness": {"httpGet": {"port": 80}, "timeoutSeconds": 3600}})
    async with serving(count) as guest:
        for number in range(1000):
            clinic.prober.watch(key(number), "run-1", patient, guest)
        clinic.turn(2)  # all are due now
        await clinic.until(lambda: len(clinic.told) == 1000, "all are ready")
    assert all(clinic.health(number).ready for number in range(1000))
    assert 1 < most <= AT_ONCE


async def test_closing_ends_what_is_under_way(clinic: Clinic) -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()

    patient = Probes.model_validate({"readiness": {"httpGet": {"port": 80}, "timeoutSeconds": 3600}})
    async with serving(silent) as guest:
        clinic.prober.watch(key(), "run-1", patient, guest)
        await clinic.until(asked.is_set, "the probe is under way")
        await asyncio.wait_for(clinic.prober.close(), 5)
    assert clinic.prober.health(key()) is None and not clinic.prober._tries
