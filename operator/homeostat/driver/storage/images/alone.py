"""One fetch of an image at a time by all that share a state folder: hosts of one operator, its controller, other operators."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ...file_lock import try_to_lock
from ..paths import file_errors

POLL = 0.25  # seconds between two looks at whether another's fetch has ended


@asynccontextmanager
async def alone(partial: Path, waiting: Callable[[], None]) -> AsyncIterator[None]:
    """Holds the right to write to ``partial``. ``waiting`` is called at each look while another fetch has it.

    Raises:
        DriverError: the folder cannot be written to.
    """
    lock = partial.with_name(f"{partial.name}.lock")
    while (handle := _taken(lock)) is None:
        waiting()
        await asyncio.sleep(POLL)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()  # while it is held: whoever opened it before looks again
        os.close(handle)


def _taken(lock: Path) -> int | None:
    with file_errors(lock, "fetch the image"):
        return try_to_lock(lock)
