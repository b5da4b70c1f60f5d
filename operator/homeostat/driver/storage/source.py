"""Which places an image may come from."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from homeostat.driver.errors import DriverError, Refused
from homeostat.models.outside import redacted
from homeostat.planner.actions import ImageRef

from .paths import file_error
from .peers import check_address

# Folders of the host that hold no images, but secrets and devices. Naming one in image_folders allows it.
_NEVER = tuple(Path(p) for p in ("/proc", "/sys", "/dev", "/run", "/etc"))


def check_source(ref: ImageRef, allowed: Sequence[Path] | None, own: Path | None = None) -> None:
    """Whether ``ref`` may be fetched at all; opens nothing.

    Refs that come over the network (REST) must be checked with ``allowed`` set, so that a local file is read only from
    folders the administrator named. ``None`` means any file the operator can read but those in folders that never hold
    images (/proc, /sys, /dev, /run, /etc) and in ``own``, the operator's state folder. Symlinks are followed first:
    where they lead counts.

    Raises:
        Refused: it may not.
        DriverError: a local file is not there (yet).
    """
    if is_remote(ref.url):
        check_address(host_of(ref.url), shown(ref.url))
    else:
        local_file(ref, allowed, own)


def host_of(url: str) -> str:
    """The host of an http(s) address. Raises Refused where there is none."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise Refused(f"image {url}: the address names no host")
    return host


def is_remote(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def local_file(ref: ImageRef, allowed: Sequence[Path] | None, own: Path | None = None, confined: Sequence[Path] = ()) -> Path:
    """The regular file a file:// address or absolute path leads to. What lies in a folder of ``confined`` by its name must not
    lead out of those, whoever named it: requests may name it too. Raises as check_source."""
    named = unquote(ref.url.removeprefix("file://")) if ref.url.startswith("file://") else ref.url
    if not named.startswith("/") or "\0" in named:
        raise Refused(f"image {shown(ref.url)}: give an http(s):// or file:/// address, or an absolute path")
    try:
        path = Path(os.path.realpath(named))
    except OSError as error:  # a folder of /proc on the way, say
        raise Refused(f"image {named}: {error.strerror}; give the path of a file that the operator may read") from error
    _check_folder(path, named, allowed, own, confined)
    try:
        found = path.stat()
    except PermissionError as error:
        raise Refused(f"image {named}: permission denied; let uid {os.geteuid()}, the operator, read it") from error
    except OSError as error:
        raise DriverError(f"image {named}: {error.strerror}; put the file there, or correct the path") from error
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"image {named} is not a regular file")
    return path


def open_local(ref: ImageRef, confined: Sequence[Path], own: Path | None) -> int:
    """A descriptor of the file, which is the one that was checked: no part of its way is a symlink by the time it is opened.

    Raises as check_source.
    """
    path, name = local_file(ref, None, own, confined), shown(ref.url)
    opened = [os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        for number, part in enumerate(path.parts[1:], 2):
            folder = os.O_DIRECTORY if number < len(path.parts) else 0
            opened.append(os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC | folder, dir_fd=opened[-1]))
        if not stat.S_ISREG(os.fstat(opened[-1]).st_mode):  # a link too, since it was not followed
            raise Refused(_replaced(name))
        return os.open(f"/proc/self/fd/{opened[-1]}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Refused(_replaced(name)) from error
        raise file_error(error, path, f"read the image {name}") from error
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _replaced(name: str) -> str:
    return f"image {name} was replaced, or a folder on the way to it, while it was opened: it is not read"


def _check_folder(path: Path, named: str, allowed: Sequence[Path] | None, own: Path | None, confined: Sequence[Path]) -> None:
    leads = f" (leads to {path})" if str(path) != named else ""
    if own is not None and path.is_relative_to(os.path.realpath(own)):
        raise Refused(f"image {named}{leads} is the operator's own file and cannot be an image")
    if allowed is None and any(path.is_relative_to(n) for n in _NEVER):
        raise Refused(f"image {named}{leads}: images are not read from there; copy it to another folder")
    if allowed is None:
        allowed = confined if _lies_in(named, confined) else [Path("/")]
    # By another way into it is not enough: that may lead elsewhere by the time it is read.
    if not _lies_in(named, allowed) or not any(path.is_relative_to(os.path.realpath(a)) for a in allowed):
        folders = ", ".join(map(str, allowed)) or "none is allowed"
        raise Refused(f"image {named}{leads} is not in a folder that images may come from ({folders})")


def _lies_in(named: str, folders: Sequence[Path]) -> bool:
    """By its name alone, wherever that leads."""
    path = Path(os.path.normpath(named))
    return any(
        path.is_relative_to(os.path.abspath(folder)) or path.is_relative_to(os.path.realpath(folder)) for folder in folders
    )


def shown(url: str) -> str:
    """``url`` without what may be secret, to name it in a message."""
    return redacted(url) if is_remote(url) else url
