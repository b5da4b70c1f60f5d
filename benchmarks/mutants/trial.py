"""The process that has imported everything, and a fork of it for each mutant."""

from __future__ import annotations

import gc
import itertools
import mmap
import os
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from types import FunctionType

import pytest
from _pytest.runner import runtestprotocol

from benchmarks.mutants.changes import compiled
from benchmarks.mutants.covering import Covered, Known, Tracer, clear_old, load, remember_code, save
from benchmarks.mutants.rooms import LIVING, ROOT, Mutant, sources


class Fate(StrEnum):
    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    UNCOVERED = "uncovered"  # no test runs its line


Functions = dict[tuple[str, str, int], list[FunctionType]]  # by file, qualified name and first line
Told = Callable[[Mutant, Fate, int], None]
_EXITS = {0: Fate.SURVIVED, 1: Fate.KILLED, 2: Fate.UNCOVERED}
GATHERED = 40  # files of tests whose lines are gathered in one fork


class Trial:
    """A plugin of pytest: it does not run the tests once, but runs some of them for each mutant.

    ``timeout``: seconds that a test may take, besides ten times what it usually takes. ``budget``: seconds that all tests of one
    mutant usually take together.
    """

    def __init__(self, mutants: Sequence[Mutant], timeout: float, budget: float, told: Told) -> None:
        self._mutants, self._timeout, self._budget, self._told = mutants, timeout, budget, told
        remember_code()
        self._sources = {str(path): path.read_text() for path in sources()}
        self._deadline = mmap.mmap(-1, 8)  # shared with the fork: monotonic, of the test that it runs
        self._folder = Path(tempfile.mkdtemp(prefix="homeostat-mutants-"))

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        try:
            self._items = {item.nodeid: item for item in session.items if LIVING not in getattr(item, "fixturenames", ())}
            known = self._gather()
            functions = _functions()
            runners = _by_line(known)
            gc.freeze()
            for mutant in self._mutants:
                names = _within(self._budget, runners.get((mutant.file, mutant.line), []), known)
                fate = self._fate(mutant, functions, names, known) if names else Fate.UNCOVERED
                self._told(mutant, fate, len(names))
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        return True

    def _fate(self, mutant: Mutant, functions: Functions, names: list[str], known: Known) -> Fate:
        def try_it() -> int:
            path = str(ROOT / mutant.file)
            _, code = compiled(self._sources[path], path, mutant.number)
            imported = functions.get((path, code.co_qualname, code.co_firstlineno), [])
            for function in imported:
                function.__code__ = code
            if not imported:
                return 2  # what the tests run is loaded anew: the change does not reach it
            return 1 if self._fails(names, known) else 0

        code = self._forked(try_it)
        return _EXITS.get(code, Fate.TIMED_OUT if code == -signal.SIGKILL else Fate.KILLED)

    def _fails(self, names: list[str], known: Known) -> bool:
        """Tells whether one of these tests fails."""
        items = [self._items[name] for name in names]
        for item, following in zip(items, [*items[1:], None], strict=True):
            limit = self._timeout + 10 * known[item.nodeid].seconds
            self._deadline[:] = struct.pack("d", time.monotonic() + limit)
            if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
                return True
        return False

    # What the tests run

    def _gather(self) -> Known:
        """Gathers the lines of all tests; in forks, so that this process stays as it was imported."""
        clear_old()
        files: dict[Path, list[pytest.Item]] = {}
        for item in self._items.values():
            files.setdefault(item.path, []).append(item)
        known = {path: load(path) for path in files}
        missing = [path for path in files if known[path] is None]
        failed = self._folder.with_suffix(".failed")
        failed.touch()
        for first in range(0, len(missing), GATHERED):
            some = {path: files[path] for path in missing[first : first + GATHERED]}
            print(f"looking what tests run: {first} of {len(missing)} files", file=sys.stderr)
            if code := self._forked(lambda some=some: _trace(some, failed)):  # type: ignore[misc]
                raise pytest.UsageError(f"what tests run cannot be found: a fork ended with {code}")
            known.update({path: load(path) for path in some})
        for name in failed.read_text().splitlines():
            print(f"fails in a fork, and is not counted on: {name}", file=sys.stderr)
        failed.unlink()
        return {name: one for some_known in known.values() for name, one in (some_known or {}).items()}

    def _forked(self, job: Callable[[], int]) -> int:
        """Runs the job in a fork and returns its exit code; minus a signal's number where a signal ended it."""
        self._deadline[:] = struct.pack("d", float("inf"))
        child = os.fork()
        if child == 0:
            self._be_a_fork(job)
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > struct.unpack("d", self._deadline[:])[0]:
                os.killpg(child, signal.SIGKILL)
            time.sleep(0.004)
        for path in self._folder.iterdir():
            shutil.rmtree(path, ignore_errors=True)
        return os.waitstatus_to_exitcode(status)

    def _be_a_fork(self, job: Callable[[], int]) -> None:
        """Runs the job with its own session and folder, and without output. Does not return."""
        code = 1
        try:
            os.setpgid(0, 0)
            tempfile.tempdir = str(self._folder)
            os.environ["TMPDIR"] = str(self._folder)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            code = job()
        finally:
            os._exit(code)


def _trace(items: dict[Path, list[pytest.Item]], failed: Path) -> int:
    """Traces the tests. ``failed``: the file for the names of those that fail in a fork without any change. They hold nothing
    here."""
    tracer = Tracer()
    every = [(path, item) for path, some in items.items() for item in some]
    found: dict[Path, Known] = {path: {} for path in items}
    for (path, item), following in zip(every, [*(item for _, item in every[1:]), None], strict=True):
        began = time.perf_counter()
        tracer.begin()
        reports = runtestprotocol(item, log=False, nextitem=following)
        lines = tracer.end()
        if any(report.failed for report in reports):
            lines = {}
            with failed.open("a") as file:
                file.write(f"{item.nodeid}\n")
        found[path][item.nodeid] = Covered(time.perf_counter() - began, lines)
    for path, known in found.items():
        save(path, known)
    return 0


def _functions() -> Functions:
    """Returns all functions of the changed code. Whoever imported one holds the same object."""
    ours = {str(path) for path in sources()}
    found: Functions = {}
    gc.unfreeze()  # what the tests have frozen would not be listed
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename in ours:  # isinstance asks proxies of what is gone
            code = thing.__code__
            found.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(thing)
    return found


def _by_line(known: Known) -> dict[tuple[str, int], list[str]]:
    """Returns the tests that run each line: the fast ones first, and one of each file before a second one of any."""
    found: dict[tuple[str, int], list[str]] = {}
    for name in _in_turns(known):
        for file, lines in known[name].lines.items():
            for line in lines:
                found.setdefault((file, line), []).append(name)
    return found


def _within(budget: float, names: list[str], known: Known) -> list[str]:
    """Returns as many of the first ones as fit into that many seconds."""
    spent = itertools.accumulate(known[name].seconds for name in names)
    return [name for name, seconds in zip(names, spent, strict=True) if seconds <= budget]


def _in_turns(known: Known) -> list[str]:
    turns: dict[str, int] = {}
    order: list[tuple[bool, int, float, str]] = []
    for name, one in sorted(known.items(), key=lambda pair: pair[1].seconds):
        file = name.partition("::")[0]
        turns[file] = turns.get(file, 0) + 1
        order.append((one.seconds > 0.2, turns[file], one.seconds, name))
    return [name for *_, name in sorted(order)]
