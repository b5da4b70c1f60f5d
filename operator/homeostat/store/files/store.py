"""FilesStore: the standalone ResourceStore, and the writing side that the REST API and the command line share."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from homeostat import __version__
from homeostat.models.base import Key, Model, Resource
from homeostat.runtime.ports import EventType, Happening
from homeostat.runtime.supervise import Supervisor
from homeostat.store.errors import (
    PruneRefused,
    SourceError,
)

from ..index import records
from ..index.index import Index, set_setting
from ..index.removal import remove
from ..index.store import IndexedStore
from . import git, owned, writing
from .apply import Pass, decide
from .folder import Listing, list_folder
from .reading import FileReader, Memory
from .state import StateFolder
from .writer import Writer

log = logging.getLogger(__name__)

NEVER = float("inf")
"""Settling time of the passes around an edit: they take in what changed, and leave removals to the operator."""
GIT_LOOKUPS = 20
"""Changed files for which one pass asks git who wrote them; a checkout of hundreds is not worth as many processes."""


COMMIT = "commit"  # the setting


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one pass over the folder did."""

    created: tuple[Key, ...]
    changed: tuple[Key, ...]  # spec or metadata
    deleted: tuple[Key, ...]
    refused: tuple[Key, ...]  # would be deleted, and wait for a confirmation
    refusal: str
    errors: tuple[SourceError, ...]  # notices too
    files: int
    seconds: float

    def raise_if_refused(self) -> None:
        """Raises PruneRefused."""
        if self.refused:
            raise PruneRefused(self.refusal, self.refused)


