"""A machine made over REST runs; kill -9 of the API takes nothing down, and the API comes back by itself (invariant 4)."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx

from tests.e2e.homeostat import Homeostat, idle
from tests.rig import processes
from tests.rig.waiting import free_port, wait_until


def api_pids(homeostat: Homeostat) -> list[int]:
    """Children of the operator that serve the API."""
    found = Path(f"/proc/{homeostat.pid}/task/{homeostat.pid}/children").read_text().split()
    return [int(pid) for pid in found if "api" in processes.command_of(int(pid))]


def test_it_comes_back_and_machines_run_on(homeostat: Homeostat) -> None:
    port = free_port()
    homeostat.written["rested"] = idle()
    homeostat.start("--bind", f"127.0.0.1:{port}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 30, "the API is ready")
        made = http.post("/api/v1/vms", json={"name": "rested", "spec": idle()})
        assert made.status_code == 201, made.text
        homeostat.wait_ready("rested")
        run = homeostat.status("rested").run
        assert http.get("/api/v1/vms/rested").json()["status"] == "running"
        (before,) = wait_until(lambda: api_pids(homeostat), 10, "the API's process is there")
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: api_pids(homeostat) not in ([], [before]), 30, "another API runs")
        wait_until(lambda: http.get("/api/v1/vms/rested").json()["status"] == "running", 30, "it answers")
    assert homeostat.status("rested").run == run
    assert homeostat.count("rested", "Started") == 1
    assert homeostat.stop() == 0
