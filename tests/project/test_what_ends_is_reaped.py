"""What a program of the rig leaves behind is reaped at once when it ends, and its reaper stays until all have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.rig.processes import alive
from tests.rig.waiting import wait_until

REAPER = Path(__file__).parents[1] / "rig" / "reaper.py"
LEAVES_ONE = 'sleep 100 & echo "$!" >left; exec sleep 100'


def test_what_is_left_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-IS", str(REAPER), "sh", "-c", LEAVES_ONE]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as reaper:
        assert reaper.stdout is not None
        first = int(reaper.stdout.readline())
        wait_until(lambda: (tmp_path / "left").exists() and (tmp_path / "left").read_text(), 10, "the other one runs")
        left = int((tmp_path / "left").read_text())
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{first}").exists(), 10, "the first one is gone, and no zombie")
        assert alive(left) and reaper.poll() is None
        os.kill(left, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{left}").exists(), 10, "so is what it left behind")
        assert reaper.wait(10) == 0


def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-IS", str(REAPER), "/nowhere/program"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert "No such file or directory" in done.stderr and done.stdout.strip().isdigit()
