"""FilesStore: the standalone ResourceStore, and the writing side that the REST API and the command line share."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from homeostat import __version__
from homeostat.models.base import Key, Model, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.kinds import BY_KIND, kind_of
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.ports import EventType, Happening
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.store.errors import SourceError

from ..index import records
from ..index.index import Index, Row, set_setting
from ..index.removal import remove
from ..index.store import IndexedStore
from ..three_way import Applied
from .commits import git
from .editing import last_applied, owned
from .editing.writer import Writer
from .passes import indexing, removal
from .passes.compare import Pass, Reduction, compare, parents
from .passes.remembered import Remembered, folders_now
from .passes.removal import NEVER, SETTLE
from .reading.files import FileReader, Memory
from .reading.folder import Listing, list_folder
from .reading.unfinished import QUIET
from .state import StateFolder

log = logging.getLogger(__name__)

GIT_LOOKUPS = 20
"""Changed files for which one pass asks git who wrote them; a checkout of hundreds is not worth as many processes."""


COMMIT = "commit"  # the setting


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one pass over the folder did."""

    created: tuple[Key, ...]
    changed: tuple[Key, ...]  # spec or metadata
    deleted: tuple[Key, ...]
    held: Mapping[Key, str]  # would be deleted, and wait for a confirmation: why
    absent: tuple[Key, ...]  # declared nowhere, yet not being deleted: the held ones, and those that wait for their time
    errors: tuple[SourceError, ...]  # notices too
    files: int
    seconds: float


