"""Commits that are owed: of edits that are being written. Each is noted before its file is written, and goes once git has it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from homeostat.models.base import Key

from ...index.index import Index, compact, set_setting

_SETTING = "owed:"  # the path follows


@dataclass(frozen=True, slots=True)
class OwedCommit:
    """A commit of one path. ``content``: the digest of what is committed; "": that the file is gone."""

    key: Key
    path: str
    author: str
    message: str
    content: str

    def stands(self, folder: Path) -> bool:
        """Tells whether the file is as the edit left it: what others wrote since is theirs to commit."""
        file = folder / self.path
        try:
            if file.is_file():  # not a pipe that took its place, which would block us
                return digest(file.read_bytes()) == self.content
            return self.content == "" and not os.path.lexists(file)
        except OSError:
            return False


def digest(content: str | bytes | None) -> str:
    """Returns what tells the content of a file from any other; of none, the empty text."""
    if content is None:
        return ""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def add(index: Index, commit: OwedCommit) -> None:
    with index.transaction() as database:
        set_setting(database, f"{_SETTING}{commit.path}", compact(asdict(commit)))


def drop(index: Index, path: str) -> None:
    if index.setting(f"{_SETTING}{path}") is not None:
        with index.transaction() as database:
            set_setting(database, f"{_SETTING}{path}", None)


def read(index: Index) -> Sequence[OwedCommit]:
    """Returns them. The caller holds the write lock, so that each is one of a process that ended."""
    rows = index.read("SELECT value FROM settings WHERE name >= ? AND name < 'owed;' ORDER BY name", (_SETTING,))
    found = [json.loads(text) for (text,) in rows]
    return [OwedCommit(**{**values, "key": Key(*values["key"])}) for values in found]
