"""Programs of ours, forked from a process that has imported them: a server imports for a second of CPU, and tests start hundreds.

``launch`` takes the place of ``subprocess.Popen``, and ``ran`` that of ``subprocess.run``. What they start is a process of its
own all the same, with its own arguments, environment, files and signals; it runs the module that ``python -m`` would. Any other
program is started as usual, as is one whose environment says something else to modules that are imported. ``/proc/PID/cmdline``
alone differs: it is that of the process it was forked from.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from homeostat.driver import faults
from tests.rig.waiting import Patience

ROOT = Path(__file__).resolve().parents[2]
OURS = frozenset({"homeostat_api", "homeostat.cli.main", "tests.api.living"})
IMPORTED = (
    *("homeostat_api.server", "homeostat.cli.main", "homeostat.cli.commands.up", "homeostat.cli.commands.operator"),
    *("homeostat.assembly.standalone", "homeostat.store.kubernetes.informer", "homeostat.driver.storage.images.fetch"),
)
AT_IMPORT = ("PYTHON", "PATH")  # variables that are read while modules are imported begin so
A_SLICE = 0.5  # seconds after which patience is looked at
ORDER_MAX = 200_000  # bytes: arguments and environment
Where = int | IO[Any] | None
Ended = subprocess.CompletedProcess[str]


def _of_import(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(AT_IMPORT)}


IMPORTED_WITH = _of_import(os.environ)


class Program:
    """A program that runs, or has ended: what tests use of ``subprocess.Popen``."""

    def __init__(self, args: Sequence[str], status: int, stdin: IO[Any] | None, stdout: IO[Any] | None) -> None:
        """Takes the pipe on which its pid comes, and later its exit code."""
        self.args, self.stdin, self.stdout = list(args), stdin, stdout
        self.returncode: int | None = None
        self._status = os.fdopen(status)
        first = self._status.readline()
        if not first:
            raise RuntimeError("the process that programs are forked from has ended: it says why")
        self.pid = int(first)

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit code. `timeout`: seconds, as Patience counts them."""
        if self.returncode is None:
            patience = Patience(timeout or 0)
            while not select.select([self._status], [], [], timeout and min(timeout, A_SLICE))[0]:
                if patience.over:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._status.readline())
            self._status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


Running = Program | subprocess.Popen[Any]


class _Parent:
    """The process that has imported everything, as long as this one lives."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        with theirs:
            command = [sys.executable, "-m", "tests.rig.program", str(theirs.fileno())]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=ROOT, pass_fds=[theirs.fileno()])
        atexit.register(self.close)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()

    def fork(self, order: Mapping[str, Any], files: Sequence[int]) -> None:
        with self._turn:
            socket.send_fds(self._socket, [json.dumps(order).encode()], files)


_parent = functools.cache(_Parent)


def launch(
    arguments: Sequence[str], *, stdin: Where = None, stdout: Where = None, stderr: Where = None,
    env: Mapping[str, str] | None = None, text: bool = False,
) -> Running:  # fmt: skip
    """Starts a program as ``subprocess.Popen`` does. ``stderr`` is a file, or stdout's."""
    environment, words = dict(os.environ if env is None else env), list(arguments)
    if words[0] == "env":
        while "=" in words[1]:
            name, _, value = words.pop(1).partition("=")
            environment[name] = value
        del words[0]
    if words[:2] != [sys.executable, "-m"] or words[2] not in OURS or _of_import(environment) != IMPORTED_WITH:
        return subprocess.Popen(arguments, stdin=stdin, stdout=stdout, stderr=stderr, env=env, text=text)
    with contextlib.ExitStack() as passed:
        ours_in, theirs_in = _file(passed, stdin, os.O_RDONLY)
        ours_out, theirs_out = _file(passed, stdout, os.O_WRONLY)
        theirs_err = theirs_out if stderr == subprocess.STDOUT else _file(passed, stderr, os.O_WRONLY)[1]
        status, theirs_status = os.pipe()
        passed.callback(os.close, theirs_status)
        order = {"module": words[2], "arguments": words[3:], "environment": environment, "folder": os.getcwd()}
        _parent().fork(order, [theirs_in or 0, theirs_out or 1, theirs_err or 2, theirs_status])
    mode = "" if text else "b"
    return Program(words, status, _opened(ours_in, "w" + mode), _opened(ours_out, "r" + mode))


def ran(arguments: Sequence[str], *, timeout: float = 60, env: Mapping[str, str] | None = None) -> Ended:
    """Runs a program to its end, as ``subprocess.run`` does. Returns all it wrote, and its exit code.

    Raises:
        TimeoutExpired: it was killed after that many seconds.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        program = launch(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=env)
        try:
            code = program.wait(timeout)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
            raise
        written = []
        for file in (output, errors):
            file.seek(0)
            written.append(file.read().decode())
    return Ended(list(arguments), code, *written)


def _file(passed: contextlib.ExitStack, given: Where, flags: int) -> tuple[int | None, int | None]:
    """Returns our end of a pipe, where it is one, and what the program gets."""
    if given is None:
        return None, None
    if given == subprocess.PIPE:
        read, write = os.pipe()
        ours, theirs = (write, read) if flags == os.O_RDONLY else (read, write)
        passed.callback(os.close, theirs)
        return ours, theirs
    if given == subprocess.DEVNULL:
        nothing = os.open(os.devnull, flags)
        passed.callback(os.close, nothing)
        return None, nothing
    return None, given if isinstance(given, int) else given.fileno()


def _opened(file: int | None, mode: str) -> IO[Any] | None:
    return None if file is None else os.fdopen(file, mode)


def _become(order: Mapping[str, Any], files: Sequence[int]) -> None:
    """Makes this process the program. Ends as that ends."""
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    for at, file in enumerate(files[:3]):
        os.dup2(file, at + 100)
    for at in range(3):
        os.dup2(at + 100, at)
    os.closerange(3, 256)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    importlib.reload(faults)  # it reads its variable as it is imported
    sys.argv = [order["module"], *order["arguments"]]
    sys.modules.pop(order["module"] if "." in order["module"] else "", None)  # it is run, not imported
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


def main(orders: socket.socket) -> None:
    """Forks a program for each order, and says how each one ends."""
    gc.disable()
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    gc.enable()
    running: dict[int, int] = {}  # pid -> where its exit code is awaited
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: who gave the orders decides
    while True:
        ready = select.select([orders.fileno(), woken], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
            _reap(running)
        if orders.fileno() not in ready:
            continue
        said, files, _, _ = socket.recv_fds(orders, ORDER_MAX, 4)
        if not said:
            return
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _become(json.loads(said), files)
            return
        os.write(files[3], f"{pid}\n".encode())
        running[pid] = files[3]
        for file in files[:3]:
            os.close(file)


def _reap(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        file = running.pop(pid)
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it
            os.write(file, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(file)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
