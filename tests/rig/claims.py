"""What one process at a time has on this machine: numbers, such as a range of ports, and files. None is only chosen."""

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


def own(file: Path) -> IO[str]:
    """Makes a file that is this process's until it ends or closes it: nobody sees it before it is."""
    lock = file.with_name(f".{file.name}").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.write(f"{os.getpid()}\n")  # for a person who looks
    lock.flush()
    Path(lock.name).rename(file)
    return lock


def take_over(file: Path) -> IO[str] | None:
    """Makes a file of own() this process's. None: its owner lives, or another has taken it over.

    The lock tells, not a pid: that may be another process's by now, or be one of another namespace.
    """
    try:
        lock = file.open("r+")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    if not file.exists():  # whoever took it over before is done
        lock.close()
        return None
    return lock


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