class FilesStore(IndexedStore):
    """Desired state in a folder of YAML files, everything else in the state folder's index.

    The methods of ResourceStore are coroutines and are meant for one event loop. All others block for as long as the disk
    takes, may be called from any thread, and raise StoreError.
    """

    def __init__(
        self, folder: Path, state: StateFolder, index: Index, *, commit: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC), supervisor: Supervisor | None = None,
    ) -> None:  # fmt: skip
        super().__init__(index)
        self.supervisor = supervisor or Supervisor()
        self.folder = Path(os.path.realpath(folder))
        self.state = state
        self._commit = commit
        self.clock = clock
        self.listing = Listing()  # of the last pass
        self.missing: dict[Key, float] = {}  # resources whose documents have gone, and since when (monotonic seconds)
        self._instance = state.instance_id
        self._writer = Writer(self)
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="homeostat-store")

    @classmethod
    def open(
        cls, folder: Path, state: StateFolder | None = None, *, owner: bool = False, commit: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC), supervisor: Supervisor | None = None,
    ) -> FilesStore:  # fmt: skip
        """Opens the store of ``folder``. The operator is its ``owner``, and mends a damaged index.

        Raises:
            StoreError: the state folder serves another folder, or cannot be used.
        """
        state = state or StateFolder.open()
        state.claim(folder)
        index = Index.open(state.index, repair=owner, now=clock())
        if index.message:
            log.warning("%s", index.message)
        return cls(folder, state, index, commit=commit, clock=clock, supervisor=supervisor)

    @property
    def committing(self) -> bool:
        """Whether edits are committed, where the folder is a git work tree: asked for here, or by ``commit_edits``."""
        return self._commit or self.index.setting(COMMIT) == "on"

    def commit_edits(self, on: bool) -> None:
        """Remembered in the state folder, for every process that edits."""
        wanted = "on" if on else None
        if self.index.setting(COMMIT) != wanted:
            with self.index.transaction() as database:
                set_setting(database, COMMIT, wanted)

    def close(self) -> None:
        self.worker.shutdown()
        self.index.close()

    # ResourceStore ------------------------------------------------------------------------------------------------------

    def changes(self) -> AsyncIterator[Key]:
        """Follows the folder too: the operator's view. See ``index_changes`` for readers."""
        from .watch import follow

        return follow(self)

    async def write_status(self, key: Key, uid: str, status: Model) -> None:
        await self.report(key, uid, status, ())

    async def report(self, key: Key, uid: str, status: Model | None, happenings: Sequence[Happening]) -> None:
        text = None if status is None else status.model_dump_json(by_alias=True, exclude_none=True)
        records.report(self.index, self.clock(), key, uid, text, happenings)

    async def release(self, key: Key, uid: str) -> None:
        with self.index.transaction() as database:
            row = self.index.row(key)
            if row is None or row.uid != uid or row.deleted is None:
                return
            remove(database, key)
        self.forget_model(key)
        again = self.index.read(
            "SELECT 1 FROM documents WHERE kind=? AND namespace=? AND name=? AND state='Valid'",
            (key.kind, key.namespace, key.name),
        )
        if again:  # its document came back while it was being deleted
            await asyncio.get_running_loop().run_in_executor(self.worker, self.sync, NEVER)

    async def apply_owned(self, resource: Resource) -> None:
        """Raises:
        AlreadyExists: a document declares a resource of this name.
        """
        owned.apply_owned(self.index, self.state.instance_id, self.clock(), resource)

    async def delete_owned(self, key: Key, annotations: Mapping[str, str]) -> None:
        owned.delete_owned(self.index, self.clock(), key, annotations)

    async def record_event(
        self, key: Key, type: EventType, reason: str, message: str, fields: Mapping[str, Any] | None = None
    ) -> None:
        await self.report(key, "", None, (Happening(type, reason, message, dict(fields or {})),))

    # The folder ---------------------------------------------------------------------------------------------------------

    def sync(self, settle: float = 0.0) -> SyncReport:
        """One pass: brings the index to what the folder says. Resources whose documents have been missing for less than
        ``settle`` seconds, as earlier passes saw it, are left for a later pass."""
        with self.state.write_lock():
            return self.run_pass({}, settle)

    def prune_pending(self) -> tuple[Key, ...]:
        """What would be deleted and waits for ``confirm_prune``."""
        text = self.index.setting(writing.PENDING)
        return tuple(Key.parse(item) for item in json.loads(text)) if text else ()

    def confirm_prune(self) -> SyncReport:
        """Allows the deletion of exactly what is pending, and passes over the folder again."""
        with self.state.write_lock():
            pending = self.prune_pending()
            if pending:
                with self.index.transaction() as database:
                    set_setting(database, writing.ALLOWED, json.dumps([str(key) for key in pending]))
            return self.run_pass({}, 0.0)

    def run_pass(self, authors: Mapping[Key, str], settle: float = NEVER) -> SyncReport:
        """As ``sync``, for who holds the write lock; ``authors`` are those of edits just made."""
        begun = time.perf_counter()
        self.listing = list_folder(self.folder)
        memory = Memory.load(self.index)
        version = self.index.setting("models")
        if version != __version__:  # other models may judge the same documents otherwise
            memory.doubt()
        rows = self.index.rows()
        declared = {(row.source, row.key) for row in rows}
        reader = FileReader(str(self.folder), memory, lambda path, key: (path, key) in declared)
        allowed = frozenset(Key.parse(item) for item in json.loads(self.index.setting(writing.ALLOWED) or "[]"))
        work = decide(self.listing, reader, memory, rows, allowed, str(self.folder))
        self._settle(work, settle)
        last = records.last_revision(self.index) if work.update or work.create else 0
        identity = writing.Identity(self._instance, self.clock(), authors)
        changed = set(writing.write_pass(self.index, work, identity, records.read_errors(self.index)))
        if version != __version__:
            with self.index.transaction() as database:
                set_setting(database, "models", __version__)
        if changed:
            self._ask_git(work, changed - authors.keys(), last)
        return SyncReport(
            created=tuple(d.key for d in work.create if d.key),
            changed=tuple(row.key for row, _ in work.update if row.key in changed),
            deleted=tuple(row.key for row in work.delete),
            refused=work.refused,
            refusal=work.refusal,
            errors=tuple(work.errors),
            files=len(self.listing.files),
            seconds=time.perf_counter() - begun,
        )

    def _settle(self, work: Pass, settle: float) -> None:
        now = time.monotonic()
        self.missing = {row.key: self.missing.get(row.key, now) for row in work.delete}
        work.delete = [row for row in work.delete if now - self.missing[row.key] >= settle]
        for row in work.delete:
            del self.missing[row.key]

    def _ask_git(self, work: Pass, keys: set[Key], after: int) -> None:
        """Puts the git author to the changes that were found in files."""
        by_path: dict[str, list[Key]] = {}
        for document in (*work.create, *(document for _, document in work.update)):
            if document.key in keys:
                by_path.setdefault(document.path, []).append(document.key)
        if not by_path or len(by_path) > GIT_LOOKUPS or not git.is_work_tree(self.folder):
            return
        for path, mine in by_path.items():
            if found := git.last_commit(self.folder, path):
                records.sign_revisions(self.index, mine, after, found.author, found.commit)

    # Writing ------------------------------------------------------------------------------------------------------------

    def create(self, kind: str, document: Mapping[str, Any], author: str) -> Resource:
        """Writes ``<plural>/[<namespace>/]<name>.yaml``. Raises Invalid, AlreadyExists, ReadOnly: and nothing was changed."""
        return self._writer.create(kind, document, author)

    def patch(self, key: Key, merge_patch: Mapping[str, Any], author: str, expected_version: str | None = None) -> Resource:
        """Edits the resource's document in place by a merge patch (RFC 7386) of its metadata and spec. One that another
        resource owns has no document: it is changed in the index, until its owner writes it anew.

        ``expected_version`` is the resourceVersion that the change was made from; statuses written since do not matter.

        Raises:
            NotFound, Conflict, Invalid, NotEditable, ReadOnly: and nothing was changed.
        """
        return self._writer.patch(key, merge_patch, author, expected_version)

    def delete(self, key: Key, author: str, force: bool = False) -> Resource:
        """Removes the resource's document and starts its deletion; with ``force`` without grace for the guest.

        Raises:
            NotFound, NotEditable, ReadOnly: and nothing was changed.
        """
        return self._writer.delete(key, author, force)
