"""Asks git who wrote what a pass found in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from homeostat.models.base import Key

from ...index import records
from ...index.index import Index
from ...index.row import Row
from . import git

GIT_LOOKUPS = 20
"""Changed files of one pass for which git is asked who wrote them. A checkout of hundreds is not worth as many processes."""


def removers(folder: Path, going: Sequence[Row]) -> dict[Key, str]:
    """Returns who removed the documents of these rows, as far as git knows."""
    paths = {row.file or "" for row in going}
    tracked = 0 < len(paths) <= GIT_LOOKUPS and git.is_work_tree(folder)
    said = {}
    for path in paths:
        commit = git.last_commit(folder, path) if tracked else None
        said[path] = f"file {path}" + (f", commit {commit.commit[:12]} by {commit.author}" if commit else "")
    return {row.key: said[row.file or ""] for row in going}


def sign(index: Index, folder: Path, changed: Mapping[str, Sequence[Key]], after: int) -> None:
    """Adds the git author to the changes that were found in files. ``changed`` holds the resources by path, and ``after`` is the
    last revision before the changes."""
    if not changed or len(changed) > GIT_LOOKUPS or not git.is_work_tree(folder):
        return
    for path, mine in changed.items():
        if found := git.last_commit(folder, path):
            records.sign_revisions(index, mine, after, found.author, found.commit)
