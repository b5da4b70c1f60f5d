"""Whose the disks are that outlive their machine: a record in its folder, and the search for such records."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from homeostat.planner.observed import KeptDisks

from ..paths import Rooms, file_errors, read_whole
from .moved import moved_of

NOTE = "kept.json"  # it is removed from the folder as soon as another machine is made there


def write_note(owner: str, disks: Sequence[str], uid: str = "") -> bytes:
    return json.dumps({"owner": owner, "disks": list(disks), **({"uid": uid} if uid else {})}).encode()


def find_kept(rooms: Rooms, namespace: str, deployment: str, owner: str) -> list[KeptDisks]:
    """Finds what was recorded as ``owner``'s in the folders named like machines of ``deployment``. Anything that is not exactly
    such a record belongs to somebody else.

    Raises:
        DriverError: the folders, or a record of moved disks, cannot be read, which must not look as if there were none.
    """
    room = rooms.machines / namespace
    with file_errors(room, f"look for disks in {room}"):
        return list(_find(room, f"{deployment}-", owner))


def _find(room: Path, prefix: str, owner: str) -> Iterator[KeptDisks]:
    try:
        names = sorted(os.listdir(room))
    except FileNotFoundError:
        return
    for name in names:
        index = name.removeprefix(prefix)
        if not name.startswith(prefix) or not index.isascii() or not index.isdigit() or index.startswith("0"):
            continue
        folder = room / name
        if not folder.is_symlink() and (noted := _read(folder / NOTE, owner)) is not None:
            yield KeptDisks(name, str(folder), *noted, moved_of(folder))


def _read(note: Path, owner: str) -> tuple[tuple[str, ...], str] | None:
    """Returns the disks, and the identity of the machine that had them."""
    try:
        found = json.loads(read_whole(note))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    disks = found.get("disks") if isinstance(found, dict) and found.get("owner") == owner else None
    plain = isinstance(disks, list) and all(isinstance(disk, str) and "/" not in disk for disk in disks)
    return (tuple(disks), str(found.get("uid", ""))) if plain and disks else None
