"""Whether the wall clock is to be believed.

A computer may start with a wrong one, until it has asked a time server, and a clock may be put forward for a moment. What goes
for good by its time waits until the clock has gone evenly for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable

JUMP = 60.0  # seconds between wall clock and time since boot from one look to the next
HOLD = 600.0  # seconds; a time server is asked within the first ones


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # it goes on while the computer sleeps


class SteadyTime:
    """Compares the wall clock with the time since boot, at each look. It knows of nothing before the first one."""

    def __init__(self, wall: Callable[[], float] = time.time, since_boot: Callable[[], float] = _since_boot) -> None:
        self._wall = wall
        self._since_boot = since_boot
        self._ahead: float | None = None
        self._since = 0.0

    def steady(self, hold: float = HOLD) -> bool:
        """Looks, and tells whether the wall clock has gone evenly for ``hold`` seconds, and for ``HOLD`` at the most."""
        boot = self._since_boot()
        ahead = self._wall() - boot
        if self._ahead is None or abs(ahead - self._ahead) > JUMP:
            self._since = boot
        self._ahead = ahead
        return boot - self._since >= min(hold, HOLD)
