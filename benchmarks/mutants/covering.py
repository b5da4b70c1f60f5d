"""Which lines each test runs, and how long it takes. Stored per file of tests, and found again where that file or the code
changed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from benchmarks.mutants.rooms import ROOT, sources, written_with

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "homeostat" / "mutants"


@dataclass(slots=True)
class Covered:
    """What one test runs."""

    seconds: float = 0.0
    lines: dict[str, set[int]] = field(default_factory=dict)  # by file


Known = dict[str, Covered]  # by node id


class Tracer:
    """Notes the lines that run, in any thread. A line that has run once in a test costs nothing more. Functions are told apart by
    their identity: two of the same text, and at the same line of their files, are equal."""

    def __init__(self) -> None:
        self._names = {str(path): str(path.relative_to(ROOT)) for path in sources()}
        self._all: dict[int, tuple[CodeType, frozenset[int]]] = {}
        self._left: dict[int, tuple[CodeType, set[int]]] = {}

    def begin(self) -> None:
        self._left = {}
        threading.settrace(self._call)
        sys.settrace(self._call)

    def end(self) -> dict[str, set[int]]:
        sys.settrace(None)
        threading.settrace(None)
        lines: dict[str, set[int]] = {}
        for code, left in self._left.values():
            lines.setdefault(self._names[code.co_filename], set()).update(self._lines_of(code) - left)
        return lines

    def _call(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        known = self._left.get(id(code))
        if known is None:
            if code.co_filename not in self._names:
                return None
            known = self._left[id(code)] = (code, set(self._lines_of(code)))
        left = known[1]
        if not left:
            return None
        left.discard(code.co_firstlineno)

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            left.discard(frame.f_lineno)
            return line

        return line

    def _lines_of(self, code: CodeType) -> frozenset[int]:
        if id(code) not in self._all:
            self._all[id(code)] = (code, frozenset(number for _, _, number in code.co_lines() if number))
        return self._all[id(code)][1]


def load(path: Path) -> Known | None:
    """Loads what is known of one file of tests; None: nothing, or it is not of the code as it is now."""
    try:
        kept = json.loads(_place(path).read_text())
    except (OSError, ValueError):
        return None
    if any(_hash(ROOT / file) != known for file, known in kept["sources"].items()):
        return None
    return {name: Covered(took, {file: set(ran) for file, ran in lines.items()}) for name, (took, lines) in kept["tests"].items()}


def save(path: Path, known: Known) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    files = {file for one in known.values() for file in one.lines}
    tests = {name: (one.seconds, {file: sorted(ran) for file, ran in one.lines.items()}) for name, one in known.items()}
    aside = CACHE / f"{os.getpid()}.tmp"
    aside.write_text(json.dumps({"sources": {file: _hash(ROOT / file) for file in sorted(files)}, "tests": tests}))
    aside.replace(_place(path))


def _place(path: Path) -> Path:
    """Returns its place, which changes with the tests, what they are written with, and how their lines are found."""
    text = "".join(_hash(part) for part in (Path(__file__), path, *sorted(written_with(path))))
    return CACHE / f"{path.stem}-{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def remember_code() -> None:
    """Remembers the code as it is now, and was imported, whatever is edited later."""
    for path in sources():
        _hash(path)


@cache
def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:24] if path.exists() else ""


def clear_old(days: float = 3.0) -> None:
    for path in CACHE.glob("*"):
        if time.time() - path.stat().st_mtime > days * 86400:
            path.unlink(missing_ok=True)
