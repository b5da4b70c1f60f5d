"""The storage of one host: what is there (observe), and the actions that change it (execute)."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import logging
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from homeostat.driver.errors import Refused
from homeostat.planner.actions import (
    CopyBoot,
    CopyDisk,
    CreateDisk,
    DeleteDirectory,
    DeleteFile,
    FetchImage,
    ForgetDeletion,
    GrowDisk,
    ImageRef,
    KeepDisks,
    LabelDisk,
    MarkCreated,
    NoteDeletion,
    NoteDisks,
    NoteMoved,
    RemoveDisk,
    SetAside,
    StorageAction,
    TakeBack,
    WriteSeed,
)
from homeostat.planner.disk.observed import Copying, NamedDisk
from homeostat.planner.domain import BOOT_COPY, MovedDisk
from homeostat.planner.files.disk_file import DISK_FILE
from homeostat.planner.files.trash import Space, TrashEntry
from homeostat.planner.machine.identity import disk_file
from homeostat.planner.machine.storage.disk_source import MOVED_NOTE
from homeostat.planner.observed import KeptDisks, ObservedChain, ObservedDisk, ObservedImage, ObservedStorage, Secret
from homeostat.planner.orphans import MachineFolder

from .boots import copy_boot
from .disks.chains import newer_overlays, read_chain
from .disks.copies import Copies
from .disks.cut import read_judged
from .disks.disks import create_disk, grow_disk
from .disks.exports import sweep_exports
from .disks.kept import NOTE, find_kept, write_note
from .disks.labelled import carry_label, look_into, read_named, remove_disk
from .disks.moved import forget_moved, read_moved, write_moved
from .disks.snapshots import RESTORED, RESTORED_BEFORE, SnapshotFiles, read_restored
from .folders import CREATED, DELETION, find_folders
from .images.cache import ImageCache
from .images.foresee import foresee_image
from .images.garbage import unreferenced
from .images.named import read_image_note, write_image_note
from .images.remembered import forget as forget_image
from .images.uploads import UploadFolder
from .paths import PARTIAL, Rooms, file_errors, flush, publish, read_whole, replace_text, sweep_partials, write_private
from .secret import read_secret
from .seed import build_seed
from .stat_cache import StatCache
from .trash import TrashFolder

log = logging.getLogger(__name__)
_OURS = (
    CREATED,
    NOTE,
    DELETION,
    RESTORED,
    RESTORED_BEFORE,
    "seed-*.iso",
    f"{BOOT_COPY}*",
    "console.log*",
    f"*{PARTIAL}",
    "*.export",
)  # what DeleteDirectory may remove


class Storage:
    """The files of one host. ``root`` is the state folder. ``qemu_gid`` is the group QEMU runs with, None where it runs as our
    own user.

    ``image_folders`` are the folders whose files requests may name: nothing in them leads out of them, see places.resolve.
    Belongs to one event loop. Actions on one machine must not run at the same time.
    """

    def __init__(
        self,
        root: Path,
        qemu_gid: int | None,
        *,
        image_folders: Sequence[Path] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rooms = Rooms(root, qemu_gid)
        self._folders = image_folders
        self._listeners: list[Callable[[str, bool], None]] = []
        self._images = ImageCache(self._rooms, image_folders=image_folders, changed=self._changed, clock=clock)
        self._disks = StatCache(read_judged)
        self._marks = StatCache(_read_mark)
        self._moves = StatCache(read_moved)
        self._restored = StatCache(read_restored)
        self._copies = Copies(self._rooms, self._changed)
        self.trash = TrashFolder(self._rooms)
        self.snapshots = SnapshotFiles(self._rooms)

    def subscribe(self, changed: Callable[[str, bool], None]) -> None:
        """Calls ``changed(key, fetching)`` when the image with that ImageRef.key progressed (twice a second at most; only then
        ``fetching``), arrived, failed, or may be tried again."""
        self._listeners.append(changed)

    @property
    def fetching(self) -> frozenset[str]:
        """ImageRef.keys of what is being fetched, or waits for that."""
        return self._images.busy

    def _changed(self, key: str) -> None:
        for listener in self._listeners:
            listener(key, key in self._images.busy)

    async def observe(
        self, images: Sequence[ImageRef], disks: Sequence[str], seeds: Sequence[str], directory: str
    ) -> ObservedStorage:
        """Observes the storage, with a handful of stat calls when nothing changed. Changes nothing, so that a second program may
        read too.

        Raises:
            DriverError: the state folder cannot be read, which must not look like empty storage.
        """
        with file_errors(directory, f"read the machine's folder {directory}"):
            mark = self._marks.get(f"{directory}/{CREATED}")
            noted = [path for name in mark or () if (path := disk_file(directory, name)) not in disks]
            named = [os.path.dirname(path) for path in disks if self._rooms.is_named_disk(path)]
            moved, moved_problem = self._noted_moves(dict.fromkeys((directory, *named)))
            tokens = self._restored.get(f"{directory}/{RESTORED}") or ()
            return ObservedStorage(
                images={ref.key: await self._images.observe(ref) for ref in images},
                disks={path: disk for path in (*disks, *noted) if (disk := self._disk(path)) is not None},
                seeds=frozenset(path for path in seeds if _exists(path)),
                deletion_noted=_exists(f"{directory}/{DELETION}"),
                created=mark is not None,
                reclaimable=mark or frozenset(),
                trash=self.trash.of(directory),
                moved=moved,
                moved_problem=moved_problem,
                restored=tokens[-1] if tokens else None,
                restored_before=frozenset(tokens[:-1]),
            )

    def secret(self, path: str) -> Secret | None:
        """Reads a secret; see secret.read_secret."""
        return read_secret(path, self._folders)

    def _disk(self, path: str) -> ObservedDisk | None:
        return read_named(path) if self._rooms.is_named_disk(path) else self._disks.get(path)

    def _noted_moves(self, folders: Iterable[str]) -> tuple[tuple[MovedDisk, ...], str]:
        """Returns what the records in these folders say, and why one cannot be understood."""
        found: list[MovedDisk] = []
        try:
            for folder in folders:
                found += self._moves.get(f"{folder}/{MOVED_NOTE}") or ()
        except Refused as problem:
            return (), str(problem)
        return tuple(found), ""

    async def named_disk(self, folder: str) -> tuple[NamedDisk, Copying | None]:
        """Looks into the folder of a Disk, and says how far a copy is that is made there.

        Raises:
            DriverError: it cannot be read, which must not look as if nothing were there.
        """
        with file_errors(folder, f"read {folder}"):
            return look_into(folder), self._copies.of(f"{folder}/{DISK_FILE}")

    def image_path(self, key: str) -> str:
        """Returns where the image of an ImageRef.key is, or will be."""
        return str(self._images.path(key))

    async def foresee(self, ref: ImageRef) -> ObservedImage:
        """Returns what fetching the image will give, as far as that can be known without fetching it."""
        return await foresee_image(ref, self._images.path(ref.key), self._folders, self._rooms.root)

    async def chains(
        self, sources: Sequence[str], disks: Sequence[str], named: Sequence[str] = ()
    ) -> Mapping[str, ObservedChain]:
        """Reads a few headers for each source. Never raises: the answer says what cannot be read. Besides ``named`` and the
        sources, only files of the image cache and of the machine's folder are opened."""
        files = (*sources, *named, str(self._rooms.images))
        return await asyncio.to_thread(lambda: {source: read_chain(source, disks, files) for source in sources})

    async def overlays(self, disks: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Finds newer overlays beside these disks. Raises DriverError."""
        return await asyncio.to_thread(
            lambda: {disk: found for disk in disks if (found := newer_overlays(disk, str(self._rooms.images)))}
        )

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> Sequence[KeptDisks]:
        """Finds the disks that were kept for a deployment.

        Raises:
            DriverError: the folders cannot be read.
        """
        return await asyncio.to_thread(find_kept, self._rooms, namespace, deployment, owner)

    async def sweep_copies(self) -> Sequence[str]:
        """Removes what killed copies left beside the disks, and returns it. Raises DriverError."""
        return await asyncio.to_thread(sweep_exports, self._rooms)

    async def expire_uploads(self) -> Sequence[str]:
        """Removes old uploads, and returns their names. Raises DriverError."""
        return [upload.name for upload in await asyncio.to_thread(UploadFolder(self._rooms.root).expire)]

    async def image_note(self, uid: str) -> str:
        """Returns the ImageRef.key that was noted down for an Image; empty: none. Raises DriverError."""
        return await asyncio.to_thread(read_image_note, self._rooms, uid)

    async def note_image(self, uid: str, key: str) -> None:
        """Notes down which file an Image stands for; empty: forgets it. Raises DriverError."""
        await asyncio.to_thread(write_image_note, self._rooms, uid, key)

    async def machine_folders(self) -> Sequence[MachineFolder]:
        """Finds all folders of machines. Raises DriverError: they cannot be read."""
        return await asyncio.to_thread(find_folders, self._rooms)

    async def execute(self, action: StorageAction) -> None:
        """Carries one action out. Repeating it does no harm.

        Raises:
            DriverError: it could not be done.
        """
        match action:
            case FetchImage():
                self._images.fetch(action.image)
            case CreateDisk():
                await create_disk(self._rooms, action)
            case CopyDisk():
                self._copies.start(action)
            case LabelDisk():
                carry_label(self._rooms, action)
            case RemoveDisk():
                remove_disk(self._rooms, action)
            case GrowDisk():
                await grow_disk(self._rooms, action)
            case WriteSeed():
                iso = await asyncio.to_thread(build_seed, action.files)
                self._place(action.path, iso, "write the cloud-init seed")
            case CopyBoot():
                await asyncio.to_thread(copy_boot, self._rooms, action)
            case MarkCreated():
                self._mark_created(self._rooms.machine_folder(action.directory), action.disks)
            case NoteDeletion():
                self._place(f"{action.directory}/{DELETION}", action.resource.encode(), "note down that its deletion has begun")
            case ForgetDeletion():
                self._delete_file(f"{action.directory}/{DELETION}")
            case NoteDisks():
                self._write_mark(self._rooms.machine_folder(action.directory), action.disks)
            case NoteMoved():
                write_moved(self._rooms.noted_folder(action.directory), action.disks)
            case SetAside():
                await asyncio.to_thread(self.trash.set_aside, action)
            case TakeBack():
                await asyncio.to_thread(self.trash.take_back, action)
            case DeleteFile():
                self._delete_file(action.path)
            case KeepDisks():
                note = f"{action.directory}/{NOTE}"
                self._place(note, write_note(action.owner, action.disks, action.uid), "note down whose the disks are that stay")
            case DeleteDirectory():
                self._delete_directory(action.path)

    def _mark_created(self, folder: Path, disks: Sequence[str]) -> None:
        self._rooms.ensure(folder)
        with file_errors(folder, "note that the machine was created"):
            (folder / NOTE).unlink(missing_ok=True)  # now the disks are this machine's
        self._write_mark(folder, disks)

    def _write_mark(self, folder: Path, disks: Sequence[str]) -> None:
        """Writes the mark. It is not flushed: a mark that is lost with the power is only made again."""
        with file_errors(folder, "note that the machine was created"):
            replace_text(folder / CREATED, "".join(f"{name}\n" for name in disks), durable=False)

    def _place(self, path: str, content: bytes, doing: str) -> None:
        """Writes a file that is either complete or not there. An existing file stays."""
        target = self._rooms.machine_file(path)
        self._rooms.ensure(target.parent)
        partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PARTIAL}")
        with file_errors(target, doing):
            sweep_partials(target.parent)
            try:
                write_private(partial, content)
                self._rooms.finish(partial)
                with contextlib.suppress(FileExistsError):
                    publish(partial, target)
            finally:
                partial.unlink(missing_ok=True)

    def _delete_file(self, path: str) -> None:
        target = self._rooms.machine_file(path)
        with file_errors(target, f"delete {target}"):
            if target.is_dir() and not target.is_symlink():
                raise Refused(f"{target} is a folder where a file was expected: left alone")
            try:
                target.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            flush(target.parent)
        log.info("deleted %s", target)

    def _delete_directory(self, path: str) -> None:
        """Removes what is ours. Retained disks, and whatever else is there, stay and keep the folder."""
        folder = self._rooms.machine_folder(path)
        with file_errors(folder, f"delete the folder {folder}"):
            try:
                names = sorted(os.listdir(folder))
            except FileNotFoundError:
                return
            ours = [n for n in names if any(fnmatch.fnmatch(n, pattern) for pattern in _OURS)]
            for name in sorted(ours, key=lambda n: n == CREATED):  # the marker goes last: until then it says what this folder is
                (folder / name).unlink(missing_ok=True)
            forget_moved(folder)
            if left := sorted(os.listdir(folder)):
                log.info("kept in %s: %s", folder, ", ".join(left))
                return
            folder.rmdir()
            with contextlib.suppress(OSError):  # not empty: other machines are there
                folder.parent.rmdir()
        log.info("deleted the folder %s", folder)

    async def prune(self, used: Callable[[], Collection[str]], paths: Callable[[], Collection[str]] = frozenset) -> list[str]:
        """Removes cached images that no spec names (``used``: ImageRef.keys), that no disk is built on, that are not in ``paths``
        and that are older than 600 s. Calls ``used`` and ``paths`` again just before. Returns what was removed."""
        removed = []
        for path in await asyncio.to_thread(unreferenced, self._rooms, self._in_use(used(), paths())):
            if path in self._in_use(used(), paths()):
                continue  # named by now
            with file_errors(path, f"remove the image {path}"):
                path.unlink(missing_ok=True)
                forget_image(path)
            removed.append(str(path))
        return removed

    def _in_use(self, used: Collection[str], paths: Collection[str]) -> set[Path]:
        return {self._images.path(key) for key in {*used, *self._images.busy}} | {Path(path) for path in paths}

    async def leftovers(self, directory: str) -> Sequence[str]:
        """Lists the files in a machine's folder. Raises DriverError."""
        with file_errors(directory, f"read the machine's folder {directory}"):
            try:
                return sorted(os.listdir(directory))
            except (FileNotFoundError, NotADirectoryError):
                return ()

    async def trashed(self, directory: str | None) -> Sequence[TrashEntry]:
        """Lists what is set aside of machines whose folder is ``directory``, or all of it, oldest first. Raises DriverError."""
        return self.trash.of(directory) if directory else await asyncio.to_thread(self.trash.entries)

    async def space(self) -> Space:
        """Reads the space of the file system. Raises DriverError."""
        return self.trash.space()

    async def erase(self, entry: str) -> None:
        """Erases an entry of the trash. Raises DriverError."""
        await asyncio.to_thread(self.trash.erase, entry)

    async def close(self) -> None:
        """Ends the fetches. What has arrived stays for the next time."""
        await self._copies.close()
        await self._images.close()


def _read_mark(path: str) -> frozenset[str]:
    """Returns the names in the marker; those of earlier versions are empty."""
    lines = read_whole(path).decode(errors="replace").splitlines()
    return frozenset(name for name in lines if name and "/" not in name)


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
