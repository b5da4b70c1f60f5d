"""The operator's own time, which stands still while it does not run: stopped, starved, blocked, or on a host that sleeps.

Grace periods, backoffs, probes and deadlines are measured on it: what did not happen while nobody looked is nobody's failure.
What others rely on, such as a lease, is not: it needs a clock that goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

TICK = 0.25  # seconds between looks at the clocks
PAUSE = 0.5  # seconds without a look that are taken for a pause; below that, a loop is merely busy
PAUSES = 64  # so many are remembered, the last ones
READ_FIRST = 8  # rounds of the event loop in which an answer that has come is read; over TLS it takes about five


class OwnClock:
    """Of one event loop. Without ``ticking`` it knows of no pauses."""

    def __init__(self) -> None:
        self._ticking = False
        self._seen = self._seen_wall = 0.0  # by the loop's clock, which is monotonic, and by the wall clock
        self._lost = 0.0
        self._pauses: deque[tuple[float, float]] = deque(maxlen=PAUSES)  # seconds since the epoch: begin, end

    def now(self) -> float:
        """Seconds that we ran, from some moment on. A pause that nobody has noticed yet is noticed by asking."""
        self._read()
        return self._seen - self._lost

    @property
    def lost(self) -> float:
        """Seconds that were taken out so far."""
        self._read()
        return self._lost

    def put_off(self, then: float) -> float:
        """A moment (seconds since the epoch), later by as much as we have paused since then: what is due some time after it is
        due so much later."""
        self._read()
        return then + sum(max(0.0, min(end, self._seen_wall) - max(begin, then)) for begin, end in self._pauses)

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Like asyncio.timeout, but in our own time, and what has come by then is read before that is judged.

        Raises:
            TimeoutError: it takes longer.
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
        """Looks at the clocks all the time, so that a gap between two looks is a pause."""
        loop = asyncio.get_running_loop()
        timer: asyncio.Handle | None = None

        def tick() -> None:
            nonlocal timer
            self._read()
            timer = loop.call_later(TICK, tick)

        tick()
        self._ticking = True
        try:
            yield
        finally:
            self._ticking = False
            if timer is not None:
                timer.cancel()

    def _read(self) -> None:
        """The monotonic clock stands still while the host sleeps; the wall clock does not, but it may be set, either way."""
        seen, wall = asyncio.get_running_loop().time(), time.time()
        if self._ticking and seen - self._seen > PAUSE:
            self._lost += seen - self._seen - TICK
        if self._ticking and wall - self._seen_wall > PAUSE:
            self._pauses.append((self._seen_wall, wall))
        if wall < self._seen_wall:
            self._pauses = deque((pause for pause in self._pauses if pause[1] <= wall), PAUSES)
        self._seen, self._seen_wall = seen, wall


def timestamp() -> str:
    """Now, fine enough that two commands in a row differ (RFC 3339, UTC)."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
