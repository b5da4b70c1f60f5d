"""Waiting for conditions, never for time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from tests.rig.claims import in_turn

T = TypeVar("T")

STILL = 1.0
"""Seconds by which a pause may last longer than it was to: beyond that the whole machine stood still, which is nobody's fault."""


PORTS = range(22000, 32000)
"""Ports that the kernel gives to nobody by itself (its ip_local_port_range begins at 32768)."""


def free_port() -> int:
    """Returns a TCP port on 127.0.0.1 that is free, and stays so until its caller binds it: nobody else is given it before
    thousands of others."""
    for _ in PORTS:
        port = in_turn("ports", PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free on 127.0.0.1")


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
