"""What was done, in order, and what was found wrong."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any, TextIO

RECENT = 12  # operations that are told with a violation


@dataclass(frozen=True, slots=True)
class Violation:
    """``when`` is seconds since the soak began; ``replay`` is the command that does the same operations again."""

    what: str
    world: str
    life: int
    phase: int
    operation: int
    when: float
    after: tuple[str, ...]
    replay: str


class Log:
    """Of one world. Operations come from its own thread, violations from that of the looks too."""

    def __init__(self, world: str, replay: str, out: TextIO = sys.stderr, began: float | None = None) -> None:
        self.world, self._replay, self._out = world, replay, out
        self._began = time.monotonic() if began is None else began
        self._lock = threading.Lock()
        self._recent: deque[str] = deque(maxlen=RECENT)
        self.counts: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self.life = self.phase = self.operations = 0

    def operation(self, name: str, what: str) -> None:
        """Something that is done now."""
        self.counts[name] += 1
        self.operations += 1
        self.say(f"{self.operations:4} {name}: {what}")

    def say(self, text: str) -> None:
        line = f"{time.monotonic() - self._began:7.1f} {self.world} {self.life}.{self.phase}: {text}"
        with self._lock:
            self._recent.append(line)
            print(line, file=self._out, flush=True)

    def violation(self, what: str) -> None:
        """The same is told once per life."""
        if any(known.what == what and known.life == self.life for known in self.violations):
            return
        when = round(time.monotonic() - self._began, 1)
        replay = f"{self._replay} --life {self.life} --phases {self.phase}"
        self.violations.append(
            Violation(what, self.world, self.life, self.phase, self.operations, when, tuple(self._recent), replay)
        )
        self.say(f"VIOLATION: {what}")

    @property
    def spoilt(self) -> bool:
        """Whether something was found in this life."""
        return any(known.life == self.life for known in self.violations)

    def told(self) -> list[dict[str, Any]]:
        return [asdict(violation) for violation in self.violations]
