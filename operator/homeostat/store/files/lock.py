"""The one lock of a state folder's operator. The process holds it while it lives, and deleting files does not take it away."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from homeostat.runtime.machine.operator_run import started_at
from homeostat.store.errors import StateError

ENDING = 10.0  # seconds: a process that has stopped its operator ends within one or two
KERNEL_LOCKS = Path("/proc/locks")
# Errors of a file system that cannot lock a folder (NFS): then the file alone is locked.
_UNABLE = frozenset({errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL})


@contextlib.contextmanager
def hold_operator_lock(root: Path, file: Path) -> Iterator[int]:
    """Locks the folder itself, and the ``file`` in it, which earlier versions lock and which names the holder. Yields the process
    that held it before; 0: nobody knows.

    Raises:
        StateError: another operator holds it. The message names its process.
    """
    with contextlib.ExitStack() as held:
        folder = _opened(held, root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(root, _written_holder(file) or _kernels_holder(folder)) from error
        except OSError as error:
            if error.errno not in _UNABLE:
                raise
        handle = _locked_file(held, root, file)
        before = _written_holder(file)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield int(before) if before.isascii() and before.isdigit() else 0


async def ended(holder: int) -> None:
    """Waits until a process that let go of the lock has ended, too: until then its records look like another operator's.
    Waits for ``ENDING`` at the most, since its number may be another process's by now."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ENDING):
            while holder != os.getpid() and started_at(holder):  # noqa: ASYNC110 - the kernel wakes nobody
                await asyncio.sleep(0.05)


def operator_runs(root: Path) -> bool:
    """Tells whether an operator holds the lock. It asks the kernel and locks nothing: a lock would keep an operator from
    starting."""
    with contextlib.ExitStack() as held:
        return bool(_kernels_holder(_opened(held, root, os.O_RDONLY | os.O_DIRECTORY)))


def _locked_file(held: contextlib.ExitStack, root: Path, file: Path) -> int:
    """Locks the file, and checks that it still has the name: otherwise a later process would lock another file."""
    while True:
        handle = _opened(held, file, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(root, _written_holder(file)) from error
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(file), os.fstat(handle)):
                return handle


def _opened(held: contextlib.ExitStack, path: Path, flags: int) -> int:
    handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
    held.callback(os.close, handle)
    return handle


def _taken(root: Path, holder: str) -> StateError:
    return StateError(
        f"another operator (process {holder or 'unknown'}) runs on {root}: stop it first, or name another state folder "
        "with --state"
    )


def _written_holder(path: Path) -> str:
    """Returns what the holder wrote into the file. Empty where somebody deleted it."""
    try:
        return path.read_text(errors="replace")[:64].strip()
    except OSError:
        return ""


def _kernels_holder(folder: int) -> str:
    """Returns the holder of the lock from the kernel's list (proc(5)): ``1: FLOCK ADVISORY WRITE 4242 fe:01:1234 0 EOF``."""
    found = os.fstat(folder)
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        lines = [line.split() for line in KERNEL_LOCKS.read_text().splitlines()]
    except OSError:
        return ""
    return next((words[4] for words in lines if len(words) > 5 and words[1] == "FLOCK" and words[5] == place), "")
