"""Moving a file to another folder, never over another file, also where that folder is on another file system.

If it is killed at any moment, the complete file is in one of the two places or in both, and the same move completes it.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import os
import shutil
from pathlib import Path

from .paths import PARTIAL, flush, private, publish


def move(source: Path, target: Path) -> None:
    """Moves the file. Raises FileExistsError where another file has the name."""
    partial = target.with_name(f"{target.name}{PARTIAL}")
    if same(source, target):  # killed before the unlink
        partial.unlink(missing_ok=True)
        source.unlink()
        return
    try:
        if source.is_symlink():
            os.rename(source, target)
        else:
            publish(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_far(source, partial, target)


def same(one: Path, other: Path) -> bool:
    """Tells whether it is one file with two names, or a copy that move made of it."""
    try:
        first, second = os.lstat(one), os.lstat(other)
        if os.path.samestat(first, second):
            return True
        if one.is_symlink() and other.is_symlink():
            return os.readlink(one) == os.readlink(other)
        alike = (first.st_mode, first.st_size, first.st_mtime_ns) == (second.st_mode, second.st_size, second.st_mtime_ns)
        return alike and filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _move_far(source: Path, partial: Path, target: Path) -> None:
    """Moves by a copy, which gets its name when it is complete and on the disk. Only then the source is removed."""
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "it is there already", str(target))
    if source.is_symlink():
        os.symlink(os.readlink(source), target)
        flush(target.parent)
    else:
        try:
            _copy(source, partial)
            publish(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    source.unlink()


def _copy(source: Path, partial: Path) -> None:
    """Copies a file with owner, rights and times, and with its holes."""
    with open(source, "rb") as old, open(partial, "wb", opener=private) as new:
        found = os.fstat(old.fileno())
        at = 0
        while at < found.st_size:
            try:
                at = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                break  # a hole up to its end
            end = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            os.lseek(new.fileno(), at, os.SEEK_SET)
            while at < end and (sent := os.sendfile(new.fileno(), old.fileno(), at, end - at)):
                at += sent
        os.ftruncate(new.fileno(), found.st_size)
        with contextlib.suppress(PermissionError):  # not as root: the copy belongs to our own user
            os.fchown(new.fileno(), found.st_uid, found.st_gid)
    shutil.copystat(source, partial)
    flush(partial)
