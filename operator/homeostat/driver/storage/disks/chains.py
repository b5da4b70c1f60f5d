"""The files of a domain's disks that others put elsewhere. Only headers are read, and never more than a few of them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from homeostat.planner.machine.storage.header import DATA_FILE, told
from homeostat.planner.observed import ObservedChain, ObservedDisk

from ..formats.header import qcow2_header
from ..paths import PARTIAL, allocated, at_once, file_errors

DEEPEST = 64  # files of one chain; QEMU itself opens few more
SETTLES = 2.0  # seconds: a committed overlay is closed at about the time its base was last written to
_HEAD = 4096  # bytes; QEMU writes the backing file's name right after the header

FileId = tuple[int, int]  # device, inode


def read_chain(source: str, disks: Sequence[str], known: Sequence[str] = ()) -> ObservedChain:
    """Reads from ``source`` down to the file that is built on nothing, or to one that cannot be read; the answer says which.

    ``disks`` are our own paths: a file that is one of them, under whatever name, gets that name. A guest may have written
    headers. Of the files that they name, only those in ``known`` (files, and folders of files) and those in a folder of ``disks``
    are opened.
    """
    places = {os.path.realpath(place) for place in (*known, *disks, *map(os.path.dirname, disks))}
    own = _identities(disks)
    files: list[ObservedDisk] = []
    seen: set[FileId] = set()
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
            if file.data_file:
                return ObservedChain(tuple(files), altered=told(path, DATA_FILE))
        except (FileNotFoundError, NotADirectoryError):
            return ObservedChain(tuple(files), missing=path)
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            why = error.strerror if isinstance(error, OSError) else str(error)
            return ObservedChain(tuple(files), problem=f"{path!r} cannot be read ({why})")
        files.append(ObservedDisk(own.get(identity, path), file.virtual_size, file.backing))
        if len(files) > DEEPEST:
            return ObservedChain(tuple(files), problem=f"it leans on more than {DEEPEST} files")
        path = file.backing
        if path is not None and not _may_be_opened(path, places, own):
            return ObservedChain(tuple(files), altered=told(files[-1].path, path))
    return ObservedChain(tuple(files))


def bytes_of_chain(source: str, images: str) -> int:
    """Returns what a disk takes on the host with everything below it, as far as that is in the folder of images or beside it.

    Raises:
        DriverError: one of the files cannot be read.
    """
    with file_errors(source, f"read what {source} takes"):
        return sum(allocated(file.path) for file in read_chain(source, [source], [images]).files)


def _may_be_opened(path: str, places: Container[str], own: Mapping[FileId, str]) -> bool:
    """Tells whether a file may be opened: by its path, not by what is there. One of our own disks may have any name."""
    if not path.startswith("/"):  # nbd:…, https:…, json:… of more than a file
        return False
    try:
        real = os.path.realpath(path)
        if real in places or os.path.dirname(real) in places:
            return True
        found = os.stat(path)
    except (OSError, ValueError):
        return False
    return (found.st_dev, found.st_ino) in own


def newer_overlays(disk: str, *known: str) -> tuple[str, ...]:
    """Returns files beside ``disk`` that are built on it and were written to after all that they are built on, the newest first.
    An overlay that was committed into the file below it, which was written to since, is a leftover.

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
                below = [file.path for file in read_chain(entry.path, (disk,), known).files[1:]]
                if disk in below and all(written >= os.stat(path).st_mtime_ns + SETTLES * 1e9 for path in below):
                    found.append((written, entry.path))
    return tuple(path for _, path in sorted(found, reverse=True))


def _identities(paths: Sequence[str]) -> Mapping[FileId, str]:
    known: dict[FileId, str] = {}
    for path in paths:
        try:
            found = os.stat(path)
        except OSError:
            continue
        known[found.st_dev, found.st_ino] = path
    return known


def _read(path: str) -> ObservedDisk:
    with open(path, "rb", buffering=0, opener=at_once) as file:
        header = qcow2_header(file.read(_HEAD) or b"")
        length = os.fstat(file.fileno()).st_size
    if header is None:
        return ObservedDisk(path, length, None)
    return ObservedDisk(path, header.virtual_size, _plain(header.backing, path) if header.backing else None, header.data_file)


def _plain(backing: str, path: str) -> str:
    """Returns an absolute path; anything else stays as it is. QEMU writes JSON where a name alone is not enough."""
    if backing.startswith("json:"):
        try:
            found = json.loads(backing.removeprefix("json:"))
            inner = found.get("file", found)
            name = inner.get("filename") or inner.get("file.filename")
        except (ValueError, AttributeError, RecursionError):
            return backing
        return name if isinstance(name, str) and name.startswith("/") and _names_only(found, name) else backing
    backing = backing.removeprefix("file:")
    if ":" in backing.split("/", 1)[0]:  # nbd:…, https:…
        return backing
    return str(Path(path).parent / backing)


def _names_only(found: object, name: str) -> bool:
    """Tells whether nothing else in there could name another file."""
    if isinstance(found, dict):
        return all(key in ("driver", "file.driver") or _names_only(value, name) for key, value in found.items())
    return found == name
