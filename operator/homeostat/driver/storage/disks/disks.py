"""The disk files of machines: made, grown and read, each completely or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path

from homeostat.driver.errors import DriverError, HeaderAltered, Refused
from homeostat.planner.actions import CreateDisk, GrowDisk
from homeostat.planner.files.disk_tag import OURS
from homeostat.planner.machine.storage.header import DATA_FILE, told
from homeostat.planner.observed import ObservedDisk

from ..formats import qemu_img
from ..formats.header import qcow2_header
from ..paths import PARTIAL, Rooms, file_errors, human_size, publish, read_start, read_whole, sweep_partials
from .tags import has_tags, read_tags

SECTOR = 512  # bytes; sizes of disks are multiples of it
_HEAD = 4096  # bytes; QEMU writes the backing file's name right after the header


def read_disk(path: str) -> ObservedDisk:
    """Reads one of our own disks from its header: a few microseconds, no subprocess, also while QEMU has it open.

    A file that is no qcow2 has virtual_size 0.

    Raises:
        OSError: it cannot be read.
    """
    head = read_start(path, _HEAD)
    header = qcow2_header(head)
    if header is None:
        return ObservedDisk(path, 0, None)
    backing = header.backing
    if backing and not backing.startswith("json:"):
        with contextlib.suppress(ValueError):  # a name that no file can have
            backing = os.path.realpath(os.path.join(os.path.dirname(path), backing))
    others = tuple(one.tag for one in read_tags(path) or () if not one.tag.startswith(OURS)) if has_tags(head) else ()
    return ObservedDisk(path, header.virtual_size, backing, header.data_file, _origin(path, backing), others=others)


def _origin(path: str, image: str | None) -> str:
    """Returns where an image of the cache came from: its name there says nothing to people. Reads nothing else that a header
    names."""
    cache = Path(path).parents[3:4]  # machines/NAMESPACE/NAME/DISK
    if image is None or not cache or os.path.dirname(image) != str(cache[0] / "images"):
        return ""
    try:
        return str(json.loads(read_whole(f"{image}.json"))["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def check_header(found: ObservedDisk, *folders: str) -> None:
    """Checks what a header names.

    Raises:
        HeaderAltered: it names a file outside ``folders``, or another file for its contents.
    """
    if found.data_file:
        raise HeaderAltered(told(found.path, DATA_FILE))
    if found.backing is not None and os.path.dirname(found.backing) not in folders:
        raise HeaderAltered(told(found.path, found.backing))


async def create_disk(rooms: Rooms, action: CreateDisk) -> None:
    """Makes the file under another name, and renames it when it is complete. Never overwrites a file.

    Raises:
        Refused: a place outside the state folder, a size below the image's, or another file in the way.
        NoSpace: the disk is full.
    """
    path = rooms.named_disk(action.path) if action.label else rooms.machine_file(action.path)
    format = action.label.format if action.label else "qcow2"
    backing = rooms.base_image(action.backing) if action.backing else None
    size = -(-action.size // SECTOR) * SECTOR if action.size is not None else None
    if backing is not None:
        size = _overlay_size(path, size, backing, action.backing_format or "raw")
    elif size is None:
        raise Refused(f"disk {path.name} needs a size or an image")
    rooms.ensure(path.parent)
    with file_errors(path, f"create the disk {path}"):
        sweep_partials(path.parent)
        if path.exists():
            return _check_existing(path, size, backing, format)
        partial = path.parent / f"{path.name}.{secrets.token_hex(4)}{PARTIAL}"
        try:
            await _create(partial, format, size, backing, action.backing_format or "raw", path)
            rooms.finish(partial)
            publish(partial, path)
        finally:
            partial.unlink(missing_ok=True)


async def _create(partial: Path, format: str, size: int | None, backing: Path | None, backing_format: str, path: Path) -> None:
    arguments = ["create", "-q", "-f", format, *(("-o", "compat=1.1") if format == "qcow2" else ())]
    if backing is not None:
        arguments += ["-b", str(backing), "-F", backing_format]
    arguments.append(str(partial))
    if size is not None:
        arguments.append(str(size))
    await qemu_img.run(*arguments, doing=f"create the disk {path}")


def _overlay_size(path: Path, size: int | None, backing: Path, format: str) -> int | None:
    """Returns ``size``, at least the backing image's. For formats that only QEMU reads, leaves that to QEMU."""
    with file_errors(backing, f"read the image of disk {path.name}"):
        length = backing.stat().st_size
        if format == "qcow2":
            base = read_disk(str(backing)).virtual_size
        elif format == "raw":
            base = -(-length // SECTOR) * SECTOR
        else:
            base = 0
    if size is not None and size < base:
        raise Refused(
            f"disk {path.name} of {human_size(size)} is smaller than its image of {human_size(base)}; "
            "give it at least the image's size, or no size"
        )
    return size if size is not None else base or None


def _check_existing(path: Path, size: int | None, backing: Path | None, format: str) -> None:
    if format != "qcow2":
        raise Refused(f"{path} is there by now, and is kept: move it away")
    with file_errors(path, f"read the disk {path}"):
        found = read_disk(str(path))
    base = Path(os.path.realpath(found.backing)) if found.backing else None
    if base != backing or found.virtual_size < (size or 1):
        raise Refused(f"{path} exists and is another disk, which is kept: move it away, or give the disk another name")


async def grow_disk(rooms: Rooms, action: GrowDisk) -> None:
    """Enlarges the disk of a machine that is off.

    Raises:
        Refused: the new size is smaller.
        ResourceInUse: the disk is open in a running machine.
    """
    if action.target is not None:
        raise Refused(f"{action.path} is in use by a running machine: it is grown through libvirt")
    path = rooms.any_disk(action.path)
    size = -(-action.size // SECTOR) * SECTOR
    with file_errors(path, f"grow the disk {path}"):
        if path.is_symlink():
            raise Refused(f"{path} is a symlink: left alone")
        if action.format == "raw":  # what is in it says nothing
            now = path.stat().st_size
        else:
            found = read_disk(str(path))
            check_header(found, str(rooms.images), str(path.parent))  # qemu-img opens, as root, what the header names
            now = found.virtual_size
    if not now:
        raise DriverError(f"{path} is not a qcow2 file any more; restore it from a backup, or delete it to begin anew")
    if size < now:
        raise Refused(
            f"disk {path.name} has {human_size(now)} and cannot shrink to {human_size(size)} without losing contents; "
            f"set its size to at least {now // 2**20}Mi"
        )
    if size > now:
        await qemu_img.run("resize", "-q", "-f", action.format or "qcow2", str(path), str(size), doing=f"grow the disk {path}")
