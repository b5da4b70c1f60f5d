"""The trash of one state folder: ``trash/<entry>/`` holds the disks of one deletion, and ``label.json`` says whose they are.

Every change is made under the trash's lock, so that operator, command line and API may each make it. The label comes first and
goes last. A disk is moved by a link and an unlink (a copy where machines/ is another file system), never over another file. If a
process is killed between two of these steps, the same action continues where it stopped.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homeostat.driver.errors import DriverError, EntryGone, Refused
from homeostat.planner.actions import SetAside, TakeBack
from homeostat.planner.domain import MovedDisk
from homeostat.planner.files.disk_file import DISK_FILE, DISKS, DiskLabel
from homeostat.planner.files.trash import Space, TrashedDisk, TrashEntry, Uptime, put_off, read_label, scarcity, write_label
from homeostat.planner.machine.identity import DISK_SUFFIX

from .disks.disks import read_disk
from .disks.labelled import label_disk, read_as
from .disks.moved import add_moved
from .move import move, same
from .paths import MACHINES, PARTIAL, Rooms, allocated, file_errors, flush, read_whole, replace_text

log = logging.getLogger(__name__)

LABEL = "label.json"
LOCK = ".lock"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
ERASING = ".erasing-"  # before an entry's name, while its files go

FolderSignature = tuple[int, int]  # of the trash's folder: mtime in ns, inode
Owner = tuple[str, str, str]  # room, namespace, name


class TrashFolder:
    """The trash. A read costs a stat call while nothing changes, and otherwise one reading of each new label."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._knowing = threading.Lock()  # actions run in threads, because a copy takes long
        self._seen: FolderSignature | None = None
        self._known: dict[str, TrashEntry] = {}
        self._by_owner: dict[Owner, tuple[TrashEntry, ...]] = {}

    @classmethod
    def at(cls, root: Path) -> TrashFolder:
        """Opens the trash of a state folder whose rights stay as they are: for a caller that does not know the group that QEMU
        runs with."""
        with file_errors(root, "look at the state folder"):
            found = root.stat()
        return cls(Rooms(root, found.st_gid if found.st_mode & 0o010 else None))

    def of(self, directory: str) -> tuple[TrashEntry, ...]:
        """Returns what is set aside of machines whose folder is ``directory``."""
        self._refresh()
        room, namespace, name = directory.rsplit("/", 3)[-3:]
        return self._by_owner.get((room, namespace, name), ())

    def entries(self) -> list[TrashEntry]:
        """Returns all entries as they are now, oldest first. Raises DriverError: the trash cannot be read."""
        with file_errors(self._rooms.trash, "look through the trash"):
            read = {name: _read(self._rooms.trash / name) for name in self._names()}
            self._clean_up([name for name, entry in read.items() if entry is None])
        found = [replace(entry, returns=entry.returns and self._has_room(entry)) for entry in read.values() if entry is not None]
        return sorted(found, key=lambda entry: (entry.since, entry.entry))

    def known(self) -> list[TrashEntry]:
        """Returns the entries, newest first, for who asks again and again: nothing is read where nothing changed.

        Raises:
            DriverError: the trash cannot be read.
        """
        with file_errors(self._rooms.trash, "look through the trash"):
            self._refresh()
            found = [replace(entry, returns=entry.returns and self._has_room(entry)) for entry in self._known.values()]
        return sorted(found, key=lambda entry: (entry.since, entry.entry), reverse=True)

    def _has_room(self, entry: TrashEntry) -> bool:
        """Tells whether the places of its disks are free. Otherwise only a person can bring it back."""
        home = self._home(entry)
        return not any(os.path.lexists(home / disk.file) for disk in entry.disks)

    def _home(self, entry: TrashEntry) -> Path:
        """Returns the folder that its disks were in."""
        return self._rooms.root.joinpath(*_owner(entry))

    def _clean_up(self, names: Sequence[str]) -> None:
        """Removes entries without a disk. A killed action left them, unless one is under way."""
        if not names:
            return
        with contextlib.suppress(OSError), open(self._rooms.trash / LOCK, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for folder in (self._rooms.trash / name for name in names):
                if not folder.is_symlink() and _read(folder) is None:
                    for left in folder.iterdir():
                        left.unlink()
                    folder.rmdir()

    def space(self) -> Space:
        with file_errors(self._rooms.root, "see how much space is free"):
            usage = shutil.disk_usage(self._rooms.root)
        return Space(usage.free, usage.total)

    def _refresh(self) -> None:
        with self._knowing:
            self._read_changes()

    def _read_changes(self) -> None:
        signature = self._signature()
        if signature == self._seen:
            return
        names = self._names()
        self._known = {name: known for name, known in self._known.items() if name in names}
        for name in names - self._known.keys():
            if (entry := _read(self._rooms.trash / name)) is not None:
                self._known[name] = entry
        self._remember(signature)

    def _remember(self, signature: FolderSignature | None) -> None:
        by_owner: dict[Owner, list[TrashEntry]] = {}
        for entry in self._known.values():
            by_owner.setdefault(_owner(entry), []).append(entry)
        self._by_owner = {owner: tuple(entries) for owner, entries in by_owner.items()}
        self._seen = signature

    def _signature(self) -> FolderSignature | None:
        try:
            found = os.stat(self._rooms.trash)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_mtime_ns, found.st_ino

    def _names(self) -> set[str]:
        try:
            return {name for name in os.listdir(self._rooms.trash) if not name.startswith(".")}
        except (FileNotFoundError, NotADirectoryError):
            return set()

    @contextlib.contextmanager
    def _changing(self, name: str) -> Iterator[None]:
        """Holds the trash's lock, and keeps what is known right without reading all of it again."""
        self._rooms.ensure(self._rooms.root)
        self._rooms.trash.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(self._rooms.trash / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            fresh = self._signature() == self._seen
            try:
                yield
            finally:
                os.utime(self._rooms.trash)  # a process that read it in between reads it again
                with self._knowing:
                    if fresh:
                        self._know(name)
                    else:
                        self._known.pop(name, None)  # read again next time, with everything else that is new
                        self._seen = None
        finally:
            os.close(handle)

    def _know(self, name: str) -> None:
        entry = _read(self._rooms.trash / name)
        for known in (self._known.pop(name, None), entry):
            if known is not None:
                others = tuple(e for e in self._by_owner.get(_owner(known), ()) if e.entry != name)
                self._by_owner[_owner(known)] = (*others, known) if known is entry else others
        if entry is not None:
            self._known[name] = entry
        self._seen = self._signature()

    def set_aside(self, action: SetAside, now: datetime | None = None) -> None:
        """Moves disks to the trash.

        Raises:
            Refused: a file that is none of the machine's own.
        """
        now = datetime.now(UTC) if now is None else now
        with file_errors(self._rooms.trash, f"set the disks of {action.name} aside"):
            place = self._rooms.named_disk if action.label else self._rooms.machine_file
            files = [(name, place(path)) for name, path in action.disks]
            there = [(name, path) for name, path in files if os.path.lexists(path)]
            if not there:
                return
            entry = self._free_name(action.entry, there)
            with self._changing(entry):
                folder = self._rooms.trash / entry
                self._label(folder, action, there, now)
                for _, path in there:
                    move(path, folder / path.name)
                flush(there[0][1].parent)
        log.info("set aside in %s: %s", folder, ", ".join(str(path) for _, path in there))

    def _free_name(self, wanted: str, disks: list[tuple[str, Path]]) -> str:
        """Returns an entry that does not hold another disk of these names."""
        name, number = wanted, 1
        while any(_is_another(self._rooms.trash / name / path.name, path) for _, path in disks):
            number += 1
            name = f"{wanted}-{number}"
        return name

    def _label(self, folder: Path, action: SetAside, disks: list[tuple[str, Path]], now: datetime) -> None:
        until = _stamp(now + timedelta(seconds=min(action.keep, 1e9)))
        label = TrashEntry(
            folder.name, action.namespace, action.name, action.uid, action.reason, _stamp(now), until, action.returns,
            action.macs, tuple(_with_source(_describe(name, path, action.label), action.moved) for name, path in disks),
            scarcity(self.space()), action.label,
        )  # fmt: skip
        if (before := _read(folder)) is not None:  # continues what was begun
            names = {disk.name for disk in label.disks}
            label = replace(
                label, since=before.since, until=max(until, before.until),
                disks=(*(disk for disk in before.disks if disk.name not in names), *label.disks),
            )  # fmt: skip
        folder.mkdir(mode=0o700, exist_ok=True)
        replace_text(folder / LABEL, write_label(label, _uptime()))

    def take_back(self, action: TakeBack) -> None:
        """Moves one disk back to its place.

        Raises:
            Refused: another file is in the way.
            DriverError: it is neither in the trash nor in its place.
        """
        target = self._rooms.named_disk(action.path) if action.label else self._rooms.machine_file(action.path)
        source = self._rooms.trash / Path(action.entry).name / target.name
        self._rooms.ensure(target.parent)
        with file_errors(target, f"take {target} back from the trash"):
            if source.exists():
                with self._changing(source.parent.name):
                    if action.label is not None:
                        label_disk(self._rooms, action.path, action.label)
                    if action.moved is not None:  # first: without it this disk would be taken for the newest
                        add_moved(target.parent, action.moved)
                    move(source, target)
                    _remove_empty(source.parent)
            elif not target.exists():
                raise DriverError(f"{target.name} of {action.entry} is in the trash no more, nor in its place {target}")
        log.info("took back %s", target)

    def restore(self, entry: TrashEntry) -> list[Path]:
        """Puts all disks of an entry back to where they were, all or none.

        Raises:
            EntryGone: somebody else put it back, or erased it, meanwhile.
            Refused: a file is there already, or nobody knows where they were.
        """
        folder = self._rooms.trash / entry.entry
        if not entry.name:
            raise Refused(f"{entry.reason}; so move its files from {folder} by hand")
        home, place = self._home(entry), self._rooms.named_disk if entry.label else self._rooms.machine_file
        files = [disk.file for disk in entry.disks]
        moves = [(folder / file, place(str(home / file))) for file in files]
        with file_errors(home, f"put the disks of {entry.name} back"), self._changing(entry.entry):
            if not folder.is_dir():
                raise EntryGone(f"{entry.entry} is not in the trash any more")
            if taken := [target for source, target in moves if _is_another(target, source)]:
                raise Refused(
                    f"{', '.join(map(str, taken))}: the machine has a disk there, which is kept. Delete the machine (its disk "
                    "is then set aside too) or move that file away, and restore this one again"
                )
            self._rooms.ensure(home)
            if entry.label is not None:
                label_disk(self._rooms, str(moves[0][1]), entry.label)
            for disk in entry.disks:
                if disk.source:
                    known_as = str(home / disk.file) if entry.label else disk.name
                    add_moved(home, MovedDisk(known_as, disk.source, disk.source_format))
            for source, target in moves:
                if source.exists():
                    move(source, target)
            _remove_empty(folder)
        return [target for _, target in moves]

    def erase(self, name: str) -> bool:
        """Erases an entry forever, and tells whether there was one. If it is killed, the next call removes the rest."""
        if not name or name.startswith(".") or "/" in name:
            return False
        folder = self._rooms.trash / name
        going = folder.with_name(f"{ERASING}{folder.name}")
        with file_errors(folder, f"erase {folder}"), self._changing(folder.name):
            there = folder.is_dir() and not folder.is_symlink()
            if there:
                if going.exists():
                    shutil.rmtree(going)
                os.rename(folder, going)
            for left in self._rooms.trash.glob(f"{ERASING}*"):
                shutil.rmtree(left)
        return there


def _read(folder: Path) -> TrashEntry | None:
    """Returns an entry with the disks that are in it now; None where there are none. Without a readable label its disks are
    nobody's, and only a person erases them."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if all(name == LABEL or name.endswith(PARTIAL) for name in names):
        return None
    files = {name for name in names if _is_disk(name)}
    try:
        text = read_whole(folder / LABEL)
        entry = put_off(read_label(folder.name, text), text, datetime.now(UTC), _uptime())
    except (OSError, ValueError) as error:
        since = _stamp(datetime.fromtimestamp(folder.stat().st_mtime, UTC))
        disks = tuple(_describe(name.removesuffix(DISK_SUFFIX), folder / name, None) for name in sorted(files))
        return TrashEntry(folder.name, "", "", "", f"its {LABEL} cannot be read: {error}", since, "", disks=disks)
    return replace(entry, disks=tuple(disk for disk in entry.disks if disk.file in files))


def _uptime() -> Uptime:
    try:
        boot = BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return Uptime(boot, time.clock_gettime(time.CLOCK_BOOTTIME))  # it goes on while the host sleeps


def _is_disk(name: str) -> bool:
    return name.endswith(DISK_SUFFIX) or name == DISK_FILE


def _owner(entry: TrashEntry) -> Owner:
    """Returns the room that its disks were in, and the namespace and the name of what they belonged to."""
    return DISKS if entry.label else MACHINES, entry.namespace, entry.name


def _describe(name: str, path: Path, label: DiskLabel | None) -> TrashedDisk:
    size = allocated(path)
    try:
        found = read_as(str(path), label) if label else read_disk(str(path))
    except OSError:
        return TrashedDisk(name, str(path), size)
    return TrashedDisk(name, str(path), size, found.virtual_size, found.backing)


def _with_source(disk: TrashedDisk, moved: Sequence[MovedDisk]) -> TrashedDisk:
    found = next((known for known in moved if known.name in (disk.name, disk.path)), None)
    return replace(disk, source=found.source, source_format=found.format) if found else disk


def _is_another(path: Path, file: Path) -> bool:
    return os.path.lexists(path) and not same(path, file)


def _remove_empty(folder: Path) -> None:
    """Removes the folder with its label, once no disk is there."""
    if any(_is_disk(name) for name in os.listdir(folder)):
        return
    (folder / LABEL).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # something else was put there
        folder.rmdir()


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
