"""Writes and removes files of the folder, so that nobody ever sees one half-written."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import uuid
from pathlib import Path

from homeostat.store.errors import ReadOnly


def write_file(path: Path, text: str, *, create: bool = False) -> None:
    """Replaces a file in one step. Keeps its mode, and the link where it is one. With ``create`` the file must not exist yet.

    Raises:
        FileExistsError: with ``create``, the file exists.
        ReadOnly: no permission, a read-only file system, or no space.
    """
    target = Path(os.path.realpath(path))
    # The name is hidden and has no suffix, so that nobody takes the file for a document.
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        if create:
            target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):  # left by a writer that was killed
            left.unlink(missing_ok=True)
        known = None if create else os.stat(target)
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            with os.fdopen(handle, "wb") as file:
                if known:
                    os.fchmod(handle, known.st_mode & 0o7777)
                    if (known.st_uid, known.st_gid) != (os.geteuid(), os.getegid()):
                        with contextlib.suppress(PermissionError):
                            os.fchown(handle, known.st_uid, known.st_gid)
                file.write(text.encode())
                file.flush()
                os.fsync(handle)
            if create:
                os.link(aside, target)  # unlike a rename this never overwrites
                os.unlink(aside)
            else:
                os.replace(aside, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(aside)
            raise
        _flush_folder(target.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise _read_only(path, error) from error


def remove_file(path: Path) -> None:
    """Removes a file.

    Raises:
        ReadOnly: no permission, or a read-only file system.
    """
    try:
        path.unlink(missing_ok=True)
        _flush_folder(path.parent)
    except OSError as error:
        raise _read_only(path, error) from error


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_only(path: Path, error: OSError) -> ReadOnly:
    hints = {
        errno.ENOSPC: "free some space and repeat",
        errno.EDQUOT: "the quota is used up",
        errno.EROFS: "the file system is mounted read-only",
    }
    hint = hints.get(error.errno or 0, f"give the user with the id {os.geteuid()} write permission on {path.parent}")
    return ReadOnly(f"cannot write {path}: {(error.strerror or str(error)).lower()}; {hint}. Nothing was changed")
