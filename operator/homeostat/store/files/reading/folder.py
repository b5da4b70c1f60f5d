"""Walks the YAML folder.

Links are followed wherever they lead: who may write a link into the folder may also write YAML into it, and Kubernetes mounts
ConfigMaps as links. No folder is entered twice, so links cannot loop. No file is read twice under several names; a real file
comes before a link to it. Only regular files are opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from homeostat.models.outside import one_line

SUFFIXES = (".yaml", ".yml", ".json")
CHART = "Chart.yaml"
BUILDS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization", CHART})
"""Files that say what kustomize or Helm builds of the files beside them."""
FILE_LIMIT = 8 * 2**20
"""Bytes of the largest file that is read. That is some 20,000 machines."""
DEPTH_LIMIT = 32


@dataclass(frozen=True, slots=True)
class FoundFile:
    path: str  # relative to the folder, as a person would write it
    real: str  # absolute; resolved only where a link was followed
    signature: str  # changes whenever the content may have changed
    changed_at: int  # nanoseconds since the epoch: the later of mtime and ctime
    size: int
    outside: bool  # it was reached by a link to a place outside the folder


@dataclass(slots=True)
class Listing:
    """What a walk found. ``unreadable`` maps a file or folder that exists and could not be read to the reason."""

    files: list[FoundFile] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    missing: str = ""  # why the folder itself could not be read; empty: it could
    folders: dict[str, str] = field(default_factory=dict)  # folders that were entered -> the identity of each: disk.inode
    swapped: set[str] = field(default_factory=set)  # those of them that others put in their place as a whole, such as a link's
    builds: list[FoundFile] = field(default_factory=list)  # see BUILDS; those with a suffix are in ``files``, too


def hidden(name: str) -> bool:
    """Tells whether an entry is hidden, or is what editors leave beside a file (.x.swp, #x#, x~, 4913)."""
    return name.startswith((".", "#")) or name.endswith("~")


def taken(name: str) -> bool:
    """Tells whether a file of that name, or path, matters."""
    return name.endswith(SUFFIXES) or os.path.basename(name) in BUILDS


def list_folder(root: Path) -> Listing:
    """Returns all YAML and JSON files below ``root``, sorted by path. It raises nothing: trouble is part of the listing."""
    walk = _Walk(os.path.realpath(root))
    walk.enter("", linked=False)
    while walk.links:  # after all real files, so that the real name wins
        batch, walk.links = sorted(walk.links), []
        for path in batch:
            walk.enter(path, linked=True)
    walk.listing.files.sort(key=lambda found: found.path)
    return walk.listing


def relist(listing: Listing, paths: Collection[str]) -> Listing | None:
    """Returns ``listing`` with these files as they are now. None: one of them is new or gone, so the folder must be walked
    again."""
    if not {found.path for found in listing.files}.issuperset(paths):
        return None
    try:
        return replace(listing, files=[_seen(found) if found.path in paths else found for found in listing.files])
    except OSError:
        return None


def _seen(found: FoundFile) -> FoundFile:
    known = os.stat(found.real)
    return replace(found, signature=signature(known), changed_at=_changed_at(known), size=known.st_size)


@dataclass(slots=True)
class _Walk:
    base: str
    listing: Listing = field(default_factory=Listing)
    links: list[str] = field(default_factory=list)
    folders: set[tuple[int, int]] = field(default_factory=set)
    files: set[tuple[int, int]] = field(default_factory=set)

    def enter(self, start: str, *, linked: bool) -> None:
        pending = [start]
        while pending:
            path = pending.pop()
            try:
                pending.extend(self._open(path, linked))
            except OSError as error:
                if path:
                    self.listing.unreadable[path] = _reason(error)
                else:
                    self.listing.missing = (error.strerror or str(error)).lower()

    def _open(self, path: str, linked: bool) -> list[str]:
        """Takes in one folder, or one file that a link led to. Returns the folders in it."""
        absolute = os.path.join(self.base, path) if path else self.base
        known = os.stat(absolute)
        if linked and stat.S_ISREG(known.st_mode):
            self._add(path, known, linked)
            return []
        if not stat.S_ISDIR(known.st_mode):
            if not path:
                self.listing.missing = "is not a folder"
            elif taken(path):
                self.listing.unreadable[path] = _other_than_a_file(known.st_mode)
            return []
        identity = (known.st_dev, known.st_ino)
        if identity in self.folders:
            return []
        if path.count("/") >= DEPTH_LIMIT:
            self.listing.unreadable[path] = f"lies more than {DEPTH_LIMIT} folders deep: what is in it is not read"
            return []
        with os.scandir(absolute) as entries:
            children = sorted(entries, key=lambda entry: entry.name)
        self.folders.add(identity)
        self.listing.folders[path] = f"{known.st_dev}.{known.st_ino}"
        if linked or not path:
            self.listing.swapped.add(path)
        prefix = f"{path}/" if path else ""
        return [prefix + child.name for child in children if self._sort_in(child, prefix + child.name, linked)]

    def _sort_in(self, entry: os.DirEntry[str], path: str, linked: bool) -> bool:
        """Records a file or a link. Returns True for a folder to enter."""
        if hidden(entry.name):
            return False
        try:
            path.encode()  # a file whose name is not UTF-8 can be opened, but not indexed or shown
            if not entry.name.isprintable():
                self.listing.unreadable[one_line(path)] = "has a name with control characters: rename it"
                return False
            if entry.is_symlink():
                # A dangling link may be a folder whose disk is not mounted: its content must not count as removed.
                if taken(entry.name) or entry.is_dir() or not os.path.exists(entry.path):
                    self.links.append(path)
            elif entry.is_dir(follow_symlinks=False):
                return True
            elif taken(entry.name):
                known = os.stat(entry.path, follow_symlinks=False)
                if stat.S_ISREG(known.st_mode):
                    self._add(path, known, linked)
                else:
                    self.listing.unreadable[path] = _other_than_a_file(known.st_mode)
        except UnicodeEncodeError:
            readable = path.encode(errors="surrogateescape").decode(errors="replace")
            self.listing.unreadable[one_line(readable)] = "has a name that is not UTF-8: rename it"
        except FileNotFoundError:
            pass  # it has gone since the folder was listed
        except OSError as error:
            self.listing.unreadable[path] = _reason(error)
        return False

    def _add(self, path: str, known: os.stat_result, linked: bool) -> None:
        identity = (known.st_dev, known.st_ino)
        if identity in self.files or not taken(path):
            return
        self.files.add(identity)
        real = os.path.join(self.base, path)
        if linked:
            real = os.path.realpath(real)
        outside = linked and not real.startswith(self.base + os.sep)
        found = FoundFile(path, real, signature(known), _changed_at(known), known.st_size, outside)
        if path.endswith(SUFFIXES):
            self.listing.files.append(found)
        if os.path.basename(path) in BUILDS:
            self.listing.builds.append(found)


def signature(known: os.stat_result) -> str:
    return f"{known.st_mtime_ns}.{known.st_ctime_ns}.{known.st_size}.{known.st_dev}.{known.st_ino}"


def _changed_at(known: os.stat_result) -> int:
    return max(known.st_mtime_ns, known.st_ctime_ns)


def _other_than_a_file(mode: int) -> str:
    names = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return f"is {names.get(stat.S_IFMT(mode), 'something else')}, not a file, and cannot be read"


def _reason(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def read_file(path: str) -> bytes:
    """Returns the bytes of a regular file.

    Raises:
        OSError: it cannot be read, or is not a regular file.
        ValueError: it is larger than ``FILE_LIMIT``. Says so.
    """
    # O_NONBLOCK: a FIFO that took the place of the file must not block us.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        known = os.fstat(handle)
        if not stat.S_ISREG(known.st_mode):
            raise OSError(0, "not a regular file")
        content = file.read(FILE_LIMIT + 1) if known.st_size <= FILE_LIMIT else b""
        if known.st_size > FILE_LIMIT or len(content) > FILE_LIMIT:
            size = max(known.st_size, len(content)) / 2**20
            raise ValueError(f"is {size:.0f} MiB large; at most {FILE_LIMIT // 2**20} MiB are read: split it into several files")
    return content
