"""Which file an Image stands for, as noted down once that was there: it does not change from then on."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..paths import Rooms, file_errors, read_whole, replace_text

NAMED = "named"  # a folder in that of the images


def read_image_note(rooms: Rooms, uid: str) -> str:
    """Returns the ImageRef.key that was noted for the Image of that uid; empty: none. Raises DriverError."""
    note = _note(rooms, uid)
    with file_errors(note, "read which file an Image stands for"):
        try:
            return read_whole(note).decode()
        except FileNotFoundError:
            return ""


def write_image_note(rooms: Rooms, uid: str, key: str) -> None:
    """Notes down the ImageRef.key of an Image. Empty: forgets it. Raises DriverError."""
    note = _note(rooms, uid)
    if not key:
        with file_errors(note, "forget which file an Image stood for"):
            note.unlink(missing_ok=True)
        return
    rooms.ensure(note.parent)
    with file_errors(note, "note down which file an Image stands for"):
        replace_text(note, key)


def _note(rooms: Rooms, uid: str) -> Path:
    return rooms.images / NAMED / hashlib.sha256(uid.encode()).hexdigest()[:32]
