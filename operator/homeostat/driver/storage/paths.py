"""Where storage may be touched, with which rights, and what a file error means to a person.

Layout below the root (the state folder)::

    images/                      the read-only cache of base images
    machines/<namespace>/<name>/ the files of one machine
    disks/<namespace>/<name>/    the file of one Disk, and its label
    uploads/                     what is being uploaded, see uploads.py
    trash/<entry>/               disks that were set aside, see trash.py
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from homeostat.driver.errors import DriverError, NoSpace, Refused
from homeostat.planner.files.disk_file import DISK_FILE, DISKS

IMAGES = "images"
MACHINES = "machines"
TRASH = "trash"
PARTIAL = ".partial"  # the suffix of everything that is not complete yet


def human_size(size: float) -> str:
    """Writes bytes as people read them: 1536 -> 1.5 KiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def free_bytes(folder: Path) -> int:
    """Returns the bytes that the operator may still write in ``folder``'s file system; 0 where that cannot be read."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def allocated(path: Path | str) -> int:
    """Returns the bytes that a file itself takes on the disk, whatever length it has. Raises OSError."""
    return os.lstat(path).st_blocks * 512  # st_blocks counts in 512 bytes: stat(3type)


def nearest_folder(path: Path) -> Path:
    """Finds the closest folder on the way to ``path`` that exists."""
    return next((p for p in (path, *path.parents) if p.is_dir()), Path("/"))


def file_error(error: OSError, path: Path, doing: str) -> DriverError:
    """Turns ``error`` into a DriverError. It was raised while ``doing`` (such as "create the disk")."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        folder = _full_folder(error, path)
        what = "the quota is used up" if error.errno == errno.EDQUOT else "no space is left"
        return NoSpace(
            f"could not {doing}: {what} in {folder} ({human_size(free_bytes(folder))} free); "
            "free some space or move the state folder to a larger disk"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refused(
            f"could not {doing}: permission denied on {error.filename or path}; "
            f"let the operator's user (uid {os.geteuid()}) write there, or run it as root"
        )
    if error.errno == errno.EROFS:
        return Refused(f"could not {doing}: {nearest_folder(path.parent)} is mounted read-only; remount it writable")
    return DriverError(f"could not {doing}: {error.strerror or error} ({error.filename or path})")


def _full_folder(error: OSError, path: Path) -> Path:
    """Returns the folder that had no space left: by the file that the kernel refused, which may be on another file system than
    ``path``; where nobody knows that one, ``path`` itself if it is a folder, or the one that it is in."""
    named = error.filename2 or error.filename  # of two, such as a rename's, the second is written
    refused = Path(os.fsdecode(named)) if isinstance(named, str | bytes | os.PathLike) else path
    return nearest_folder(refused if refused.is_absolute() else path)


@contextlib.contextmanager
def file_errors(path: Path | str, doing: str) -> Iterator[None]:
    """Turns every OSError inside into the DriverError tree."""
    try:
        yield
    except OSError as error:
        raise file_error(error, Path(path), doing) from error


class Rooms:
    """The folders below the root, and the rights on them.

    QEMU's user must get through to the files of its machine, and nobody else may list the folders. So folders are 0710 with
    QEMU's group, or 0700 where that group is not known, as in a session where QEMU runs as our own user.
    """

    def __init__(self, root: Path, qemu_gid: int | None) -> None:
        self.root = Path(os.path.realpath(root))
        self.images = self.root / IMAGES
        self.machines = self.root / MACHINES
        self.disks = self.root / DISKS
        self.trash = self.root / TRASH
        self.qemu_gid = qemu_gid

    def machine_file(self, path: str) -> Path:
        """Returns ``path`` with its parents' symlinks resolved.

        Raises:
            Refused: it is not a file in some machine's folder.
        """
        resolved, depth = self._confined(path, self.machines)
        if depth < 3:
            raise Refused(f"{path} is not inside a machine's folder ({self.machines}/<namespace>/<name>/): left alone")
        return Path(resolved)

    def machine_folder(self, path: str) -> Path:
        """Resolves the folder of one machine, like machine_file."""
        resolved, depth = self._confined(path, self.machines)
        if depth != 2 or os.path.islink(resolved):
            raise Refused(f"{path} is not a machine's folder ({self.machines}/<namespace>/<name>): left alone")
        return Path(resolved)

    def named_disk(self, path: str) -> Path:
        """Resolves the file of a Disk, like machine_file. Neither it nor its folder is a link."""
        resolved, depth = self._confined(path, self.disks)
        if depth != 3 or os.path.basename(resolved) != DISK_FILE or os.path.islink(resolved):
            raise Refused(f"{path} is not the file of a Disk ({self.disks}/<namespace>/<name>/{DISK_FILE}): left alone")
        return Path(resolved)

    def is_named_disk(self, path: str) -> bool:
        """Tells whether a path lies among the Disks."""
        return path.startswith(f"{self.disks}/")

    def any_disk(self, path: str) -> Path:
        """Resolves the file of a machine's own disk, or of a Disk."""
        return self.named_disk(path) if self.is_named_disk(path) else self.machine_file(path)

    def noted_folder(self, path: str) -> Path:
        """Resolves the folder of a machine, or of a Disk."""
        return self.named_disk(f"{path}/{DISK_FILE}").parent if self.is_named_disk(path) else self.machine_folder(path)

    def base_image(self, path: str) -> Path:
        """Returns a file that may back a disk: in the image cache or another file of ours, never one of the host's."""
        resolved = Path(os.path.realpath(path))
        if not resolved.is_relative_to(self.images) and not resolved.is_relative_to(self.machines):
            raise Refused(f"{path} cannot back a disk: it is not in the image cache {self.images}")
        return resolved

    def _confined(self, path: str, room: Path) -> tuple[str, int]:
        """Resolves the symlinks of the parents of ``path``, and counts how many folders below ``room`` it is. Works on strings,
        like ``ensure``: every machine that is made comes through here."""
        if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
            raise Refused(f"{path!r} is not a plain absolute path: left alone")
        parent, name = os.path.split(os.path.normpath(path))
        resolved, inside = os.path.join(os.path.realpath(parent), name), f"{room}/"
        if not resolved.startswith(inside):
            raise Refused(f"{path} lies outside {room}: the operator touches nothing there")
        return resolved, resolved.count("/", len(inside)) + 1

    def ensure(self, folder: Path) -> None:
        """Makes ``folder`` and its parents up to the root, with their rights."""
        root, path = str(self.root), str(folder)
        if os.path.commonpath((root, path)) != root:
            raise Refused(f"{folder} lies outside {self.root}")
        for step in accumulate(filter(None, path[len(root) :].split("/")), os.path.join, initial=root):
            try:
                self._ensure_one(step)
            except OSError as error:
                raise file_error(error, Path(step), f"make the folder {step}") from error

    def _ensure_one(self, folder: str) -> None:
        mode = 0o700 if self.qemu_gid is None else 0o710
        try:
            found = os.stat(folder)  # most folders exist
        except FileNotFoundError:
            if folder == str(self.root):
                os.makedirs(folder, 0o700, exist_ok=True)
            else:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, 0o700)
            found = os.stat(folder)
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "is not a folder", folder)
        if self.qemu_gid is not None and found.st_gid != self.qemu_gid:
            os.chown(folder, -1, self.qemu_gid)
        if found.st_mode & 0o7777 != mode:
            os.chmod(folder, mode)

    def finish(self, partial: Path) -> None:
        """Sets the rights of a machine's file and makes it durable, before it gets its name."""
        if self.qemu_gid is not None:
            os.chown(partial, -1, self.qemu_gid)
        partial.chmod(0o600 if self.qemu_gid is None else 0o640)
        flush(partial)


