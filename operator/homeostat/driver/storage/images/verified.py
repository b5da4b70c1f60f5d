"""What was verified stays verified: a record beside each image of the cache says what the image was when it was fetched, with its
hash.

A stat call tells that a file may have changed: nobody can set its ctime back without setting the clock. Then its hash tells
whether it has changed.
"""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import dataclass
from pathlib import Path

from homeostat.driver.errors import DriverError
from homeostat.planner.actions import ImageRef

from ..formats.qemu_img import Inspection
from ..paths import file_errors, read_whole, replace_text
from ..stat_cache import Signature
from .source import shown


@dataclass(frozen=True, slots=True)
class Verified:
    """The record. ``sha256`` is of the contents; empty in records of earlier versions."""

    signature: tuple[int, ...]
    format: str
    virtual_size: int
    sha256: str
    url: str = ""
    iso: bool = False

    @property
    def inspection(self) -> Inspection:
        return Inspection(self.format, self.virtual_size, self.iso)


def signature_of(path: Path) -> Signature:
    """Returns the signature of a file. Raises OSError: there is no such file."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise FileNotFoundError(path)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def sha256_of(path: Path) -> str:
    """Reads the whole file and returns its SHA-256. Raises DriverError."""
    with file_errors(path, f"read {path}"), open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def notes_of(image: Path) -> Path:
    return image.with_name(image.name + ".json")


def read_note(image: Path) -> Verified | None:
    """Reads the record; None: there is none that can be read, as after a kill."""
    try:
        noted = json.loads(read_whole(notes_of(image)))
        sha256 = str(noted.get("content") or "")
        signature, size, iso = tuple(noted["signature"]), int(noted["virtual_size"]), bool(noted.get("iso"))
        return Verified(signature, str(noted["format"]), size, sha256, str(noted["url"]), iso)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_note(image: Path, ref: ImageRef, found: Inspection, sha256: str) -> None:
    """Writes the record, so that a restart needs neither qemu-img nor the hash. It also tells people what the file is. Raises
    DriverError."""
    with file_errors(image, f"note what {image} is"):
        notes = {
            "url": shown(ref.url),
            "sha256": ref.sha256,
            "content": sha256,
            "format": found.format,
            "virtual_size": found.virtual_size,
            "iso": found.iso,
            "signature": signature_of(image),
        }
        replace_text(notes_of(image), json.dumps(notes), durable=False)


def changed_message(image: Path, found: str, noted: str) -> str:
    return (
        f"{image} was changed on disk since it was verified (its SHA-256 is {found}, and was {noted}): nothing is started from "
        "it. Find out who wrote there; then delete it, and it is fetched again"
    )


def find_changed(images: Path) -> tuple[int, list[str]]:
    """Reads every image of the cache. Returns how many were compared, and what is wrong. For ``doctor``."""
    compared, wrong = 0, []
    for path in sorted(images.glob("*.img")):
        noted = read_note(path)
        if noted is None or not noted.sha256:
            continue
        try:
            found = sha256_of(path)
        except DriverError as error:
            wrong.append(str(error))
            continue
        compared += 1
        if found != noted.sha256:
            wrong.append(f"{noted.url}: {changed_message(path, found, noted.sha256)}")
    return compared, wrong
