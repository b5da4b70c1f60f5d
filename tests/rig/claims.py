"""Numbers that one process at a time has on this machine, such as a range of ports: nobody sees what is only chosen."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

FOLDER = Path("/run/homeostat-tests" if os.geteuid() == 0 else f"{tempfile.gettempdir()}/homeostat-tests-{os.geteuid()}")


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


def in_turn(what: str, numbers: range) -> int:
    """Returns the next of the numbers, whichever process asks: the same one comes again only after all others."""
    folder = FOLDER / what
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "turn").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        turn = int(file.read() or 0) % len(numbers)
        file.truncate(0)
        file.write(str(turn + 1))
    return numbers[turn]
