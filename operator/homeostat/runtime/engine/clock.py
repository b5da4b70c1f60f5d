"""The operator's own time. It stands still while the operator does not run: stopped, starved, blocked, or on a host that sleeps.

Grace periods, backoffs, probes and deadlines are measured in it: what did not happen during a pause is no failure. What others
rely on, such as a lease, is not measured in it and needs a clock that goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

TICK = 0.25  # seconds between two readings of the clocks
PAUSE = 0.5  # seconds between two readings that count as a pause; below that, a loop is only busy
PAUSES = 64  # how many of the last pauses are remembered, and how many times at which the wall clock was set back
JUMP = 30.0  # seconds by which the wall clock jumps so that whoever waits for a time of day has to look again
READ_FIRST = 8  # rounds of the event loop in which an answer that has arrived is read; over TLS that takes about five


class OwnClock:
    """The own time of one event loop. Without ``ticking`` it knows no pauses."""

    def __init__(self, jumped: Callable[[], None] = lambda: None) -> None:
        """Takes what is called once the wall clock was set, in either direction, or the host has slept."""
        self._jumped = jumped
        self._ticking = False
        self._seen = self._seen_wall = 0.0  # by the loop's monotonic clock, and by the wall clock
        self._lost = 0.0
        self._pauses: deque[tuple[float, float]] = deque(maxlen=PAUSES)  # seconds since the epoch: begin and end
        self._set_back: deque[tuple[float, float]] = deque(maxlen=PAUSES)  # the wall clock: from when, and to when

    def now(self) -> float:
        """Returns the seconds that we ran, from some moment on. This also notices a pause that nothing has noticed yet."""
        self._read()
        return self._seen - self._lost

    @property
    def lost(self) -> float:
        """Returns the seconds of all pauses so far."""
        self._read()
        return self._lost

    @property
    def even(self) -> bool:
        """Whether the wall clock went on as we did, as far as we know: then no moment is put off."""
        self._read()
        return not self._pauses and all(before <= self._seen_wall for before, _ in self._set_back)

    def put_off(self, then: float) -> float:
        """Returns a moment (seconds since the epoch), later by what we have paused since then. So whatever is due some time after
        it becomes due later. A moment that is yet to come, since the wall clock was set back, is put where it is by the clock of
        now."""
        self._read()
        then = self._by_the_clock_of_now(then)
        lost = 0.0
        for begin, end in reversed(self._pauses):  # the last one comes first
            if end <= then:
                break
            lost += max(0.0, min(end, self._seen_wall) - max(begin, then))
        return then + lost

    def _by_the_clock_of_now(self, then: float) -> float:
        while then > self._seen_wall:
            step = next((step for step in reversed(self._set_back) if then <= step[0]), None)
            if step is None:
                break
            then -= step[0] - step[1]
        return then

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Limits the time like asyncio.timeout, but in our own time. What has arrived by then is read before the limit is
        checked.

        Raises:
            TimeoutError: it took longer.
        """
        loop, end = asyncio.get_running_loop(), self.now() + seconds
        async with asyncio.timeout(None) as limit:
            timer: asyncio.Handle | None = None

            def judge(rounds: int = READ_FIRST) -> None:
                nonlocal timer
                if (left := end - self.now()) > 0:
                    timer = loop.call_later(left, judge)
                elif rounds:
                    timer = loop.call_soon(judge, rounds - 1)
                else:
                    limit.reschedule(loop.time())

            timer = loop.call_later(seconds, judge)
            try:
                yield
            finally:
                timer.cancel()

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Reads the clocks all the time, so that a gap between two readings is noticed as a pause."""
        loop = asyncio.get_running_loop()
        timer: asyncio.Handle | None = None

        def tick() -> None:
            nonlocal timer
            self._read()
            timer = loop.call_at(next_moment(TICK), tick)

        tick()
        self._ticking = True
        try:
            yield
        finally:
            self._ticking = False
            if timer is not None:
                timer.cancel()

    def _read(self) -> None:
        """Reads both clocks. The monotonic clock stands still while the host sleeps. The wall clock does not, but it can be set,
        in both directions."""
        seen, wall = asyncio.get_running_loop().time(), time.time()
        jumped = self._ticking and abs(wall - self._seen_wall - (seen - self._seen)) > JUMP
        if self._ticking and seen - self._seen > PAUSE:
            self._lost += seen - self._seen - TICK
        if self._ticking and wall - self._seen_wall > PAUSE:
            self._pauses.append((self._seen_wall, wall))
        if self._ticking and self._seen_wall - wall > PAUSE:
            self._set_back.append((self._seen_wall, wall))
        if wall < self._seen_wall:
            self._pauses = deque((pause for pause in self._pauses if pause[1] <= wall), PAUSES)
        self._seen, self._seen_wall = seen, wall
        if jumped:
            self._jumped()


def next_moment(period: float) -> float:
    """Returns the next moment, on the loop's clock, that is a whole multiple of ``period`` seconds. Whatever waits for such
    moments wakes the process once for all: at rest, waking up is most of what it costs."""
    return (asyncio.get_running_loop().time() // period + 1) * period


def timestamp() -> str:
    """Returns the time as RFC 3339 in UTC, fine enough that two calls in a row differ."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