def flush(path: Path) -> None:
    """Waits until a file's contents, or a folder's names, are on the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def publish(partial: Path, path: Path) -> None:
    """Gives ``partial`` its name in one step, and never over a file that is there.

    Raises:
        FileExistsError: there is one.
    """
    try:
        os.link(partial, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        if path.exists():  # a file system without hard links
            raise FileExistsError(errno.EEXIST, "it is there already", str(path)) from error
        os.rename(partial, path)
    else:
        partial.unlink()
    flush(path.parent)


def read_start(path: str, length: int) -> bytes:
    """Reads the first bytes of a file, of which anything may have taken the place: of a pipe nothing, and never waits for one.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb", buffering=0, opener=at_once) as file:
        return file.read(length) or b""  # None: a pipe that somebody writes to, and has written nothing to yet


def read_whole(path: Path | str) -> bytes:
    """Reads a small file of the state folder. Never waits where a pipe has taken its place: that would hold up all machines.

    Raises:
        OSError: it cannot be read, or is no file.
    """
    with open(path, "rb", opener=at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "a pipe or a device is in the place of this file: remove that", str(path))
        return file.read()


def at_once(path: str, flags: int) -> int:
    """Serves as an opener for ``open``: does not wait for who writes to a pipe."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def private(path: str, flags: int) -> int:
    """Serves as an opener for ``open``: only we can read the file, whatever the umask and whoever left it there."""
    handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
    os.fchmod(handle, 0o600)
    return handle


def write_private(path: Path | str, content: bytes) -> None:
    """Writes a file that only we can read. Raises OSError."""
    with open(path, "wb", opener=private) as file:
        file.write(content)


def replace_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Replaces a small file: a reader, or the next start after a kill, finds the old one or the new one. ``durable``: also after
    a loss of power. Raises OSError."""
    partial = f"{path}{PARTIAL}"
    write_private(partial, text.encode())
    if durable:
        flush(Path(partial))
    os.replace(partial, path)
    if durable:
        flush(path.parent)


def sweep_partials(folder: Path) -> None:
    """Removes what a killed operator left incomplete. Only while no other action works on this folder."""
    for name in os.listdir(folder):
        if name.endswith(PARTIAL):
            (folder / name).unlink(missing_ok=True)
