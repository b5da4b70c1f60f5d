"""What the disks of a domain lie in that others put elsewhere. Headers are read, and never more of them than a few."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from homeostat.planner.observed import ObservedChain, ObservedDisk

from .header import qcow2_header
from .paths import PARTIAL, file_errors

DEEPEST = 64  # files of one chain; QEMU itself opens hardly more
SETTLES = 2.0  # seconds: an overlay that was committed is closed about when its base was written to last
_HEAD = 4096  # bytes; QEMU writes the backing file's name right behind the header

Identity = tuple[int, int]  # device, inode


def read_chain(source: str, disks: Sequence[str]) -> ObservedChain:
    """From ``source`` down to the file that leans on nothing, or to one that cannot be read, which the answer then says.

    ``disks`` are our own paths: a file that is one of them, by whatever name, has that name.
    """
    own = _identities(disks)
    files: list[ObservedDisk] = []
    seen: set[Identity] = set()
    path: str | None = source
    while path is not None:
        try:
            found = os.stat(path)
            if not stat.S_ISREG(found.st_mode):
                return ObservedChain(tuple(files), problem=f"{path} is no file")
            identity = found.st_dev, found.st_ino
            if identity in seen:
                return ObservedChain(tuple(files), problem=f"{path} leans on itself")
            seen.add(identity)
            file = _read(path)
        except (FileNotFoundError, NotADirectoryError):
            return ObservedChain(tuple(files), missing=path)
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            why = error.strerror if isinstance(error, OSError) else str(error)
            return ObservedChain(tuple(files), problem=f"{path!r} cannot be read ({why})")
        files.append(ObservedDisk(own.get(identity, path), file.virtual_size, file.backing))
        if len(files) > DEEPEST:
            return ObservedChain(tuple(files), problem=f"it leans on more than {DEEPEST} files")
        path = file.backing
        if path is not None and not path.startswith("/"):
            return ObservedChain(tuple(files), problem=f"{files[-1].path} leans on {path[:80]}, which is no file of this host")
    return ObservedChain(tuple(files))


def newer_overlays(disk: str) -> tuple[str, ...]:
    """Files beside ``disk`` that lean on it and were written to after all that they lean on, the newest first. What was committed
    into the file below it, that one being written to since, is a leftover.

    Raises:
        DriverError: the folder cannot be read.
    """
    folder = os.path.dirname(disk)
    found: list[tuple[int, str]] = []
    with file_errors(folder, f"read the folder {folder}"):
        base = os.stat(disk)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(PARTIAL) or not entry.is_file(follow_symlinks=False) or entry.path == disk:
                    continue
                written = entry.stat(follow_symlinks=False).st_mtime_ns
                if written < base.st_mtime_ns + SETTLES * 1e9:
                    continue
                below = [file.path for file in read_chain(entry.path, (disk,)).files[1:]]
                if disk in below and all(written >= os.stat(path).st_mtime_ns + SETTLES * 1e9 for path in below):
                    found.append((written, entry.path))
    return tuple(path for _, path in sorted(found, reverse=True))


def _identities(paths: Sequence[str]) -> Mapping[Identity, str]:
    known: dict[Identity, str] = {}
    for path in paths:
        try:
            found = os.stat(path)
        except OSError:
            continue
        known[found.st_dev, found.st_ino] = path
    return known


def _read(path: str) -> ObservedDisk:
    # A file of others may be anything by now: never wait for it.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
        header = qcow2_header(file.read(_HEAD))
        length = os.fstat(file.fileno()).st_size
    if header is None:
        return ObservedDisk(path, length, None)
    return ObservedDisk(path, header.virtual_size, _plain(header.backing, path) if header.backing else None)


def _plain(backing: str, path: str) -> str:
    """An absolute path; what is none stays as it is. QEMU writes JSON where a name alone would not tell it all."""
    if backing.startswith("json:"):
        try:
            found = json.loads(backing.removeprefix("json:"))
            inner = found.get("file", found)
            name = inner.get("filename") or inner.get("file.filename")
        except (ValueError, AttributeError):
            return backing
        return name if isinstance(name, str) and name.startswith("/") else backing
    backing = backing.removeprefix("file:")
    if ":" in backing.split("/", 1)[0]:  # nbd:…, https:…
        return backing
    return str(Path(path).parent / backing)
