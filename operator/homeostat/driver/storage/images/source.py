"""The places that an image may come from."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from homeostat.driver.errors import DriverError, Refused
from homeostat.models.image import UPLOADED
from homeostat.models.outside import redacted
from homeostat.planner.actions import ImageRef

from ..paths import file_error
from ..places import open_resolved, resolve
from .peers import check_address

# Folders of the host that hold secrets and devices, not images. Naming one in image_folders allows it.
_NEVER = tuple(Path(p) for p in ("/proc", "/sys", "/dev", "/run", "/etc"))
SAID = 200  # characters of a text from outside that are repeated


def check_source(ref: ImageRef, allowed: Sequence[Path] | None, own: Path | None = None) -> None:
    """Checks whether ``ref`` may be fetched at all. Opens nothing.

    Refs that come over the network (REST) must be checked with ``allowed`` set, so that a local file is read only from folders
    that the administrator named. ``None`` means any file that the operator can read, except those in folders that never hold
    images (/proc, /sys, /dev, /run, /etc) and in ``own``, the operator's state folder. Symlinks are followed first: the place
    where they lead is what counts.

    Raises:
        Refused: it may not.
        DriverError: a local file is not there (yet).
    """
    if is_remote(ref.url):
        check_address(host_of(ref.url), shown(ref.url))
    else:
        local_file(ref, allowed, own)


def host_of(url: str) -> str:
    """Returns the host of an http(s) address. Raises Refused where there is no host, or the port is not valid."""
    try:
        host, _ = urlsplit(url).hostname, urlsplit(url).port
    except ValueError as error:
        said = f"is no address that can be asked ({str(error)[:SAID]})"
        raise Refused(f"image {shown(url)[:SAID]} {said}; correct its url") from error
    if not host:
        raise Refused(f"image {shown(url)[:SAID]}: the address names no host")
    return host


def is_remote(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def local_file(ref: ImageRef, allowed: Sequence[Path] | None, own: Path | None = None, confined: Sequence[Path] = ()) -> Path:
    """Returns the regular file that a file:// address or absolute path leads to. A path in a folder of ``confined`` must not lead
    out of these folders, whoever named it: requests may name it too. Raises the same as check_source."""
    named = unquote(ref.url.removeprefix("file://")) if ref.url.startswith("file://") else ref.url
    if not named.startswith("/") or "\0" in named:
        raise Refused(f"image {shown(ref.url)}: give an http(s):// or file:/// address, or an absolute path")
    if ref.url.startswith("file://") and ("?" in ref.url or "#" in ref.url):
        raise Refused(f"image {shown(ref.url)}: a file:/// address has no query: write ? as %3F, and # as %23")
    path = resolve(named, "image", allowed, own, confined, _NEVER)
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
    """Opens the file and returns a descriptor. It is the file that was checked: no part of its path is a symlink when it is
    opened.

    Raises the same as check_source.
    """
    path, name = local_file(ref, None, own, confined), shown(ref.url)
    try:
        return open_resolved(path, f"image {name}")
    except OSError as error:
        raise file_error(error, path, f"read the image {name}") from error


def called(ref: ImageRef) -> str:
    """Returns how a message names an image."""
    return ref.label if ref.url == UPLOADED else shown(ref.url)


def shown(url: str) -> str:
    """Returns ``url`` without what may be secret, to name it in a message."""
    return redacted(url) if "://" in url else url
