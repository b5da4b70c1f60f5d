"""The operator as a program: started, stopped, killed, paused."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.rig import processes

STOPS_WITHIN = 60.0  # seconds


class Operator:
    """``output`` receives all it says, in all its runs. ``up``: it should run; one that ended by itself is a violation."""

    def __init__(self, command: Sequence[str], output: Path, environment: dict[str, str]) -> None:
        self._command, self.output = list(command), output
        self._environment = os.environ | environment
        self._running: subprocess.Popen[bytes] | None = None
        self.paused = False
        self.kills = 0

    @property
    def up(self) -> bool:
        return self._running is not None

    @property
    def acting(self) -> bool:
        return self.up and not self.paused

    @property
    def pid(self) -> int:
        assert self._running is not None, "it does not run"
        return self._running.pid

    def start(self) -> None:
        with self.output.open("ab") as output:
            self._running = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self._environment
            )

    def ended_by_itself(self) -> int | None:
        """Its exit code, where it should be running and is not."""
        return self._running.poll() if self._running is not None else None

    def stop(self) -> int:
        """As Ctrl-C does; its exit code."""
        return self._end(signal.SIGINT)

    def kill9(self) -> None:
        self.kills += 1
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        assert self._running is not None
        self._running.send_signal(signal.SIGSTOP)
        self.paused = True

    def go_on(self) -> None:
        assert self._running is not None
        self._running.send_signal(signal.SIGCONT)
        self.paused = False

    def children(self) -> list[int]:
        """The API and its workers."""
        if self._running is None:
            return []
        found, parents = [], _parents()
        for pid in parents:
            parent = parents[pid]
            while parent in parents and parent != self._running.pid:
                parent = parents[parent]
            if parent == self._running.pid:
                found.append(pid)
        return sorted(found)

    def said(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def close(self) -> None:
        """Whatever of it is left."""
        if self._running is not None:
            children = self.children()
            self._end(signal.SIGKILL)
            for pid in children:
                processes.end(pid, "python", first=signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        assert self._running is not None, "it does not run"
        running, self._running, self.paused = self._running, None, False  # from now on it may be gone
        running.send_signal(how)
        try:
            return running.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            running.kill()
            return running.wait()


def _parents() -> dict[int, int]:
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            found[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    return found
