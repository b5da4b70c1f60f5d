"""One living operator of an identity on this computer: a lock outside of the state folder, whose copy has a lock of its own.

The kernel releases it when the process ends, however it ends. Records on domains show other operators too, also those of other
computers, but only once they have written.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from homeostat.driver.file_lock import try_to_lock

from .operator_run import OperatorRun, this_run

log = logging.getLogger(__name__)

PATIENCE, PAUSE = 1.0, 0.01  # seconds, while somebody else looks at the lock


@contextlib.contextmanager
def hold_identity(instance: str, folder: str) -> Iterator[None]:
    """Locks the identity, as long as no other process does. ``folder``: our state folder, for whoever is kept off."""
    with contextlib.ExitStack() as held:
        try:
            _hold(held, instance, folder)
        except OSError as error:  # there is no such place: only records show others
            log.debug("the identity of this operator is not locked: %s", error)
        yield


def holder_of(instance: str) -> OperatorRun | None:
    """Returns the other process that acts with the identity on this computer. None: nobody does, or it cannot be known."""
    place = _place(instance)
    try:
        handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC) if place else None
    except OSError:
        return None
    if handle is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _living(handle)  # whoever only looks, as we do, locks it for a moment, too
    finally:
        os.close(handle)
    return None


def _hold(held: contextlib.ExitStack, instance: str, folder: str) -> None:
    if (place := _place(instance)) is None:
        return
    place.parent.mkdir(mode=0o700, exist_ok=True)
    _sweep(place.parent)
    until = time.monotonic() + PATIENCE
    while (handle := try_to_lock(place)) is None:
        if holder_of(instance) is not None or time.monotonic() > until:
            return
        time.sleep(PAUSE)
    held.callback(os.close, handle)
    held.callback(place.unlink, missing_ok=True)  # while it is locked
    os.ftruncate(handle, 0)
    os.pwrite(handle, this_run(folder).encode(), 0)


def _sweep(folder: Path) -> None:
    """Removes the files of those that were killed. Who opens one of them meanwhile finds it locked, or gone, and tries again."""
    for file in folder.glob("*.lock"):
        with contextlib.suppress(OSError), file.open("rb") as left:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink()


def _living(handle: int) -> OperatorRun | None:
    """Returns the other operator that is named in the file. None: it has ended, or it is this one."""
    run = OperatorRun.parse(os.pread(handle, 4096, 0).decode(errors="replace"))
    return run if run is not None and run.alive else None


def _place(instance: str) -> Path | None:
    """Returns the place of the lock. A folder of root's, or of one user's: nobody else can hold a lock there. The name of the
    computer is in it, as containers may share the folder."""
    runtime = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime, "homeostat", f"{instance}@{socket.gethostname()}.lock") if runtime else None
