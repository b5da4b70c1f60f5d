"""Linux's inotify: which names change in folders. It wakes the event loop itself, so nothing polls at rest (inotify(7))."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import struct
from collections.abc import Callable, Collection
from enum import IntFlag

_libc = ctypes.CDLL(None, use_errno=True)
_HEAD = struct.Struct("iIII")  # struct inotify_event without its name: the watch, what happened, a cookie, the name's length
_AT_ONCE = 1 << 16  # bytes of events that are read at once


class Happened(IntFlag):
    """What happened, as in <sys/inotify.h>."""

    MODIFY = 0x2
    ATTRIB = 0x4
    CLOSE_WRITE = 0x8
    MOVED_FROM = 0x40
    MOVED_TO = 0x80
    CREATE = 0x100
    DELETE = 0x200
    DELETE_SELF = 0x400
    MOVE_SELF = 0x800
    Q_OVERFLOW = 0x4000  # events were lost


CONTENT = Happened.MODIFY | Happened.ATTRIB | Happened.CLOSE_WRITE
_NAMES = Happened.MOVED_FROM | Happened.MOVED_TO | Happened.CREATE | Happened.DELETE
_WANTED = CONTENT | _NAMES | Happened.DELETE_SELF | Happened.MOVE_SELF
_ONLYDIR = 0x1000000


class FolderEvents:
    """The events of some folders, but not of the folders in them. Belongs to the event loop that it is made on."""

    def __init__(self, noticed: Callable[[str, Happened], None]) -> None:
        """Takes what is called with each name and what happened to it. The name is empty for the folder itself, and where events
        were lost.

        Raises:
            OSError: the user has as many of these as allowed.
        """
        self._noticed = noticed
        self._watches: set[int] = set()
        self._file = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        asyncio.get_running_loop().add_reader(self._file, self._read)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)

    def watch(self, root: str, folders: Collection[str]) -> bool:
        """Watches ``root`` and the folders that are given below it, and no others. Returns whether one of them was not watched
        before: what is in it may have changed since it was read.

        Raises:
            FileNotFoundError: there is no ``root``.
            OSError: the user watches as many folders as allowed.
        """
        before, self._watches = self._watches, {self._add(root)}
        for folder in folders:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # its parent tells of it
                self._watches.add(self._add(os.path.join(root, folder)))
        for watch in before - self._watches:
            _libc.inotify_rm_watch(self._file, watch)
        return not self._watches <= before

    def _add(self, folder: str) -> int:
        """Watches one folder. For one that is watched already, this returns the same number."""
        return _checked(_libc.inotify_add_watch(self._file, os.fsencode(folder), _WANTED | _ONLYDIR))

    def _read(self) -> None:
        try:
            events = os.read(self._file, _AT_ONCE)
        except BlockingIOError:
            return
        start = 0
        while start < len(events):
            _, mask, _, length = _HEAD.unpack_from(events, start)
            start += _HEAD.size + length
            if happened := Happened(mask & (_WANTED | Happened.Q_OVERFLOW)):
                self._noticed(os.fsdecode(events[start - length : start].rstrip(b"\0")), happened)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
