"""Resident memory of `homeostat up --no-api`, the program itself. The test driver's hosts live in a libvirtd, as every other
driver's do (needs root); ``in_program_mb`` is what it takes when they live in the program, too."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks import fleet
from benchmarks.living import RUNNING_COUNT
from benchmarks.measure import DEADLINE, peak_mb, room, rss_mb, say
from benchmarks.result import Result
from tests.rig.libvirtd import Libvirtd

DEFAULT = 1000
BUDGET = "<= 120 MB at 1,000, <= 300 MB at 10,000"


def measure(count: int) -> Result:
    with room() as place, Libvirtd() as rig:

        def remote(folder: Path) -> str:
            return f"{fleet.node(folder).replace('test:', 'test+unix:')}?socket={rig.socket}"

        empty, _ = _grown(place / "one", 1, remote)
        say(f"memory: {empty:.0f} MB with one machine; now {count}")
        full, peak = _grown(place / "all", count, remote)
        say(f"memory: {full:.0f} MB; now with the test driver in the program")
        inside, _ = _grown(place / "inside", count, fleet.node)
    more = {"peak_mb": peak, "one_machine_mb": empty, "kb_per_vm": (full - empty) * 1000 / count, "in_program_mb": inside}
    return Result("memory", count, full, "MB", BUDGET, more=more)


def _grown(place: Path, count: int, host: Callable[[Path], str]) -> tuple[float, float]:
    """Returns the MB once all machines run, and the most that it took until then. ``host`` makes a host and returns its URI."""
    fleet.write_machines(place / "vms", count)
    state = place / "state"
    command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(state), "--connect", host(place)]
    with (place / "up.log").open("wb") as log:
        process = subprocess.Popen([*command, "up", str(place / "vms"), "--no-api"], stdout=log, stderr=log)
    try:
        _wait_running(process, state / "index.sqlite", count, place / "up.log")
        return rss_mb(process.pid), peak_mb(process.pid)
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_running(process: subprocess.Popen[bytes], index: Path, count: int, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"homeostat up has ended:\n{log.read_text()[-2000:]}")
        if index.exists() and _running(index) == count:
            return
        time.sleep(0.2)
    raise TimeoutError(f"{count} machines were not Running within {DEADLINE:g} s:\n{log.read_text()[-2000:]}")


def _running(index: Path) -> int:
    with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True, timeout=10)) as database:
        try:
            return int(database.execute(RUNNING_COUNT, ("Running",)).fetchone()[0])
        except sqlite3.OperationalError:  # no tables yet
            return 0
