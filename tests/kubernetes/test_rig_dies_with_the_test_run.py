"""A test run that is killed leaves no control plane behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.rig.waiting import wait_until


def test_no_program_outlives_a_killed_test_run(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.rig.kubernetes.plane", "--dir", str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    with run.stdout as said:
        assert said.readline().strip().startswith(str(tmp_path))
    assert programs_of(tmp_path) >= {"etcd", "kube-apiserver"}

    run.send_signal(signal.SIGKILL)
    run.wait(10)

    wait_until(lambda: not programs_of(tmp_path), 10, "nothing of the control plane runs")


def programs_of(directory: Path) -> set[str]:
    """The names of the programs that work in a folder."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink() == directory:
                found.add(Path((link.parent / "cmdline").read_bytes().split(b"\0")[0].decode()).name)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found
