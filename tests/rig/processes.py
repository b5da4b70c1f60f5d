"""Processes known by their pid: alive, ended, gone."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from tests.rig.waiting import wait_until


def read_pid(path: Path) -> int | None:
    """Returns the pid in a pid file; None where there is no such file or it is not (yet) a number."""
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def command_of(pid: int) -> str:
    """Returns the command line of a process, '' for one that is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Tells whether the process runs; reaps it when it was our child."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        # Not the command line: it is empty for a moment while a process becomes another program.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def end(pid: int, name: str, *, first: signal.Signals = signal.SIGTERM, grace: float = 10) -> None:
    """Ends a process of that name: a signal, `grace` seconds, then SIGKILL.

    A pid that belongs to another process by now is left alone.
    """
    if name not in command_of(pid):
        return
    os.kill(pid, first)
    try:
        wait_until(lambda: not alive(pid), grace, f"{name} ({pid}) ends")
    except AssertionError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not alive(pid), grace, f"{name} ({pid}) ends after SIGKILL")
