"""Waiting for conditions, never for time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

STILL = 1.0
"""Seconds by which a pause may last longer than it was to: beyond that the whole machine stood still, which is nobody's fault."""


def free_port() -> int:
    """Returns a TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(predicate: Callable[[], T], timeout: float, what: str, interval: float = 0.05) -> T:
    """Polls until the predicate returns something true, and returns that.

    An exception in the predicate counts as "not yet" and is named in the failure; `timeout` and `interval` are seconds, without
    those in which the machine stood still.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            last: object = predicate()
            if last:
                return last  # type: ignore[return-value]
        except Exception as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}; last seen: {last!r}")
        before = time.monotonic()
        time.sleep(interval)
        if (late := time.monotonic() - before - interval) > STILL:
            deadline += late
