"""Operators by the dozen, for the tests that kill one at every step: forked from a process that has imported everything.

They are what `homeostat up --no-api` puts together, without the screen. Run as a program this file is that process: it reads
one JSON order per line, and answers with the child's pid, then (when it has ended) its exit code.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from homeostat.assembly.standalone import standalone
from homeostat.driver import faults
from homeostat.planner.actions import Action
from homeostat.planner.deployment.actions import DeploymentAction

SETTLE = 0.3  # seconds, as operators have it that run as programs (tests/conftest.py)
ROOT = Path(__file__).resolve().parents[2]


Strikes = tuple[Path, Sequence[str]]
"""The pid file of a daemon that is killed at these steps, one after the other; each as in HOMEOSTAT_FAULT, without a count."""


class Nursery:
    """The test's side. One operator at a time."""

    def __init__(self, log: Path) -> None:
        self._log: IO[bytes] = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.nursery"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, cwd=ROOT, text=True, bufsize=1,
        )  # fmt: skip
        self._pid = 0

    def start(
        self,
        folder: Path,
        state: Path,
        uri: str,
        *,
        fault: str = "",
        trace: Path | None = None,
        strikes: Strikes | None = None,
    ) -> None:
        """``fault`` as in HOMEOSTAT_FAULT; ``trace`` is a file that receives the name of every step that is begun."""
        paths = {"folder": str(folder), "state": str(state), "trace": str(trace or "")}
        order = {**paths, "uri": uri, "fault": fault, "strikes": strikes and [str(strikes[0]), list(strikes[1])]}
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._pid = int(self._process.stdout.readline())

    def stop(self) -> int:
        """As Ctrl-C; its exit code."""
        os.kill(self._pid, signal.SIGTERM)
        return self.wait()

    def wait(self, timeout: float = 30) -> int:
        """Its exit code, -9 when it was killed; after ``timeout`` seconds it is stopped, which is 0."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], timeout)[0]:
            os.kill(self._pid, signal.SIGTERM)
        code, self._pid = int(self._process.stdout.readline()), 0
        return code

    def close(self) -> None:
        assert self._process.stdin is not None
        if self._pid:  # of a test that failed
            os.kill(self._pid, signal.SIGKILL)
        self._process.stdin.close()
        self._process.wait(30)
        self._log.close()


class Trace:
    """In the place of a fault: notes what is crossed."""

    def __init__(self, path: str) -> None:
        self._path = path

    def cross(self, moment: str, action: Action | DeploymentAction) -> None:
        if moment == "before":
            with open(self._path, "a") as file:
                file.write(type(action).__name__ + "\n")


class Striker:
    """In the place of a fault: kills another program, once per step of the list, and not while it is dead."""

    def __init__(self, pid_file: str, steps: list[str]) -> None:
        self._pid_file, self._steps, self._killed = Path(pid_file), steps, 0

    def cross(self, moment: str, action: Action | DeploymentAction) -> None:
        if not self._steps or self._steps[0] != f"{moment}:{type(action).__name__}":
            return
        pid = int(self._pid_file.read_text())
        if pid != self._killed:
            del self._steps[0]
            self._killed = pid
            os.kill(pid, signal.SIGKILL)


async def live(order: dict[str, Any]) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    async with standalone(Path(order["folder"]), Path(order["state"]), order["uri"], settle=SETTLE) as parts:
        await parts.operator.run(stop)


def run(order: dict[str, Any]) -> int:
    try:
        asyncio.run(live(order))
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # a child is stopped in order from its first moment on
    gc.freeze()  # so that children share what was imported
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.dup2(2, 1)
            os.close(0)
            if order["fault"]:
                faults._fault = faults.Fault.parse(order["fault"])
            elif order["strikes"]:
                faults._fault = Striker(*order["strikes"])  # type: ignore[assignment]
            elif order["trace"]:
                faults._fault = Trace(order["trace"])  # type: ignore[assignment]
            os._exit(run(order))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
