"""Probes all running machines that want it, in parallel, and reports when the health of one changes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from homeostat.models.base import Key
from homeostat.models.probe import Probe, Probes
from homeostat.planner.observed import ProbedHealth, same_run

from ...engine.clock import OwnClock, timestamp
from .attempt import Guest, Result, attempt, by_agent
from .counting import NAMES, ProbeCounts

NOWHERE = 1.0  # seconds between checks for the address of a guest that has none yet
SPOILT = 0.5  # share of its time limit: where we paused for longer during a try, its failure does not count
AT_ONCE = 256  # tries over the network under way at the same time


@dataclass(slots=True)
class _Subject:
    """One run of one machine."""

    run: str
    probes: Probes
    guest: Guest
    tally: ProbeCounts
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    trying: set[str] = field(default_factory=set)  # the probes that are being tried now

    def stop(self) -> None:
        for timer in self.timers.values():
            timer.cancel()


class Prober:
    """Probes machines, for one event loop. Each probe has a timer, and there is no task while nothing is being tried. ``tried``
    receives each try: the name of the probe, and whether it succeeded."""

    def __init__(
        self,
        changed: Callable[[Key], None],
        tried: Callable[[str, bool], None] = lambda probe, ok: None,
        clock: OwnClock | None = None,
    ) -> None:
        self._changed, self._tried = changed, tried
        self._clock = clock or OwnClock()
        self._subjects: dict[Key, _Subject] = {}
        self._tries: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)

    def watch(self, key: Key, run: str, probes: Probes, guest: Guest, healthy: bool = False) -> None:
        """Starts to probe a run, and starts again for another run or other probes. Otherwise it changes nothing. ``healthy``:
        this run was healthy when an earlier operator probed it last."""
        known = self._subjects.get(key)
        if known is not None and same_run(known.run, run) and known.probes == probes:
            known.run = run  # the pid in it can be read by now
            return
        self.forget(key)
        subject = self._subjects[key] = _Subject(run, probes, guest, ProbeCounts.begin(probes, healthy and known is None))
        for name in NAMES:
            probe: Probe | None = getattr(probes, name)
            if probe is not None:
                # As the kubelet does, so that a thousand machines are not probed at the same moment.
                spread = random.random()  # seconds: no period is shorter
                self._schedule(key, subject, name, probe, probe.initial_delay_seconds + spread)

    def forget(self, key: Key) -> None:
        if subject := self._subjects.pop(key, None):
            subject.stop()

    def health(self, key: Key) -> ProbedHealth | None:
        """Returns the health. None: nothing is probed."""
        subject = self._subjects.get(key)
        return subject.tally.health(subject.probes) if subject else None

    async def close(self) -> None:
        for key in list(self._subjects):
            self.forget(key)
        for task in self._tries:
            task.cancel()
        await asyncio.gather(*self._tries, return_exceptions=True)

    def _schedule(self, key: Key, subject: _Subject, name: str, probe: Probe, after: float, waited: float = 0.0) -> None:
        loop = asyncio.get_running_loop()
        subject.timers[name] = loop.call_later(after, self._begin, key, subject, name, probe, waited)

    def _begin(self, key: Key, subject: _Subject, name: str, probe: Probe, waited: float = 0.0) -> None:
        due = subject.tally.due(name)
        if due and waited + NOWHERE < probe.period_seconds and _nowhere(probe, subject.guest):
            # It has no address yet, which is not the guest's failure: try again soon, within this period.
            self._schedule(key, subject, name, probe, NOWHERE, waited + NOWHERE)
            return
        self._schedule(key, subject, name, probe, probe.period_seconds)
        if not due or name in subject.trying or not subject.guest.can_be_asked():
            return  # as in the kubelet, a probe that takes longer than its period skips tries
        subject.trying.add(name)
        task = asyncio.ensure_future(self._try(key, subject, name, probe))
        self._tries.add(task)
        task.add_done_callback(self._tries.discard)

    async def _ask(self, probe: Probe, guest: Guest) -> Result:
        """Tries a probe. A failure does not count where the host went away, or where we did not run for long."""
        # Guest agents have limits of their own, and slow ones must not delay other probes.
        async with contextlib.nullcontext() if by_agent(probe) else self._slots:
            lost = self._clock.lost
            result = await attempt(probe, guest, self._clock.within)
        paused = self._clock.lost - lost >= SPOILT * probe.timeout_seconds
        return replace(result, counts=result.ok or (result.counts and guest.can_be_asked() and not paused))

    async def _try(self, key: Key, subject: _Subject, name: str, probe: Probe) -> None:
        try:
            result = await self._ask(probe, subject.guest)
        finally:
            subject.trying.discard(name)
        if self._subjects.get(key) is not subject or not result.counts:
            return  # the machine was stopped or restarted meanwhile, or the result says nothing about it
        self._tried(name, result.ok)
        before = subject.tally.health(subject.probes)
        subject.tally = subject.tally.after(name, probe, result, timestamp())
        after = subject.tally.health(subject.probes)
        turned = (before.started, before.ready, before.alive) != (after.started, after.ready, after.alive)
        if turned or (not after.ready and before.message != after.message):  # a new reason why it is not ready is reported too
            self._changed(key)


def _nowhere(probe: Probe, guest: Guest) -> bool:
    asked = probe.http_get or probe.tcp_socket
    return asked is not None and guest.locate(asked.port) is None
