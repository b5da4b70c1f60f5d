"""Machines with a screen on real QEMU, an operator, and an API server whose worker has a process of its own, to be measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measure import DEADLINE, say
from tests.e2e.homeostat import Homeostat, idle
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import free_port, wait_until

SIZE = (720, 400)  # of what firmware without anything to boot shows


@dataclass(frozen=True, slots=True)
class Screens:
    home: Homeostat
    names: list[str]
    http: httpx.Client
    worker: int  # pid


@contextmanager
def screens(count: int, options: tuple[str, ...] = (), **display: Any) -> Iterator[Screens]:
    """Yields machines that run, and their API server."""
    names = [f"m{number}" for number in range(count)]
    say(f"screens: starting a libvirtd, and {count} machines")
    with Libvirtd() as rig:
        home, port = Homeostat(rig), free_port()
        try:
            for name in names:
                home.write(name, idle(display={"video": "vga", **display}))
            home.start()
            home.wait_ready(*names, timeout=DEADLINE)
            where = ("--dir", str(home.folder), "--state", str(home.state), "--bind", f"127.0.0.1:{port}")
            with (
                _process([sys.executable, "-m", "homeostat_api", *where, *options]) as pid,
                httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE) as http,
            ):
                wait_until(lambda: http.get("/readyz").status_code == 200, DEADLINE, "the API is ready")
                (worker,) = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
                yield Screens(home, names, http, worker)
        finally:
            home.close()


@contextmanager
def _process(command: list[str]) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def cpu_seconds(pid: int) -> float:
    """Returns the CPU time of a process so far, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
