"""Disks that are made as copies of other files. Copies take long, so they go on in the background, a few at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from homeostat.driver import faults
from homeostat.driver.errors import DriverError, Refused
from homeostat.driver.tasks import attended
from homeostat.planner.actions import CopyDisk
from homeostat.planner.disk.observed import Copying

from ..formats import qemu_img
from ..paths import PARTIAL, Rooms, allocated, file_errors, publish, sweep_partials
from .disks import SECTOR, check_header, read_disk
from .tags import read_tags

AT_ONCE = 2


# The steps of a copy, for tests that are killed between them: see faults.


@dataclass(frozen=True, slots=True)
class FillCopy:
    path: str


@dataclass(frozen=True, slots=True)
class NameCopy:
    path: str


class Copies:
    """The copies of one host. ``changed`` is called with the path of a disk whose copy ended."""

    def __init__(self, rooms: Rooms, changed: Callable[[str], None]) -> None:
        self._rooms = rooms
        self._changed = changed
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._partials: dict[str, Path] = {}
        self._failed: dict[str, Copying] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    def of(self, path: str) -> Copying | None:
        """Returns the copy to ``path`` that goes on, or that failed. A failure is returned once: then it may be tried again."""
        if path in self._tasks:
            return Copying(_written(self._partials.get(path)))
        return self._failed.pop(path, None)

    def start(self, action: CopyDisk) -> None:
        """Starts a copy, unless it goes on already.

        Raises:
            Refused: a place outside the state folder.
        """
        path = self._rooms.named_disk(action.path)
        if action.path in self._tasks:
            return
        self._failed.pop(action.path, None)
        self._tasks[action.path] = attended(asyncio.create_task(self._try(action, path)))

    async def _try(self, action: CopyDisk, path: Path) -> None:
        try:
            await self._copy(action, path)
        except DriverError as error:
            self._failed[action.path] = Copying(error=str(error), refused=isinstance(error, Refused))
        finally:
            self._tasks.pop(action.path, None)
            self._partials.pop(action.path, None)
            self._changed(action.path)

    async def _copy(self, action: CopyDisk, path: Path) -> None:
        source = self._source(action)
        async with self._turns:
            self._rooms.ensure(path.parent)
            with file_errors(path, f"copy {source} to {path}"):
                sweep_partials(path.parent)
                partial = self._partials[action.path] = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
                try:
                    with faults.around(FillCopy(action.path)):
                        await self._convert(action, source, partial)
                    self._check_tag(action, source)
                    with faults.around(NameCopy(action.path)):
                        self._rooms.finish(partial)
                        publish(partial, path)
                finally:
                    partial.unlink(missing_ok=True)

    def _source(self, action: CopyDisk) -> Path:
        """Returns the file to read. It is an image of the cache, or a Disk that names nothing but such an image."""
        if action.tag:
            return self._own_disk(action.source)
        if not self._rooms.is_named_disk(action.source):
            return self._rooms.base_image(action.source)
        source = self._rooms.named_disk(action.source)
        if action.source_format == "qcow2":
            with file_errors(source, f"read {source}"):
                check_header(read_disk(str(source)), str(self._rooms.images))
        return source

    def _own_disk(self, path: str) -> Path:
        """Returns a disk with a snapshot, which names nothing but an image or a file beside it."""
        source = self._rooms.any_disk(path)
        with file_errors(source, f"read {source}"):
            check_header(read_disk(str(source)), str(self._rooms.images), str(source.parent))
        return source

    def _check_tag(self, action: CopyDisk, source: Path) -> None:
        """Checks that the snapshot is still there, and so was there all the time: without it its contents may be anything."""
        with file_errors(source, f"read the snapshots of {source}"):
            found = [known.tag for known in read_tags(str(source)) or ()] if action.tag else []
        if action.tag and action.tag not in found:
            raise DriverError(f"the snapshot {action.tag} was removed from {source} while it was copied: nothing was made of it")

    async def _convert(self, action: CopyDisk, source: Path, partial: Path) -> None:
        """Copies the contents. QEMU's own lock refuses a source that somebody writes to, but for what is in a snapshot."""
        format, doing = action.label.format, f"copy {source} to {action.path}"
        size = str(-(-action.size // SECTOR) * SECTOR)
        options = ("-o", "compat=1.1") if format == "qcow2" else ()
        await qemu_img.run("create", "-q", "-f", format, *options, str(partial), size, doing=doing)
        of = ("-U", "-l", f"snapshot.name={action.tag}") if action.tag else ()
        formats = (*of, "-f", action.source_format, "-O", format)
        await qemu_img.run(
            "convert", "-q", "-n", "--target-is-zero", *formats, str(source), str(partial), doing=doing, timeout=None
        )

    async def close(self) -> None:
        """Ends the copies. What was written of them goes."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _written(partial: Path | None) -> int:
    try:
        return allocated(partial) if partial else 0
    except OSError:
        return 0
