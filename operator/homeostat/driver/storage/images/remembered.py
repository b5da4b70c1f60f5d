"""What the images of the cache were, as long as disks may be built on them. It lies beside the cache: where that gets lost, what
is fetched again is compared. On other contents than it was made from a disk is garbage, and a guest that writes to it ends it."""

from __future__ import annotations

from pathlib import Path

from ..formats import qemu_img
from ..paths import Rooms, file_errors, read_whole, replace_text
from .garbage import backing_names

FOLDER = "image-contents"


class OtherContents(qemu_img.Unusable):
    """Not what the disks are built on."""


def record_of(image: Path) -> Path:
    return image.parent.with_name(FOLDER) / image.name


def remember(image: Path, sha256: str) -> None:
    """Records what an image of the cache is. Raises DriverError."""
    record = record_of(image)
    with file_errors(record, f"note what {image} is"):
        if record.is_file() and record.read_text() == f"{sha256}\n":
            return
        record.parent.mkdir(mode=0o700, exist_ok=True)
        replace_text(record, f"{sha256}\n", durable=False)


def forget(image: Path) -> None:
    """Forgets an image on which no disk is built. Raises DriverError."""
    with file_errors(image, f"forget what {image} was"):
        record_of(image).unlink(missing_ok=True)


def built_on(rooms: Rooms, image: Path) -> str:
    """Returns the SHA-256 of what disks are built on; empty: no disk is, or nobody knows.

    Raises:
        DriverError: it cannot be read which disks are built on it.
    """
    record = record_of(image)
    with file_errors(record, f"read what {image} was"):
        try:
            sha256 = read_whole(record).decode().strip()
        except FileNotFoundError:
            return ""
    return sha256 if image.name in backing_names(rooms) else ""


def check(rooms: Rooms, image: Path, name: str, sha256: str) -> None:
    """Checks what was fetched before it gets its place in the cache.

    Raises:
        OtherContents: disks are built on other contents.
        DriverError: nobody can find that out now.
    """
    was = built_on(rooms, image)
    if was and was != sha256:
        raise OtherContents(
            f"image {name} has other contents now (its SHA-256 is {sha256}) than what disks here are built on (it was {was}), "
            f"and those are gone from the cache: nothing is started. Put a file with that hash at {image}, or back at its source"
        )
