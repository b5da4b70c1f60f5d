"""Asks git who wrote what a pass found in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from homeostat.models.base import Key

from ...index import records, unaudited
from ...index.index import Index
from ...index.row import Row
from ...index.unaudited import Editor
from . import git

GIT_LOOKUPS = 20
"""Changed files of one pass for which git is asked who wrote them. A checkout of hundreds is not worth as many processes."""


@dataclass(frozen=True, slots=True)
class Removal:
    """How the document of something went: from which file, and by which commit. None: by none that git knows."""

    path: str
    commit: git.LastCommit | None = None

    def __str__(self) -> str:
        return f"file {self.path}" + (f", commit {self.commit.commit[:12]} by {self.commit.author}" if self.commit else "")

    @property
    def editor(self) -> Editor:
        """Returns who it was, for the audit."""
        if self.commit is None:
            return Editor("folder", "", self.path)
        return Editor("git", self.commit.author, f"{self.path}, commit {self.commit.commit[:12]}")


def removers(folder: Path, going: Sequence[Row]) -> dict[Key, Removal]:
    """Returns who removed the documents of these rows, as far as git knows."""
    paths = {row.file or "" for row in going}
    tracked = 0 < len(paths) <= GIT_LOOKUPS and git.is_work_tree(folder)
    found = {path: Removal(path, git.last_commit(folder, path) if tracked else None) for path in paths}
    return {row.key: found[row.file or ""] for row in going}


def sign(index: Index, folder: Path, changed: Mapping[str, Sequence[Key]], after: int) -> None:
    """Adds the git author to the changes that were found in files. ``changed`` holds the resources by path, and ``after`` is the
    last revision before the changes."""
    if not changed or len(changed) > GIT_LOOKUPS or not git.is_work_tree(folder):
        return
    for path, mine in changed.items():
        if found := git.last_commit(folder, path):
            records.sign_revisions(index, mine, after, found.author, found.commit)
            unaudited.sign(index, mine, found.author, found.commit)
