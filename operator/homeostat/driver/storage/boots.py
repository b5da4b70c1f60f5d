"""A machine's own copies of the kernel and initramfs that it boots directly: libvirt gives them to QEMU's user while the machine
runs."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from homeostat.planner.actions import CopyBoot
from homeostat.planner.domain import BOOT_COPY

from .images.local import share_blocks
from .paths import PARTIAL, Rooms, file_errors, publish, sweep_partials


def copy_boot(rooms: Rooms, action: CopyBoot) -> None:
    """Makes the copy under another name, and renames it when it is complete. Blocks.

    Raises:
        Refused: a place outside the state folder, or an image outside the cache.
        NoSpace: the disk is full.
    """
    path, image = rooms.machine_file(action.path), rooms.base_image(action.image)
    rooms.ensure(path.parent)
    with file_errors(path, f"copy {image} to {path}"):
        sweep_partials(path.parent)
        for other in path.parent.glob(f"{BOOT_COPY}*"):
            if str(other) not in (action.path, *action.keep):
                other.unlink(missing_ok=True)
        if path.exists():
            return
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        try:
            _copy(image, partial)
            rooms.finish(partial)
            publish(partial, path)
        finally:
            partial.unlink(missing_ok=True)


def _copy(image: Path, partial: Path) -> None:
    with open(image, "rb") as origin, open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        if not share_blocks(origin.fileno(), copy.fileno()):
            shutil.copyfileobj(origin, copy, 1 << 20)
