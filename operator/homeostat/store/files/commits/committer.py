"""Commits the edits in the folder, where it is a git work tree and commits are asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from homeostat.models.base import Key
from homeostat.runtime.engine.ports import Happening

from ...index import records
from ...index.index import Index, set_setting
from . import git, owed
from .message import signed
from .owed import OwedCommit, digest

log = logging.getLogger(__name__)

COMMIT = "commit"  # the name of the setting


class Committer:
    """The upstream of a folder that people edit too. What the files say counts, and commits follow."""

    def __init__(self, folder: Path, index: Index, clock: Callable[[], datetime], *, always: bool = False) -> None:
        self._folder = folder
        self._index = index
        self._clock = clock
        self._always = always
        self.uncommitted: set[str] = set()  # files that were edited here and that others have to commit

    @property
    def commits(self) -> bool:
        """Tells whether edits are committed where the folder is a git work tree. That is asked for here, or by ``turn``."""
        return self._always or self._index.setting(COMMIT) == "on"

    def turn(self, on: bool) -> None:
        """Turns commits on or off. The state folder remembers it, for every process that edits."""
        wanted = "on" if on else None
        if self._index.setting(COMMIT) != wanted:
            with self._index.transaction() as database:
                set_setting(database, COMMIT, wanted)

    def prepare(self) -> None:
        """Commits what was written by a process that ended before it could. The folder itself is the truth, and stays."""
        edits = owed.read(self._index)
        if edits and git.is_at_work(self._folder, self._clock().timestamp()):
            return  # as the git which that process started: it may commit it still
        for edit in edits:
            if edit.stands(self._folder):
                log.info("%s was written by a process that ended before it was committed", edit.path)
                self._commit(edit.key, edit.path, edit.author, edit.message)
            owed.drop(self._index, edit.path)

    def intend(self, key: Key, path: str, text: str | None, author: str, message: str) -> None:
        if self.commits and git.git_folder(self._folder) is not None:
            owed.add(self._index, OwedCommit(key, path, author, signed(message, author), digest(text)))

    def publish(self, key: Key, path: str, author: str, message: str) -> None:
        if not self.commits:
            self.uncommitted.add(path)
            return
        commit = self._commit(key, path, author, signed(message, author))
        owed.drop(self._index, path)
        newest = self._index.read(
            "SELECT max(id) FROM revisions WHERE kind=? AND namespace=? AND name=?", (key.kind, key.namespace, key.name)
        )[0][0]
        if commit is not None and newest is not None and not message.startswith("Delete "):
            records.sign_revisions(self._index, [key], newest - 1, None, commit)

    def _commit(self, key: Key, path: str, author: str, message: str) -> str | None:
        """Returns the id of the commit. None: there is none, and an event says so where there should be."""
        try:
            if not git.within_work_tree(self._folder):
                return None
            return git.commit(self._folder, path, message, author)
        except git.GitFailed as error:
            said = f"{path} was written, but not committed: {str(error).rstrip('.')}. Commit it by hand"
            log.warning("%s", said)
            records.report(self._index, self._clock(), key, "", None, [Happening("Warning", "CommitFailed", said)])
            return None
