"""What the file of an image is, and whether it is the right one. Nothing in it is trusted, and QEMU's tools see it last."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from homeostat.planner.actions import ImageRef

from ..formats import qemu_img
from ..formats.header import HEAD, Sniff, sniff
from ..paths import file_errors
from .source import called, is_remote
from .verified import sha256_of


async def verified(ref: ImageRef, path: Path) -> str:
    """Returns the SHA-256 of the file at ``path``.

    Raises:
        Unusable: it is not the one that ``ref`` asks for.
    """
    found = await asyncio.to_thread(sha256_of, path)
    if ref.sha256 is not None and found != ref.sha256.lower():
        raise qemu_img.Unusable(
            f"image {called(ref)} has the SHA-256 {found}, but {ref.sha256} was asked for: it changed at its "
            "source, or the spec is out of date. It is not used; correct sha256 or url"
        )
    return found


async def examine(ref: ImageRef, path: Path) -> qemu_img.Inspection:
    """Returns what the file at ``path`` is. Trusts nothing in it.

    Raises:
        Unusable: not as ``ref`` says.
    """
    name = called(ref)
    found, size = _sniff(path, name)
    refuse(ref, found, size)
    if ref.format == "raw" or found.format in ("raw", "iso"):
        return qemu_img.Inspection("raw", -(-size // 512) * 512, found.format == "iso")
    try:
        return await qemu_img.inspect(path, found.format)
    except qemu_img.Unusable as error:
        raise type(error)(f"image {name} {error}") from error


async def examine_local(path: str, cdrom: bool = False) -> str | None:
    """Returns the format to give with a local file that somebody names without one: raw where nothing in it says what it is,
    such as a disk that nobody has written to. None: its contents say it.

    Raises:
        Unusable: it is nothing that a guest could use. ``cdrom``: as a CD.
    """
    file, name = Path(path), called(ImageRef(path))
    found, size = await asyncio.to_thread(_sniff, file, name)
    if cdrom and found.bare:
        raise qemu_img.Unusable(f"image {name} is no iso: it is no ISO 9660 and no UDF")
    format = "iso" if cdrom else "raw" if found.bare and size else None
    await examine(ImageRef(path, None, format), file)
    return format


def refuse(ref: ImageRef, found: Sniff, size: int) -> None:
    """Checks what the beginning of a file shows. ``size``: of all of it.

    Raises:
        Unusable: it is not as ``ref`` says, or nothing that a guest could use.
    """
    name = called(ref)
    if size == 0:
        raise qemu_img.Unusable(f"image {name} is empty")
    if found.cut and ref.format != "raw" and ref.sha256 is None:  # a pinned file is as it was published
        raise qemu_img.Truncated(f"image {name} {found.problem}")
    page = found.markup or (found.text and is_remote(ref.url))
    if ref.format == "raw" and found.claims:
        raise qemu_img.Unusable(
            f"image {name} begins as {found.claims}: whoever opens it without knowing that it is raw would follow what it says; "
            "leave format out"
        )
    if page or (found.problem and not found.cut and ref.format != "raw"):
        raise qemu_img.Unusable(f"image {name} {found.problem}")
    if ref.format not in (None, "raw", found.format):
        raise qemu_img.Unusable(f"image {name} is no {ref.format} but {_article(found)}; correct or remove format")


def _sniff(path: Path, name: str) -> tuple[Sniff, int]:
    with file_errors(path, f"read the image {name}"), open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        return sniff(file.read(HEAD), size), size


def _article(found: Sniff) -> str:
    return "raw or of an unknown kind" if found.format == "raw" else found.format
