"""Image files on this host: written sparsely, after a check of the space, and local images copied."""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from homeostat.driver.errors import DriverError, NoSpace

from ..paths import file_error, file_errors, free_bytes, human_size, private

T = TypeVar("T")
Report = Callable[[int, int | None], None]  # bytes so far, and in total where known

BUFFER = 1 << 20  # bytes written at once
_FICLONE = 0x40049409  # linux/fs.h: share the blocks of another file
_NOTHING = bytes(BUFFER)
_libc = ctypes.CDLL(None, use_errno=True)
_SYNC_FILE_RANGE_WRITE = 2  # linux/fs.h


async def in_thread(call: Callable[..., T], *arguments: object) -> T:
    """Runs ``call`` like asyncio.to_thread. But a cancellation waits for its end, because it may be writing."""
    running = asyncio.ensure_future(asyncio.to_thread(call, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # asked for: nobody else would be, and it would count as a failure of the whole program
        raise


def validators_of(partial: Path) -> Path:
    """Returns the file that says which version of the image a partial file belongs to."""
    return partial.with_name(partial.name + ".json")


def discard(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    validators_of(partial).unlink(missing_ok=True)


def write(file: BinaryIO, content: bytes, partial: Path, name: str) -> None:
    try:
        for start in range(0, len(content), BUFFER):
            write_sparse(file, content[start : start + BUFFER])
        file.truncate(file.tell())
    except OSError as error:
        discard(partial)  # guests on a full disk stop: free the space
        raise file_error(error, partial, f"save the image {name}") from error


def start_writing(handle: int) -> None:
    """Asks the kernel to begin to write what a file has in memory, and does not wait for it: the flush at the end is short
    then."""
    _libc.sync_file_range(handle, ctypes.c_int64(0), ctypes.c_int64(0), _SYNC_FILE_RANGE_WRITE)


def write_sparse(file: BinaryIO, content: bytes | memoryview) -> None:
    """Writes the content; zeros become a hole."""
    if content[:64] == _NOTHING[:64][: len(content)] and content == _NOTHING[: len(content)]:
        file.seek(len(content), os.SEEK_CUR)
        return
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def check_space(name: str, partial: Path, needed: int) -> None:
    free = free_bytes(partial.parent)
    if needed > free:
        raise NoSpace(
            f"image {name} needs {human_size(needed)} more, but only {human_size(free)} are free in {partial.parent}; "
            "free some space or move the state folder to a larger disk"
        )


def copy_local(open_source: Callable[[], int], name: str, partial: Path, report: Report, stop: threading.Event) -> None:
    """Copies a file, sharing its blocks where the file system can. Blocks; ends early when ``stop`` is set."""
    with open(open_source(), "rb", buffering=0) as origin:
        fd = origin.fileno()
        before = os.fstat(fd)
        with file_errors(partial, f"save the image {name}"), open(partial, "wb", buffering=0, opener=private) as copy:
            report(0, before.st_size)
            if not share_blocks(fd, copy.fileno()):
                check_space(name, partial, min(before.st_size, before.st_blocks * 512))
                _copy(origin, copy, partial, name, before.st_size, report, stop)
        after = os.fstat(fd)
    report(after.st_size, after.st_size)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DriverError(f"image {name} was written to while it was copied; it is copied again once it rests")


def share_blocks(origin: int, copy: int) -> bool:
    try:
        fcntl.ioctl(copy, _FICLONE, origin)
    except OSError:
        return False
    return True


def _copy(origin: BinaryIO, copy: BinaryIO, partial: Path, name: str, total: int, report: Report, stop: threading.Event) -> None:
    done = 0
    while not stop.is_set() and (chunk := origin.read(BUFFER)):
        write(copy, chunk, partial, name)
        done += len(chunk)
        report(done, total)
