"""Each machine's disk carries a mark of the soak's for ever: a file that took its place has none, wherever it lies."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MARK = "user.soak"
DISK = "data.qcow2"


@dataclass(slots=True)
class Canary:
    """``token`` is what the guest's own disk said, ``boots`` how often it was booted with that disk."""

    mark: bytes
    token: str = ""
    boots: int = 0


class Canaries:
    def __init__(self, state: Path) -> None:
        self._state = state
        self.known: dict[str, Canary] = {}

    def disk(self, machine: str) -> Path:
        return self._state / "machines" / "default" / machine / DISK

    def see(self, machine: str) -> str:
        """The machine is settled: its disk is marked when it is seen first. What is wrong with it; empty: nothing."""
        path = self.disk(machine)
        if not path.exists():
            return f"{machine} has no disk at {path.relative_to(self._state)}"
        known = self.known.get(machine)
        if known is None:
            fresh = Canary(uuid.uuid4().hex.encode())
            os.setxattr(path, MARK, fresh.mark)
            self.known[machine] = fresh  # not before it is there: another thread looks for it
            return ""
        return "" if _mark(path) == known.mark else f"data lost: the disk of {machine} is another file than the one it had"

    def see_inside(self, machine: str, token: str, boots: int) -> str:
        """What its guest serves of its disk."""
        known = self.known[machine]
        if known.token and (token != known.token or boots < known.boots):
            return (
                f"data lost: the guest of {machine} had {known.token} and {known.boots} boots on its disk, "
                f"and has {token} and {boots} boots"
            )
        known.token, known.boots = token, boots
        return ""

    def lost(self) -> list[str]:
        """Machines whose disk is nowhere in the state folder any more."""
        missing = self._missing()
        return sorted(missing & self._missing()) if missing else []  # a file may have been moved past us

    def in_trash(self, machine: str) -> bool:
        return self.known[machine].mark in _marks(self._state / "trash")

    def forget(self, machines: Iterable[str]) -> None:
        for machine in machines:
            self.known.pop(machine, None)

    def _missing(self) -> set[str]:
        marks = _marks(self._state)
        return {machine for machine, canary in list(self.known.items()) if canary.mark not in marks}


def _marks(place: Path) -> set[bytes]:
    found = set()
    for folder, _, names in os.walk(place):
        for name in names:
            if mark := _mark(Path(folder) / name):
                found.add(mark)
    return found


def _mark(path: Path) -> bytes:
    try:
        return os.getxattr(path, MARK)
    except OSError:
        return b""
