"""The names that change in folders, by Linux's inotify. It wakes the event loop itself, so nothing polls at rest."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection

from asyncinotify import Inotify, Mask, Watch

CONTENT = Mask.MODIFY | Mask.ATTRIB | Mask.CLOSE_WRITE
_NAMES = Mask.MOVED_FROM | Mask.MOVED_TO | Mask.CREATE | Mask.DELETE
_WANTED = CONTENT | _NAMES | Mask.DELETE_SELF | Mask.MOVE_SELF


class FolderEvents:
    """The events of some folders, but not of the folders in them. Belongs to the event loop that it is made on."""

    def __init__(self, noticed: Callable[[str, Mask], None]) -> None:
        """Takes what is called with each name and what happened to it. The name is empty for the folder itself, and where events
        were lost.

        Raises:
            OSError: the user has as many of these as allowed.
        """
        self._noticed = noticed
        self._watches: dict[int, Watch] = {}
        self._inotify = Inotify()
        os.set_blocking(self._inotify.fd, False)  # asyncinotify 4.4 leaves it blocking, whatever flags it is given
        asyncio.get_running_loop().add_reader(self._inotify.fd, self._read)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._inotify.fd)
        self._inotify.close()

    def watch(self, root: str, folders: Collection[str]) -> bool:
        """Watches ``root`` and the folders that are given below it, and no others. Returns whether one of them was not watched
        before: what is in it may have changed since it was read.

        Raises:
            FileNotFoundError: there is no ``root``.
            OSError: the user watches as many folders as allowed.
        """
        before, self._watches = self._watches, {}
        self._add(root)
        for folder in folders:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # its parent tells of it
                self._add(os.path.join(root, folder))
        for number in before.keys() - self._watches.keys():
            with contextlib.suppress(OSError):  # the folder is gone, and its watch with it
                self._inotify.rm_watch(before[number])
        return not self._watches.keys() <= before.keys()

    def _add(self, folder: str) -> None:
        """Watches one folder. For one that is watched already, the kernel gives the same number."""
        watch = self._inotify.add_watch(folder, _WANTED | Mask.ONLYDIR)
        self._watches[watch.wd] = watch

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):  # all was read
            while event := self._inotify.sync_get():
                if happened := event.mask & (_WANTED | Mask.Q_OVERFLOW):
                    self._noticed(str(event.name or ""), happened)
