"""What the operator remembers of one machine, brought up to date with what was just observed. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..backoff import HEALTHY
from ..observed import Memory, ObservedDomain


def recall(memory: Memory, domain: ObservedDomain | None, now: float) -> Memory:
    """``now`` in seconds on the monotonic clock, so that a jump of the wall clock changes nothing."""
    running = domain is not None and domain.state.active
    if running:
        if memory.running_since is None:
            return replace(memory, running_since=now)
        if memory.ended and now - memory.running_since >= HEALTHY:
            return replace(memory, ended=0)
        return memory
    if memory.running_since is None:
        return memory if memory.shutdown_since is None else replace(memory, shutdown_since=None, shutdown_asked=None)
    asked = memory.shutdown_since is not None or domain is None or domain.managed_save
    healthy = now - memory.running_since >= HEALTHY
    return replace(
        memory,
        running_since=None,
        shutdown_since=None,
        shutdown_asked=None,
        ended=0 if asked else 1 if healthy else memory.ended + 1,
        last_end=None if asked else now,
    )


def healthy_in(memory: Memory, now: float) -> float | None:
    """Seconds until the count of ends is forgotten; None when there is nothing to forget."""
    if not memory.ended or memory.running_since is None:
        return None
    return max(0.0, memory.running_since + HEALTHY - now)
