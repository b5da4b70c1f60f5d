"""When to start a machine again that ended unasked: at once, then after 10, 20, 40 … 300 s (Kubernetes' CrashLoopBackOff)."""

from __future__ import annotations

FIRST = 10.0  # seconds, before the second restart
LONGEST = 300.0
HEALTHY = 600.0  # seconds of running after which the count starts again


def restart_delay(ended: int) -> float:
    """Returns the seconds to wait after the ``ended``-th end in a row that nobody asked for (from 1)."""
    if ended <= 1:
        return 0.0
    return min(FIRST * 2.0 ** min(ended - 2, 16), LONGEST)
