"""FilesStore: the standalone ResourceStore, and the writing side that the REST API and the command line share."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from homeostat.models.base import Key, Model, Resource
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.ports import EventType, Happening
from homeostat.runtime.engine.supervise import Supervisor

from ..index import records
from ..index.index import Index
from ..index.removal import remove
from ..index.store import IndexedStore
from ..index.unaudited import Editor
from ..three_way import Applied
from .commits.committer import Committer
from .commits.upstream import Upstream
from .editing import last_applied, owned
from .editing.writer import FolderWriter, IndexCheck
from .passes.intake import Intake, PassReport
from .passes.removal import NEVER, SETTLE
from .state import StateFolder

log = logging.getLogger(__name__)


class FilesStore(IndexedStore):
    """Desired state in a folder of YAML files, and everything else in the index of the state folder.

    The methods of ResourceStore are coroutines, for one event loop. All others block as long as the disk takes, may be called
    from any thread, and raise StoreError.
    """

    def __init__(
        self, folder: Path, state: StateFolder, index: Index, *, commit: bool = False, settle: float = SETTLE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC), supervisor: Supervisor | None = None,
        upstream: Upstream | None = None,
    ) -> None:  # fmt: skip
        """Takes the folder and its index. ``upstream``: where the folder comes from, if it is not the truth itself."""
        super().__init__(index)
        self.supervisor = supervisor or Supervisor()
        self.folder = Path(os.path.realpath(folder))
        self.state = state
        self.clock = clock
        self.settle = settle  # seconds, see removal.SETTLE
        self.intake = Intake(self.folder, state, index, self._now)
        self.committer = Committer(self.folder, index, self._now, always=commit)
        self._upstream = upstream or self.committer
        self._writer = FolderWriter(self, self.intake, self._upstream)
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="homeostat-store")

    def _now(self) -> datetime:
        return self.clock()

    @classmethod
    def open(
        cls, folder: Path, state: StateFolder | None = None, *, owner: bool = False, commit: bool = False,
        settle: float = SETTLE, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        supervisor: Supervisor | None = None, editor: Editor | None = None,
    ) -> Self:  # fmt: skip
        """Opens the store of ``folder``. The operator is its ``owner``, and mends a damaged index. ``editor``: who edits by it,
        for the audit; None: he notes it himself.

        Raises:
            StoreError: the state folder serves another folder, or cannot be used.
        """
        state = state or StateFolder.open()
        state.claim(folder)
        index = Index.open(state.index, repair=owner, now=clock())
        if index.message:
            log.warning("%s", index.message)
        found = cls(folder, state, index, commit=commit, settle=settle, clock=clock, supervisor=supervisor)
        found.intake.editor = editor
        return found

    def close(self) -> None:
        self.worker.shutdown()
        self.index.close()

    # ResourceStore ------------------------------------------------------------------------------------------------------

    def changes(self) -> AsyncIterator[Key]:
        """Follows the folder, too, which only an operator does."""
        from .watch import follow  # only the operator needs what watches

        return follow(self.intake, self._take_in, self.supervisor)

    async def _take_in(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self.worker, self._pass_of_operator)

    def _pass_of_operator(self) -> None:
        with self.state.write_lock():
            self._upstream.prepare()
            self.intake.run({}, self.settle)

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
            last_applied.forget(database, key)
        self.forget_model(key)
        again = self.index.read(
            "SELECT 1 FROM documents WHERE kind=? AND namespace=? AND name=? AND state='Valid'",
            (key.kind, key.namespace, key.name),
        )
        if again:  # its document came back while the resource was being deleted
            await asyncio.get_running_loop().run_in_executor(self.worker, self.sync, NEVER)

    async def apply_owned(self, resource: Resource) -> None:
        """Writes a resource that another one owns.

        Raises:
            AlreadyExists: a document declares a resource of this name.
        """
        owned.apply_owned(self.index, self.intake.instance, self.clock(), resource)

    async def keep_owned(self, resource: Resource) -> None:
        owned.keep_owned(self.index, self.clock(), resource)

    async def delete_owned(self, key: Key, annotations: Mapping[str, str]) -> None:
        owned.delete_owned(self.index, self.clock(), key, annotations)

    def doubt(self) -> str:
        """Says why a resource without a document may have one after all; empty: it has none."""
        if self.restless:
            return "the folder is being written to"
        wrong = [error for error in self.errors() if error.severity == "Error"]
        return f"{wrong[0]}" if wrong else ""

    def take_up(self, machine: VirtualMachine) -> bool:
        """Goes on with a deletion that the index does not know, or does not know any more. Returns whether there was no machine
        of its name."""
        return owned.take_up(self.index, self.intake.instance, self.clock(), machine, self.intake.editor)

    async def record_event(
        self, key: Key, type: EventType, reason: str, message: str, fields: Mapping[str, Any] | None = None
    ) -> None:
        await self.report(key, "", None, (Happening(type, reason, message, dict(fields or {})),))

    # The folder ---------------------------------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        return self.intake.complete

    @property
    def restless(self) -> bool:
        """Tells whether the folder must be read again soon, although no event comes."""
        return self.intake.restless

    @property
    def withheld(self) -> Mapping[Key, str]:
        """Returns the changes that are not in force yet, with what they take away."""
        return self.intake.withheld

    @property
    def settling(self) -> frozenset[Key]:
        """Returns what goes in a moment, or says less then, unless its documents come back."""
        return self.intake.settling

    @property
    def away(self) -> frozenset[Key]:
        """Returns what is settling, or began to go just now: who has read it as it was before must make nothing of it."""
        return self.intake.away

    def sync(self, settle: float = 0.0) -> PassReport:
        """Makes one pass: brings the index to what the folder says. What has been missing for less than ``settle`` seconds, as
        earlier passes saw it, is left for a later pass. That holds for machines; others wait shorter. It also holds for changes
        that take machines or disks away."""
        with self.state.write_lock():
            return self.intake.run({}, settle)

    def compare(self) -> PassReport:
        """Makes a pass that deletes nothing, and reports at once what is in doubt."""
        with self.state.write_lock():
            return self.intake.run({}, NEVER, tell_after=0.0)

    def held(self) -> Mapping[Key, str]:
        """Returns what would be deleted and waits for ``confirm_prune``, with the reason."""
        return self.intake.held()

    def confirm_prune(self, keys: Collection[Key] | None = None) -> PassReport:
        """Lets exactly ``keys`` go (None: all that is held)."""
        with self.state.write_lock():
            confirmed = frozenset(self.held() if keys is None else keys)
            return self.intake.run({}, NEVER, confirmed=confirmed, tell_after=0.0)

    # Writing ------------------------------------------------------------------------------------------------------------

    # ``check`` is called within the lock, before anything is written. The index then says what the folder says.

    def create(
        self, kind: str, document: Mapping[str, Any], author: str, *, check: IndexCheck | None = None, dry: bool = False
    ) -> Resource:
        """Writes ``<plural>/[<namespace>/]<name>.yaml``. ``dry``: writes nothing, and returns the resource as it would be.

        Raises:
            Invalid, AlreadyExists, ReadOnly: and nothing was changed.
        """
        return self._writer.create(kind, document, author, check, dry)

    def apply(
        self,
        resource: Resource,
        author: str,
        whole: bool = False,
        dry: bool = False,
        expected_version: str | None = None,
        *,
        check: IndexCheck | None = None,
    ) -> Applied:
        """Creates the resource, or edits its document by the three-way rule (see ``three_way``). ``whole``: it is everything that
        the resource shall be, whatever was applied before. ``dry``: only says what it would do. ``expected_version``: the
        resourceVersion that it must have, or ABSENT.

        Raises:
            Invalid, AlreadyExists (it is being deleted, or was to be absent), Conflict, NotEditable, ReadOnly: and nothing was
                changed.
        """
        return self._writer.apply(resource, author, whole, dry, check, expected_version)

    def patch(
        self,
        key: Key,
        merge_patch: Mapping[str, Any],
        author: str,
        expected_version: str | None = None,
        *,
        check: IndexCheck | None = None,
        dry: bool = False,
    ) -> Resource:
        """Edits the resource's document in place by a merge patch (RFC 7386) of its metadata and spec. A resource that another
        one owns has no document: it is changed in the index, until its owner writes it again. ``dry``: writes nothing, and
        returns the resource as it would be.

        ``expected_version`` is the resourceVersion that the change was made from. Statuses that were written since do not matter.

        Raises:
            NotFound, Conflict, Invalid, NotEditable, ReadOnly: and nothing was changed.
        """
        return self._writer.patch(key, merge_patch, author, expected_version, check, dry)

    def delete(self, key: Key, author: str, force: bool = False, *, check: IndexCheck | None = None) -> Resource:
        """Removes the resource's document and starts its deletion. With ``force`` the guest gets no grace period.

        Raises:
            NotFound, NotEditable, ReadOnly: and nothing was changed.
        """
        return self._writer.delete(key, author, force, check)
