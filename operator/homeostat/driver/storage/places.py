"""Which files of this host a spec may name, and how they are opened: the file that was checked is the file that is read."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from homeostat.driver.errors import Refused


def resolve(
    named: str,
    kind: str,
    allowed: Sequence[Path] | None,
    own: Path | None = None,
    confined: Sequence[Path] = (),
    never: Sequence[Path] = (),
) -> Path:
    """Returns where the absolute path ``named`` leads, with all links followed. ``kind``: what the file is to be, such as
    "image".

    Requests are checked with ``allowed``, the folders that the administrator named. ``None`` is for a caller that is trusted with
    any file except those in ``never``. Even then, a path in a folder of ``confined`` must not lead out of these folders, because
    requests may have named it. Nobody may name files in ``own``, the operator's state folder.

    Raises:
        Refused: it is not to be read.
    """
    if not named.startswith("/") or "\0" in named:
        raise Refused(f"{kind} {named!r}: give an absolute path")
    if allowed is not None and not _lies_in(named, allowed):  # not even looked at: requests learn nothing of the host by it
        if own is not None and _lies_in(named, [own]):
            raise Refused(f"{kind} {named} is the operator's own file, which nobody may name as one")
        raise _outside(kind, named, allowed)
    try:
        path = Path(os.path.realpath(named))
    except OSError as error:  # for example a folder of /proc on the way
        raise Refused(f"{kind} {named}: {error.strerror}; give the path of a file that the operator may read") from error
    leads = f" (leads to {path})" if str(path) != named else ""
    if own is not None and path.is_relative_to(os.path.realpath(own)):
        raise Refused(f"{kind} {named}{leads} is the operator's own file, which nobody may name as one")
    if allowed is None and any(path.is_relative_to(n) for n in never):
        raise Refused(f"{kind} {named}{leads}: {kind}s are not read from there; copy it to another folder")
    if allowed is None:
        allowed = confined if _lies_in(named, confined) else [Path("/")]
    # Another path into it is not enough: that path may lead elsewhere by the time it is read.
    if not _lies_in(named, allowed) or not any(path.is_relative_to(os.path.realpath(a)) for a in allowed):
        raise _outside(kind, f"{named}{leads}", allowed)
    return path


def _outside(kind: str, named: str, allowed: Sequence[Path]) -> Refused:
    folders = ", ".join(map(str, allowed)) or "none is allowed"
    return Refused(f"{kind} {named} is not in a folder that {kind}s may come from ({folders})")


def _lies_in(named: str, folders: Sequence[Path]) -> bool:
    """Tells whether it is in one of the folders by its name alone, wherever that leads."""
    path = Path(os.path.normpath(named))
    return any(
        path.is_relative_to(os.path.abspath(folder)) or path.is_relative_to(os.path.realpath(folder)) for folder in folders
    )


def open_resolved(path: Path, what: str) -> int:
    """Opens the regular file and returns a descriptor. It goes part by part: no part of the path is a symlink when it is opened.

    Raises:
        Refused: it was replaced since it was resolved.
        OSError: it cannot be read.
    """
    opened = [os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        for number, part in enumerate(path.parts[1:], 2):
            folder = os.O_DIRECTORY if number < len(path.parts) else 0
            opened.append(os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC | folder, dir_fd=opened[-1]))
        if not stat.S_ISREG(os.fstat(opened[-1]).st_mode):  # also a link, because it was not followed
            raise Refused(_replaced(what))
        return os.open(f"/proc/self/fd/{opened[-1]}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Refused(_replaced(what)) from error
        raise
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _replaced(what: str) -> str:
    return f"{what} was replaced, or a folder on the way to it, while it was opened: it is not read"
