"""Snapshots in the files of disks: the table that a qcow2 file has of them, qemu-img, and what is noted down beside.

A snapshot is inside its disks, so it goes where they go, and the file that a machine writes to never changes. What its disks do
not say is in ``snapshots/UID.json`` below the state folder.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from homeostat.driver.errors import NoSpace, Refused
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote

from ..formats import qemu_img
from ..paths import PARTIAL, Rooms, allocated, file_errors, flush, free_bytes, human_size, read_whole, replace_text
from .disks import check_header, read_disk
from .tags import read_tags

RESTORED = "restored"  # in a machine's folder: the token of restoreFrom that was carried out last
RESTORED_BEFORE = "restored-before"  # beside it: those before that one, each in a line, as JSON
TOKENS_MAX = 1000


class SnapshotFiles:
    """The files of one host, as far as they are about snapshots."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._notes = rooms.root / "snapshots"

    def tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        """Returns the snapshots by file. A file that is not there, or is no qcow2 file, has no entry.

        Raises:
            DriverError: a file is there, and cannot be read.
        """
        found: dict[str, Sequence[DiskTag]] = {}
        for path in paths:
            with file_errors(path, f"read the snapshots of {path}"):
                try:
                    tags = read_tags(path)
                except (FileNotFoundError, NotADirectoryError):
                    continue
            if tags is not None:
                found[path] = tags
        return found

    def backing(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Returns what disks are built on that is a disk of a machine and no image, by the disk's path."""
        found = {}
        for path in paths:
            try:
                below = read_disk(path).backing
            except OSError:
                continue
            ours = (self._rooms.machines, self._rooms.disks)
            if below is not None and any(Path(below).is_relative_to(room) for room in ours):
                found[path] = below
        return found

    def note(self, uid: str) -> SnapshotNote | None:
        """Returns what is noted down of a snapshot. None: it was not begun.

        Raises:
            Refused: the note cannot be understood.
            DriverError: it cannot be read.
        """
        path = self._note(uid)
        with file_errors(path, "read the note of a snapshot"):
            try:
                text = read_whole(path)
            except FileNotFoundError:
                return None
        try:
            known = json.loads(text)
            return SnapshotNote(**{**known, "disks": tuple((str(name), str(file)) for name, file in known["disks"])})
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(
                f"{path} does not say any more what snapshot it is of ({error}): restore it from a backup, or delete it, then "
                "the snapshot is taken again"
            ) from error

    def notes(self) -> list[SnapshotNote]:
        """Returns the notes of all snapshots, without those that cannot be understood: reading one of them by itself says why.

        Raises:
            DriverError: their folder cannot be read.
        """
        with file_errors(self._notes, "list the notes of snapshots"):
            uids = sorted(path.stem for path in self._notes.glob("*.json")) if self._notes.is_dir() else []
        found = list[SnapshotNote]()
        for uid in uids:
            with suppress(Refused):
                if (note := self.note(uid)) is not None:
                    found.append(note)
        return found

    def write_note(self, note: SnapshotNote) -> None:
        """Replaces the note. Raises DriverError."""
        path = self._note(note.uid)
        self._rooms.ensure(path.parent)
        with file_errors(path, "note down what a snapshot is of"):
            replace_text(path, json.dumps(asdict(note), indent=2) + "\n")

    def forget(self, uid: str) -> None:
        """Removes the note, and what else is kept of a snapshot outside its disks. Raises DriverError."""
        path = self._note(uid)
        with file_errors(path, "remove the note of a snapshot"):
            self.nvram(uid).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                flush(path.parent)

    def nvram(self, uid: str) -> Path:
        """Returns the place of the firmware's variables as they were."""
        return self._note(uid).with_suffix(".nvram")

    def _note(self, uid: str) -> Path:
        if not uid or "/" in uid or uid.startswith("."):
            raise Refused(f"{uid!r} is no uid of a snapshot")
        return self._notes / f"{uid}.json"

    def note_restored(self, directory: str, token: str) -> None:
        """Records the token beside those that were carried out before. Raises DriverError."""
        folder = self._rooms.machine_folder(directory)
        self._rooms.ensure(folder)
        with file_errors(folder, "note down that it was restored"):
            before = read_restored(str(folder / RESTORED)) if (folder / RESTORED).exists() else ()
            if before:
                lines = [json.dumps(one) for one in dict.fromkeys(before)][-TOKENS_MAX:]
                replace_text(folder / RESTORED_BEFORE, "".join(f"{line}\n" for line in lines))
            replace_text(folder / RESTORED, f"{token}\n")

    async def tag(self, path: str, tag: str) -> None:
        """Takes a snapshot of a disk that nobody has open. Raises DriverError."""
        await self._snapshot("-c", tag, path, f"take a snapshot of {path}")

    async def apply(self, path: str, tag: str) -> None:
        """Brings a disk that nobody has open back to a snapshot.

        Raises:
            Refused: the disk does not hold it.
            DriverError: it could not be done.
        """
        if not self.holds(path, tag):
            raise Refused(f"{path} does not hold the snapshot {tag} any more: put a copy of the file back")
        await self._snapshot("-a", tag, path, f"bring {path} back to a snapshot")

    async def untag(self, path: str, tag: str) -> None:
        """Removes a snapshot from a disk that nobody has open, where it holds it. Raises DriverError."""
        while self.holds(path, tag):
            await self._snapshot("-d", tag, path, f"remove a snapshot from {path}")

    def holds(self, path: str, tag: str) -> bool:
        """Tells whether a disk holds a snapshot. Raises DriverError."""
        return any(found.tag == tag for found in self.tags([path]).get(path, ()))

    async def _snapshot(self, option: str, tag: str, path: str, doing: str) -> None:
        """Runs qemu-img as on a file of this format and no other. Never by a link, and only on what is ours."""
        file = self._own(path, doing).replace(",", ",,")
        await qemu_img.run(
            "snapshot", "-q", option, tag, "--image-opts", f"driver=qcow2,file.driver=file,file.filename={file}", doing=doing
        )

    def _own(self, path: str, doing: str) -> str:
        """Returns the real path of a disk that is ours, and names no other file than it may."""
        real = Path(os.path.realpath(path))
        if os.path.islink(path) or not real.is_relative_to(self._rooms.root):
            raise Refused(f"could not {doing}: it is not a file of {self._rooms.root}, and is left alone")
        with file_errors(real, doing):
            check_header(read_disk(str(real)), str(self._rooms.images), str(real.parent))
        return str(real)

    def size(self, paths: Sequence[str]) -> int:
        """Returns the bytes that files take on the disk. Raises DriverError."""
        total = 0
        for path in paths:
            with file_errors(path, f"read the size of {path}"):
                total += allocated(path)
        return total

    def check_room(self, path: str, most: int, what: str) -> None:
        """Checks that a file whose folder can be seen here can become so much larger. ``most``: bytes. ``what`` fills them.

        Raises:
            NoSpace: it cannot.
        """
        folder = Path(path).parent
        if folder.is_dir() and (free := free_bytes(folder)) < most:
            raise NoSpace(
                f"no space is left in {folder} for {what}: it takes up to {human_size(most)}, and {human_size(free)} are free; "
                "free some space there"
            )

    def copy(self, source: Path, target: Path) -> None:
        """Copies a small file over another one. A reader finds the old one or the new one. Raises DriverError."""
        partial = target.with_name(f"{target.name}{PARTIAL}")
        with file_errors(target, f"copy {source} to {target}"):
            try:
                shutil.copy2(source, partial)
                found = os.stat(target if target.exists() else source)
                os.chown(partial, found.st_uid, found.st_gid)
                flush(partial)
                os.replace(partial, target)
                flush(target.parent)
            finally:
                partial.unlink(missing_ok=True)


def read_restored(path: str) -> tuple[str, ...]:
    """Reads the tokens in a machine's folder, that of the last restore last. Raises OSError."""
    last = read_whole(path).decode(errors="replace").removesuffix("\n")
    before = list[str]()
    with suppress(FileNotFoundError):
        for line in read_whole(Path(path).with_name(RESTORED_BEFORE)).decode(errors="replace").splitlines():
            with suppress(ValueError):  # a line that somebody broke counts as none
                before.append(str(json.loads(line)))
    return (*before, last)
