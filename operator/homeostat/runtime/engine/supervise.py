"""Long-lived tasks, none of which ends unnoticed.

When a task that is kept here dies, this is reported (log, metrics, /healthz, ``get``, the live table). It is started again, and
each time a little later. What has no task of its own (a thread, a child process, the index's file) calls ``failed`` and
``recovered``.

For the tests that kill each task once:

    HOMEOSTAT_TASK_FAULT="feed:0.5"    the task "feed" dies half a second after its first start, wherever it is then
    HOMEOSTAT_TASK_FAULT="*:0.5"       so does every task, once
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from homeostat.driver.errors import DriverError
from homeostat.driver.tasks import Keep

from .ports import StoreFailure

log = logging.getLogger(__name__)

VARIABLE = "HOMEOSTAT_TASK_FAULT"
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a task is started again, by how often it died in a row."""
STEADY = 5.0
"""Seconds that a task must run until it counts as working again."""
TAKING_IN, STATE = "take-in", "state"
"""Under these names failures are reported of taking the folder in, and of writing the index."""
UNATTENDED = "unattended"
"""Under this name failures are reported of short tasks and callbacks that nobody waits for."""

TaskBody = Callable[[], Awaitable[None]]


class Ended(Exception):
    """A task that should run for ever returned."""


class Killed(Exception):
    """A test killed the task."""


@dataclass(frozen=True, slots=True)
class Failing:
    """Something that fails, or failed until a moment ago."""

    task: str
    since: str  # RFC 3339, when it first failed
    error: str  # the last error, in words for people
    times: int = 1

    def __str__(self) -> str:
        often = f", {self.times} times" if self.times > 1 else ""
        return f"{self.task} fails since {self.since}{often}: {self.error}"

    def document(self) -> dict[str, Any]:
        return {"task": self.task, "since": self.since, "error": self.error, "times": self.times}


