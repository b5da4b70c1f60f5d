"""Whenever a status says Running, that very QEMU has been seen; whenever it says off, none runs (invariant 7)."""

from __future__ import annotations

import threading

from tests.e2e.homeostat import Homeostat, idle, key_of
from tests.rig import processes

NAME = "honest"


def test_sampled_through_starts_and_stops(homeostat: Homeostat) -> None:
    homeostat.write(NAME, idle(runStrategy="Manual", power="Stopped"))
    homeostat.start()
    homeostat.wait_ready(NAME)
    done, lies = threading.Event(), list[str]()
    sampled = threading.Thread(target=lambda: lies.extend(sample(homeostat, done)))
    sampled.start()
    try:
        for power in ("Running", "Stopped", "Paused", "Stopped", "Running"):
            homeostat.edit(NAME, lambda spec, power=power: spec.update(power=power))  # type: ignore[misc]
            homeostat.wait_ready(NAME)
            wanted = {"Running": "running", "Paused": "paused", "Stopped": "shut off"}[power]
            assert homeostat.state_of(NAME) == wanted
            assert homeostat.status(NAME).state == power
    finally:
        done.set()
        sampled.join()
    assert lies == []


def sample(homeostat: Homeostat, done: threading.Event) -> list[str]:
    """Reads a status first and looks afterwards, so that what it claims must have been so before."""
    seen: set[int] = set()
    lies = []
    pid_file = homeostat.rig.directory / "run" / "qemu" / f"{NAME}.pid"
    while not done.is_set():
        row = homeostat.store.index.row(key_of(NAME))
        assert row is not None
        status = homeostat.store.resource(row).status  # type: ignore[attr-defined]
        pid = processes.read_pid(pid_file)
        if pid is not None and NAME in processes.command_of(pid):
            seen.add(pid)
        claims = {c.type for c in status.conditions if c.status == "True"} & {"Running"}
        if (claims or status.state in ("Running", "Paused")) and status.pid not in seen:
            lies.append(f"{status.state} {claims} as process {status.pid}, but seen were {seen}")
        if status.state == "Running" and "Running" not in claims:
            lies.append(f"{status.state}, but no condition Running")
        done.wait(0.002)
    return lies
