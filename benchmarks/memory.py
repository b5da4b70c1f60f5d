"""Resident memory of `homeostat up --no-api`, the program itself. With the test driver the domains of libvirt live in it too."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from benchmarks import fleet, plain
from benchmarks.living import RUNNING_COUNT
from benchmarks.measure import DEADLINE, in_child, peak_mb, room, rss_mb, say
from benchmarks.result import Result

DEFAULT = 1000
BUDGET = "<= 120 MB at 1,000, <= 300 MB at 10,000"


def measure(count: int) -> Result:
    with room() as place:
        empty, _ = _grown(place / "one", 1)
        say(f"memory: {empty:.0f} MB with one machine; now {count}")
        full, peak = _grown(place / "all", count)
        say("memory: the same domains by a plain loop")
        libvirts = in_child(plain.loop, str(place), in_child(plain.definition, str(place / "sample")), count)["test_driver_mb"]
    more = {
        "peak_mb": peak,
        "one_machine_mb": empty,
        "kb_per_vm": (full - empty) * 1000 / count,
        "test_driver_mb": libvirts,
        "without_test_driver_mb": full - libvirts,
    }
    return Result("memory", count, full, "MB", BUDGET, more=more)


def _grown(place: Path, count: int) -> tuple[float, float]:
    """Returns the MB once all machines run, and the most that it took until then."""
    fleet.write_machines(place / "vms", count)
    state = place / "state"
    command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(state), "--connect", fleet.node(place)]
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
