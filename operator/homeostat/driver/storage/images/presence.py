"""Which processes still run that use a folder: each holds the lock of a file of its own there, until it ends in whatever way."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from pathlib import Path

ENDING = ".server"
_NAME = re.compile(r"[0-9a-f]{32}")
_held: dict[tuple[int, Path], tuple[str, int]] = {}  # by process and folder: its name there, and the handle that locks its file


class Presence:
    """The processes that use one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mine(self) -> str:
        """Returns the name of this process, which is there from now on. Raises OSError."""
        place = os.getpid(), self._folder
        name, handle = _held.get(place, ("", -1))
        while not name or not _is_file(handle, self._file(name)):
            if name:  # its file was removed
                os.close(handle)
            name = secrets.token_hex(16)
            handle = os.open(self._file(name), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)  # for a moment somebody may look whether it is locked
            _held[place] = name, handle
        return name

    def is_there(self, name: str) -> bool:
        """Tells whether the process of that name still runs."""
        return _NAME.fullmatch(name) is not None and is_locked(self._file(name))

    def sweep(self) -> None:
        """Removes the files of processes that have ended. Raises OSError."""
        for path in self._folder.glob(f"*{ENDING}"):
            if not is_locked(path):
                path.unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}{ENDING}"


def _is_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except OSError:
        return False


def is_locked(path: Path) -> bool:
    """Tells whether somebody holds the lock of a file at this moment."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