class FilesStore(IndexedStore):
    """Desired state in a folder of YAML files, everything else in the state folder's index.

    The methods of ResourceStore are coroutines and are meant for one event loop. All others block for as long as the disk
    takes, may be called from any thread, and raise StoreError.
    """

    def __init__(
        self, folder: Path, state: StateFolder, index: Index, *, commit: bool = False, settle: float = SETTLE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC), supervisor: Supervisor | None = None,
    ) -> None:  # fmt: skip
        super().__init__(index)
        self.supervisor = supervisor or Supervisor()
        self.folder = Path(os.path.realpath(folder))
        self.state = state
        self._commit = commit
        self.uncommitted: set[str] = set()  # files that were edited here and are left to others to commit
        self.clock = clock
        self.listing = Listing()  # of the last pass
        self.complete = False  # until one pass has been made
        self.settle = settle  # seconds, see removal.SETTLE
        self.restless = False  # whether the folder is to be looked at again soon, though nothing tells of a change
        self.unfinished: Mapping[str, str] = {}  # files that are still being written, as of the last pass
        self.withheld: Mapping[Key, str] = {}  # changes that take something away and are not in force yet: what they take
        self.settling: frozenset[Key] = frozenset()  # their documents have gone, and they go in a moment, should that stay so
        self._absent: dict[Key, tuple[str, float]] = {}  # the writing of the file it stood in, and since when (monotonic)
        self._instance = state.instance_id
        self._writer = Writer(self)
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="homeostat-store")

    @classmethod
    def open(
        cls, folder: Path, state: StateFolder | None = None, *, owner: bool = False, commit: bool = False,
        settle: float = SETTLE, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        supervisor: Supervisor | None = None,
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
        return cls(folder, state, index, commit=commit, settle=settle, clock=clock, supervisor=supervisor)

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
            last_applied.forget(database, key)
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

    def doubt(self) -> str:
        """Why what stands in no document may stand in one after all; empty: it does not."""
        if self.restless:
            return "the folder is being written to"
        wrong = [error for error in self.errors() if error.severity == "Error"]
        return f"{wrong[0]}" if wrong else ""

    def take_up(self, machine: VirtualMachine) -> bool:
        """Goes on with a deletion that the index does not know of (any more); whether there was no machine of its name."""
        return owned.take_up(self.index, self.state.instance_id, self.clock(), machine)

    async def record_event(
        self, key: Key, type: EventType, reason: str, message: str, fields: Mapping[str, Any] | None = None
    ) -> None:
        await self.report(key, "", None, (Happening(type, reason, message, dict(fields or {})),))

    # The folder ---------------------------------------------------------------------------------------------------------

    def sync(self, settle: float = 0.0) -> SyncReport:
        """One pass: brings the index to what the folder says. Resources whose documents have been missing for less than
        ``settle`` seconds, as earlier passes saw it, are left for a later pass; machines that is, others wait shorter. So are
        changes that take machines or disks away."""
        with self.state.write_lock():
            return self.run_pass({}, settle)

    def look(self) -> SyncReport:
        """As ``sync``, but nothing goes; what is in doubt is told at once."""
        with self.state.write_lock():
            return self.run_pass({}, NEVER, tell_after=0.0)

    def held(self) -> Mapping[Key, str]:
        """What would be deleted and waits for ``confirm_prune``, with the reason."""
        return Remembered.load(self.index).held

    def confirm_prune(self, keys: Collection[Key] | None = None) -> SyncReport:
        """Lets exactly ``keys`` go (None: all that is held)."""
        with self.state.write_lock():
            confirmed = frozenset(self.held() if keys is None else keys)
            return self.run_pass({}, NEVER, confirmed=confirmed, tell_after=0.0)

    def run_pass(
        self,
        authors: Mapping[Key, str],
        settle: float = NEVER,
        *,
        confirmed: Collection[Key] = (),
        tell_after: float | None = None,
    ) -> SyncReport:
        """As ``sync``, for who holds the write lock; ``authors`` are those of edits just made. See ``removal.rule``."""
        begun = time.perf_counter()
        self.listing = list_folder(self.folder)
        memory = Memory.load(self.index)
        version = self.index.setting("models")
        if version != __version__:  # other models may judge the same documents otherwise
            memory.doubt()
        rows, known = self.index.rows(), Remembered.load(self.index)
        declared: set[tuple[str | None, Key | None]] = {(row.source, key) for row in rows for key in (row.key, None)}
        quiet = min(settle, QUIET)
        reader = FileReader(str(self.folder), memory, lambda path, key: (path, key) in declared, quiet, authors.keys())
        work = compare(self.listing, reader, memory, rows, known, str(self.folder))
        remembered, waiting = self._rule(work, rows, known, settle, confirmed, tell_after)
        last = records.last_revision(self.index) if work.update or work.create else 0
        work.errors = indexing.told(work.errors)
        identity = indexing.Identity(self._instance, self.clock(), authors, self._removers(work.delete))
        changed = set(indexing.write_pass(self.index, work, identity, records.read_errors(self.index), remembered))
        if version != __version__:
            with self.index.transaction() as database:
                set_setting(database, "models", __version__)
        if changed:
            self._ask_git(work, changed - authors.keys(), last)
        # Not sooner: who sees that nothing is left to be looked at must see what this pass wrote.
        self.restless = bool(waiting or work.unfinished)
        going = {row.key for row in work.delete}
        self.complete = not self.listing.missing
        absent = tuple(absent.row.key for absent in work.absent if absent.row.key not in going)
        self.settling = frozenset(absent) - work.held.keys()
        return SyncReport(
            created=tuple(d.key for d in work.create if d.key),
            changed=tuple(row.key for row, _ in (*work.update, *work.keep) if row.key in changed),
            deleted=tuple(row.key for row in work.delete),
            held=work.held,
            absent=absent,
            errors=tuple(work.errors),
            files=len(self.listing.files),
            seconds=time.perf_counter() - begun,
        )

    def _rule(
        self,
        work: Pass,
        rows: Sequence[Row],
        known: Remembered,
        settle: float,
        confirmed: Collection[Key],
        tell_after: float | None,
    ) -> tuple[Remembered, bool]:
        """Has it decided which of the absent resources go, and what is taken away from others; notes that in ``work``. With what
        the next pass must know, and whether something waits for one."""
        weights = _weights([row for row in rows if row.deleted is None]) if work.absent or work.reductions else {}
        absences, now = self._absences(work, weights), self.clock().timestamp()
        bare = (
            ""
            if self.listing.missing or any(file.documents or not file.path.endswith(".json") for file in work.files)
            else f"the folder {self.folder} holds no YAML any more"
        )
        ruling = removal.rule(
            absences, removal.Circumstances(sum(weights.values()), known.weight(now), bare),
            settle, confirmed=confirmed, told=known.held, tell_after=tell_after,
        )  # fmt: skip
        work.delete = [absent.row for absent in work.absent if absent.row.key in ruling.go]
        work.update += [(less.row, less.document) for less in work.reductions if less.row.key in ruling.go]
        self.withheld = {less.row.key: less.loss.words for less in work.reductions if less.row.key not in ruling.go}
        work.held = dict(sorted(ruling.held.items()))
        self.unfinished = work.unfinished
        self._absent = {key: since for key, since in self._absent.items() if key not in ruling.go}
        _tell(work, ruling)
        unconfirmed = sum(absence.weight for absence in absences if absence.key in ruling.go - set(confirmed))
        remembered = Remembered(
            work.held,
            folders_now(known.folders, self.listing, {p for absent in work.absent for p in parents(absent.row.source or "")}),
            {old: new for old, new in work.renamed.items() if old not in ruling.go},
            [*known.still(now), (now, unconfirmed)] if unconfirmed else known.taken,
        )
        return remembered, bool(ruling.waiting)

    def _absences(self, work: Pass, weights: Mapping[Key, int]) -> list[removal.Absence]:
        """How long each has been so, and why it may not be gone, or not be meant to lose what it has."""
        now, wall = time.monotonic(), time.time()
        since, under_way = dict[Key, tuple[str, float]](), dict[str, str]()

        def seen(key: Key, mark: str, path: str) -> tuple[Key, float, str]:
            before, place = self._absent.get(key), os.path.dirname(path)
            since[key] = before if before and before[0] == mark else (mark, now)
            if place not in under_way:
                under_way[place] = git.operation_under_way(self.folder / place, wall)
            return key, now - since[key][1], under_way[place]

        found = []
        for absent in work.absent:
            key, seconds, git_says = seen(absent.row.key, absent.stood_in, absent.row.source or "")
            found.append(removal.Absence(key, seconds, absent.doubt or git_says, weights[key]))
        for less in work.reductions:
            key, seconds, git_says = seen(less.row.key, less.document.hash, less.document.path)
            # A deployment loses no more machines than it has, and stays itself.
            weight = min(less.loss.weight, weights[key] - 1) if key.kind == VirtualMachineDeployment.KIND else less.loss.weight
            found.append(removal.Absence(key, seconds, git_says, weight, less.loss.words))
        self._absent = since
        return found

    def _removers(self, going: Sequence[Row]) -> dict[Key, str]:
        """Who took their documents away, as far as git tells."""
        paths = {row.source or "" for row in going}
        tracked = 0 < len(paths) <= GIT_LOOKUPS and git.is_work_tree(self.folder)
        said = {}
        for path in paths:
            commit = git.last_commit(self.folder, path) if tracked else None
            said[path] = f"file {path}" + (f", commit {commit.commit[:12]} by {commit.author}" if commit else "")
        return {row.key: said[row.source or ""] for row in going}

    def _ask_git(self, work: Pass, keys: set[Key], after: int) -> None:
        """Puts the git author to the changes that were found in files."""
        by_path: dict[str, list[Key]] = {}
        for document in (*work.create, *(document for _, document in (*work.update, *work.keep))):
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

    def apply(self, resource: Resource, author: str, whole: bool = False, dry: bool = False) -> Applied:
        """Creates the resource, or edits its document by the three-way rule (see ``three_way``). ``whole``: it is all that the
        resource shall be, whatever was applied before. ``dry``: only says what it would do.

        Raises:
            Invalid, AlreadyExists (it is being deleted), NotEditable, ReadOnly: and nothing was changed.
        """
        return self._writer.apply(resource, author, whole, dry)

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


def _weights(rows: Sequence[Row]) -> dict[Key, int]:
    """Of each that a document declares: itself, and a deployment's machines with it."""
    weights = {row.key: 1 for row in rows if row.source is not None}
    for row in rows:
        if row.source is None and row.kind == VirtualMachine.KIND:
            for owner in json.loads(row.metadata).get("ownerReferences", ()):
                key = Key(owner["kind"], row.namespace, owner["name"])
                if key in weights:
                    weights[key] += 1
    return weights


def _tell(work: Pass, ruling: removal.Ruling) -> None:
    """Of what is held: once where it is about how many, else each by itself."""
    if ruling.brake:
        work.complain("", f"{ruling.brake}; none of them was: {removal.CONFIRM}", severity="Held")
    else:
        rows = {absent.row.key: absent.row for absent in work.absent}
        reductions = {reduction.row.key: reduction for reduction in work.reductions}
        for key, reason in work.held.items():
            within = f" -n {key.namespace}" if key.namespace != "default" else ""
            name = f"{kind_of(BY_KIND[key.kind]).noun} {key.name}{within}"
            if key in reductions:
                _tell_reduction(work, reductions[key], name)
                continue
            work.complain(
                rows[key].source or "", f"{key} is declared nowhere any more, and kept: {reason}; {removal.CONFIRM}, or with "
                f"`homeostat delete {name}` for it alone", key=key, severity="Held",
            )  # fmt: skip
    work.sort_errors()


def _tell_reduction(work: Pass, reduction: Reduction, name: str) -> None:
    document, key = reduction.document, reduction.row.key
    alone = f"homeostat apply -f {document.path}"
    if isinstance(document.resource, VirtualMachineDeployment):
        alone = f"homeostat scale {name} --replicas {document.resource.spec.replicas}"
    work.complain(
        document.path, f"{key} keeps the spec it had, since something would be deleted ({work.held[key]}); {removal.CONFIRM}, or "
        f"with `{alone}` for it alone", key=key, line=document.line, severity="Held",
    )  # fmt: skip
