"""What says nothing of the guest counts for nothing: a try in a pause of ours (CHAOS 6), and one while its host is away."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from homeostat.driver.errors import HostUnreachable
from homeostat.models.probe import Probe
from homeostat.runtime.machine.probing.attempt import attempt
from tests.unit.probed import Loopback, serving, silent
from tests.unit.runtime.machine.test_probing_many import OK, READY, Clinic, clinic, key

__all__ = ["clinic"]  # the fixture


async def test_a_failure_in_a_long_pause_counts_for_nothing(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """With failureThreshold 1."""
    async with serving(OK) as guest:
        clinic.prober.watch(key(), "run-1", READY, guest)
        await clinic.until(lambda: clinic.health().ready, "ready")
    tries = len(clinic.tried)
    clock = clinic.prober._clock
    asked: list[float] = []

    def lost(self: object) -> float:
        asked.append(0.0)
        return 100.0 if len(asked) % 2 == 0 else 0.0

    monkeypatch.setattr(type(clock), "lost", property(lost))
    await clinic.until(lambda: len(asked) >= 6, "tried three times, and refused")
    assert clinic.health().ready and len(clinic.tried) == tries
    monkeypatch.setattr(type(clock), "lost", property(lambda self: 0.0))
    await clinic.until(lambda: not clinic.health().ready, "without pauses it is what it is")


async def test_a_guest_whose_host_is_away_is_not_tried(clinic: Clinic) -> None:
    async with serving(OK) as guest:
        clinic.prober.watch(key(), "run-1", READY, guest)
        await clinic.until(lambda: clinic.health().ready, "ready")
        guest.reachable, guest.endpoint, tries = False, None, len(clinic.tried)
        for _ in range(100):
            clinic.turn(0.5)
            await asyncio.sleep(0)
        assert clinic.health().ready and len(clinic.tried) == tries
        guest.reachable = True
        await clinic.until(lambda: not clinic.health().ready, "it is asked again, and has no address")


async def test_a_host_that_goes_away_during_a_try_spoils_it(clinic: Clinic) -> None:
    async with serving(OK) as guest:
        clinic.prober.watch(key(), "run-1", READY, guest)
        await clinic.until(lambda: clinic.health().ready, "ready")
    async with serving(silent) as mute:
        guest.endpoint = mute.endpoint
        await clinic.until(lambda: clinic.prober._subjects[key()].trying, "a try is under way")
        guest.reachable = False
        await clinic.until(lambda: not clinic.prober._subjects[key()].trying, "it has ended")
    assert clinic.health().ready


async def test_an_agent_that_cannot_be_asked_without_libvirt_says_nothing() -> None:
    class Away(Loopback):
        async def ping(self, timeout: float) -> None:
            raise HostUnreachable("libvirt does not answer")

    ping = Probe.model_validate({"guestAgentPing": {}})
    assert not (await attempt(ping, Away(None))).counts
    assert (await attempt(ping, Loopback(None, agent=False))).counts
    assert replace(await attempt(ping, Loopback(None, agent=True))).ok