class Supervisor:
    """Keeps tasks running. There is one per process. Any thread may use it, and ``keep`` works on any loop."""

    def __init__(self, *, pauses: Sequence[float] = PAUSES, steady: float = STEADY, faults: str | None = None) -> None:
        self._pauses, self._steady = pauses, steady
        self._faults = _parse_faults(os.environ.get(VARIABLE, "") if faults is None else faults)
        self._guard = threading.Lock()
        self._failing: dict[str, Failing] = {}
        self._deaths: Counter[str] = Counter()
        self._running: Counter[str] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.on_recovery: Callable[[Failing], None] = lambda failing: None

    @property
    def failing(self) -> Sequence[Failing]:
        """Returns what fails, by name."""
        with self._guard:
            return sorted(self._failing.values(), key=lambda failing: failing.task)

    def fails(self, name: str) -> bool:
        return name in self._failing

    @property
    def running(self) -> Sequence[str]:
        """Returns the names of the tasks that are kept now."""
        with self._guard:
            return sorted(name for name, count in self._running.items() if count)

    @property
    def counted(self) -> Sequence[str]:
        """Returns the names of the tasks that died at least once."""
        with self._guard:
            return sorted(self._deaths)

    def deaths(self, name: str) -> int:
        with self._guard:
            return self._deaths[name]

    async def keep(
        self,
        name: str,
        job: TaskBody,
        *,
        stop: asyncio.Event | None = None,
        may_end: bool = False,
        passing: tuple[type[BaseException], ...] = (),
    ) -> None:
        """Runs ``job``, and runs it again where it dies, until we are cancelled or ``stop`` is set.

        ``may_end``: a job that returns has done its work. ``passing``: errors that are meant for our caller.
        """
        tries = 0
        self._count(name, 1)
        try:
            while True:
                began = asyncio.get_running_loop().time()
                error = await self._run_once(name, job, passing)
                if stop is not None and stop.is_set():
                    if error is not None:
                        log.warning("%s ended with: %r", name, error)
                    return
                if error is None and may_end:
                    return self.recovered(name)
                tries = 1 if asyncio.get_running_loop().time() - began > PAUSES[-1] else tries + 1
                pause = self._pauses[min(tries, len(self._pauses)) - 1]
                self.failed(name, error or Ended("it returned, though it should run for ever"), again=pause)
                if await _stopped_within(pause, stop):
                    return
        finally:
            self._count(name, -1)

    def named(self, prefix: str) -> Keep:
        """Returns ``keep`` for tasks of which a process has several: their names get the prefix."""

        async def keep(name: str, job: TaskBody, *, may_end: bool = False) -> None:
            await self.keep(prefix + name, job, may_end=may_end)

        return keep

    async def _run_once(self, name: str, job: TaskBody, passing: tuple[type[BaseException], ...]) -> Exception | None:
        """Returns what the job died of. None: it returned."""
        mended = asyncio.get_running_loop().call_later(self._steady, self.recovered, name)
        own = asyncio.current_task()
        try:
            await self._exposed(name, job)
        except passing:
            raise
        except asyncio.CancelledError as error:
            if own is None or own.cancelling():
                raise
            return Ended(f"something that it waited for was cancelled: {error}")  # nobody cancelled us, so it died too
        except Exception as error:
            return error
        finally:
            mended.cancel()
        return None

    async def _exposed(self, name: str, job: TaskBody) -> None:
        """Runs the job. Where a test asks for it, the job dies wherever it happens to be."""
        after = self._faults.pop(name, None) if name in self._faults else self._each_once(name)
        if after is None:
            await job()
            return
        try:
            async with asyncio.timeout(after) as limit:
                await job()
        except TimeoutError:
            if not limit.expired():
                raise
            raise Killed(f"killed by {VARIABLE}") from None

    def _each_once(self, name: str) -> float | None:
        return self._faults.get("*") if self._faults and not self.deaths(name) else None

    def failed(self, name: str, error: Exception, again: float | None = None, *, quiet: bool = False) -> None:
        """Counts and reports a failure. The log gets the same failure once. ``again``: seconds until the next try. ``quiet``: the
        caller logs it."""
        error = innermost(error)
        known = isinstance(error, (StoreFailure, DriverError, OSError, Killed, Ended))
        words = str(error) if known else f"unexpected {type(error).__name__}: {error}"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._guard:
            self._deaths[name] += 1
            before = self._failing.get(name)
            self._failing[name] = replace(before, error=words, times=before.times + 1) if before else Failing(name, now, words)
        if quiet:
            return
        if before is None or before.error != words:
            then = "" if again is None else f"; starting it again in {again:g} s, and so on"
            log.error("%s failed: %s%s", name, words, then)
            if not known:
                log.info("where %s failed:", name, exc_info=error)  # for a pod's log; `up` shows it with HOMEOSTAT_DEBUG=1
        else:
            log.debug("%s failed once more: %s", name, words)

    def teller(self, name: str) -> Callable[[Exception | None], None]:
        """Returns a callback for what reports its failures itself, and None when it works again."""
        return lambda error: self.recovered(name) if error is None else self.failed(name, error)

    def stumbled(self, name: str, error: Exception) -> None:
        """Reports, from any thread, a failure of something that went on by itself. It counts as working again unless it fails
        again soon."""
        self.failed(name, error)
        if self._loop is not None:
            with suppress(RuntimeError):  # the event loop has ended
                self._loop.call_soon_threadsafe(self._loop.call_later, self._steady, self.recovered, name)

    def recovered(self, name: str) -> None:
        """Reports that something works again. Does nothing where it did not fail."""
        with self._guard:
            failing = self._failing.pop(name, None)
        if failing is not None:
            log.warning("%s works again; it failed since %s", name, failing.since)
            self.on_recovery(failing)

    def attend(self, loop: asyncio.AbstractEventLoop) -> None:
        """Reports the failures of short tasks and callbacks on this loop too."""
        self._loop = loop
        loop.set_exception_handler(self._unattended)

    def _unattended(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, Exception):
            loop.default_exception_handler(context)
            return
        place = context.get("task") or context.get("future") or context.get("handle")
        log.info("%s (%s)", context.get("message"), place, exc_info=error)
        self.stumbled(UNATTENDED, error)

    def _count(self, name: str, step: int) -> None:
        """Counts the tasks of a name. A name that nobody keeps any more does not count as failing."""
        with self._guard:
            self._running[name] += step
            if not self._running[name]:
                self._failing.pop(name, None)


@asynccontextmanager
async def keeping(supervisor: Supervisor, name: str, job: TaskBody) -> AsyncIterator[None]:
    """Keeps ``job`` running meanwhile."""
    task = asyncio.create_task(supervisor.keep(name, job), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def innermost(error: Exception) -> Exception:
    """Returns the first error in a group of groups."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _parse_faults(text: str) -> dict[str, float]:
    """Reads the faults.

    Raises:
        ValueError: the text is not of the form name:seconds[,…].
    """
    pairs = (item.rpartition(":") for item in text.split(",") if item)
    return {name: float(seconds) for name, _, seconds in pairs}


async def _stopped_within(seconds: float, stop: asyncio.Event | None) -> bool:
    if stop is None:
        await asyncio.sleep(seconds)
        return False
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
