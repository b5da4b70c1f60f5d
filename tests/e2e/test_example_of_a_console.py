"""The program of examples/console: it types a command in a guest, and prints what that answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from tests.e2e.homeostat import Homeostat, guest
from tests.rig.guest import BOOT_TIMEOUT
from tests.rig.waiting import free_port, wait_until

PROGRAM = Path(__file__).parents[2] / "examples/console/run.py"
NAME = "line"


def test_a_command_is_run(town: Homeostat) -> None:
    port = free_port()
    assert town.image is not None
    town.write(NAME, guest(town.image, nics=[]))
    town.start("--bind", f"127.0.0.1:{port}")
    wait_until(lambda: "built-in shell" in town.console(NAME), BOOT_TIMEOUT, "the guest has a shell on its line")
    server = f"http://127.0.0.1:{port}"
    wait_until(lambda: httpx.get(f"{server}/readyz").status_code == 200, 60, "the API is ready")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), server, NAME, "echo $((6*7)); cat /proc/version"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    answer, version = done.stdout.strip().splitlines()
    assert answer == "42" and version.startswith("Linux version")
