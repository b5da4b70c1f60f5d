"""Numbers that one process at a time has on this machine, such as a range of ports: nobody sees what is only chosen."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

FOLDER = Path("/run/homeostat-tests")


@dataclass(frozen=True, slots=True)
class Claim:
    """A number that is its owner's until it is released, or its process ends."""

    number: int
    lock: IO[str]

    def release(self) -> None:
        self.lock.close()


def claim(what: str, numbers: Iterable[int]) -> Claim | None:
    """Claims the first of the numbers that nobody has, this process included. None: all are taken."""
    for number in numbers:
        folder = FOLDER / what
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            return Claim(number, lock)
    return None
