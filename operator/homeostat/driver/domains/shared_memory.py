"""What QEMU leaves in /dev/shm of memory that a guest shared with its host."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ..xml.devices.shared_memory import prefix

FOLDER = Path("/dev/shm")  # noqa: S108 - where QEMU makes it


def forget(uuid: str, folder: Path = FOLDER) -> None:
    """Removes that of a domain which is gone. Nothing of it is worth an error: a boot of the host removes it, too."""
    for file in folder.glob(f"{prefix(uuid)}*"):
        with contextlib.suppress(OSError):
            file.unlink()
