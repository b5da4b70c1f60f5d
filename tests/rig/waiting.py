"""Waiting for conditions, never for time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tests.rig.claims import in_turn

T = TypeVar("T")

STILL = 1.0
"""Seconds by which a pause may last longer than it was to: beyond that the whole machine stood still, which is nobody's fault."""
CROWDED = 5.0
"""How often longer a wait lasts, at the most, where something waits for a processor all the time."""
PRESSURE = Path("/proc/pressure/cpu")
"""The kernel's account of it: https://docs.kernel.org/accounting/psi.html."""

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


class Patience:
    """Some seconds, which pass slower while the machine is crowded, and not at all while it stands still.

    So a deadline says what the work needs, and what else runs does not make it a failure.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun, self._waited, self._still = time.monotonic(), _waited(), 0.0

    @property
    def over(self) -> bool:
        passed = time.monotonic() - self._begun - self._still
        waited = min(max(_waited() - self._waited, 0.0), passed)
        return passed - waited * (1 - 1 / CROWDED) > self._seconds

    def stood_still(self, seconds: float) -> None:
        """Takes off what nobody could use."""
        self._still += seconds


def _waited() -> float:
    """Returns the seconds since the start of the machine in which something waited for a processor; 0 where no kernel says so."""
    try:
        some = PRESSURE.read_text(encoding="ascii").partition("\n")[0]
    except OSError:
        return 0.0
    return int(some.rpartition("total=")[2]) / 1e6


def wait_until(predicate: Callable[[], T], timeout: float, what: str, interval: float = 0.05) -> T:
    """Polls until the predicate returns something true, and returns that.

    An exception in the predicate counts as "not yet" and is named in the failure. `interval` is in seconds, and so is `timeout`,
    as Patience counts them.
    """
    patience = Patience(timeout)
    while True:
        try:
            last: object = predicate()
            if last:
                return last  # type: ignore[return-value]
        except Exception as error:
            last = error
        if patience.over:
            raise AssertionError(f"not within {timeout:g} s: {what}; last seen: {last!r}")
        before = time.monotonic()
        time.sleep(interval)
        if (late := time.monotonic() - before - interval) > STILL:
            patience.stood_still(late)


class Process(Protocol):
    """What a Popen and a Program have."""

    args: Any

    def poll(self) -> int | None: ...


def ended(process: Process, timeout: float, what: str = "") -> int:
    """Returns the exit code of a process once it has ended. `timeout`: seconds, as Patience counts them."""
    wait_until(lambda: process.poll() is not None, timeout, what or f"the end of {process.args!r}", interval=0.01)
    code = process.poll()
    assert code is not None
    return code
