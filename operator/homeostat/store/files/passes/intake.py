"""Takes the folder into the index, pass by pass: reads, compares, lets the removal rule decide, and writes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from homeostat import __version__
from homeostat.models.base import Key
from homeostat.store.errors import FolderProblem

from ...index import records, unaudited
from ...index.index import Index, set_setting
from ...index.row import Row
from ...index.unaudited import Editor
from ..commits import authors as git_authors
from ..hosts import read_hosts
from ..reading.files import Edit, FileReader, LastPass
from ..reading.folder import Listing, list_folder, relist
from ..reading.parts import Parts
from ..reading.unfinished import QUIET
from ..state import StateFolder
from . import indexing
from .absences import Absences
from .compare import Pass, compare
from .folders import folders_now, not_as_known, parents
from .remembered import Remembered
from .removal import NEVER


@dataclass(frozen=True, slots=True)
class PassReport:
    """What one pass over the folder did."""

    created: tuple[Key, ...]
    changed: tuple[Key, ...]  # its spec or metadata changed
    deleted: tuple[Key, ...]
    held: Mapping[Key, str]  # would be deleted and wait for a confirmation, with the reason
    absent: tuple[Key, ...]  # declared nowhere, and not being deleted yet: held, or waiting for their time
    errors: tuple[FolderProblem, ...]  # notices included
    files: int
    seconds: float


class Intake:
    """The passes over one folder, and what one leaves for the next. All methods block, and any thread may call them."""

    def __init__(self, folder: Path, state: StateFolder, index: Index, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self.state = state
        self.index = index
        self.clock = clock
        self.editor: Editor | None = None  # who edits by this process. None: whoever asks it to notes that himself
        self.listing = Listing()  # of the last pass
        self.complete = False  # True once a pass has been made
        self.restless = False  # whether the folder must be read again soon, although no event comes
        self.unfinished: Mapping[str, str] = {}  # files that were still being written in the last pass
        self.withheld: Mapping[Key, str] = {}  # changes that are not in force yet, with what they take away
        self.settling: frozenset[Key] = frozenset()  # they go, or say less, in a moment, unless their documents come back
        self.away: frozenset[Key] = frozenset()  # these, and what the last pass began to delete
        self.instance = state.instance_id
        self._absences = Absences(folder)
        self._parts = Parts()
        self._opened: set[str] = set()  # files that the last pass read

    @property
    def takes_hosts(self) -> bool:
        """Tells whether the machines are spread over several hosts, which documents may declare."""
        return bool(read_hosts(self.state))

    def held(self) -> Mapping[Key, str]:
        """Returns what would be deleted and waits for a confirmation, with the reason."""
        return Remembered.load(self.index).held

    def run(
        self,
        edits: Mapping[Key, Edit],
        settle: float = NEVER,
        *,
        confirmed: Collection[Key] = (),
        tell_after: float | None = None,
    ) -> PassReport:
        """Makes one pass. The caller holds the write lock. ``edits`` were made since the last pass, within the same hold of the
        lock: of the files that are known then, no others are read again. See ``removal.rule``."""
        begun = time.perf_counter()
        unaudited.release(self.index)  # of a pass that was killed
        edited = {edit.path for edit in edits.values() if edit.path}
        again = relist(self.listing, edited) if edited else None
        self.listing = again or list_folder(self.folder)
        memory = LastPass.load(self.index)
        judged_by = f"{__version__}, with hosts" if self.takes_hosts else __version__
        version = self.index.setting("models")
        if version != judged_by:  # other models may judge the same documents differently
            memory.doubt()
        rows, known = self.index.rows(), Remembered.load(self.index)
        declared: set[tuple[str | None, Key | None]] = {(row.file, key) for row in rows for key in (row.key, None)}
        reader = FileReader(
            str(self.folder), memory, lambda path, key: (path, key) in declared, min(settle, QUIET), edits,
            fresh=self._opened - edited if again else (), takes_hosts=self.takes_hosts,
            parts=self._parts.of(self.listing, os.path.realpath(self.folder)), builds=self.listing.builds,
        )  # fmt: skip
        work = compare(self.listing, reader, memory, rows, known, str(self.folder))
        self._opened = reader.opened
        remembered, waiting = self._rule(work, rows, known, settle, confirmed, tell_after)
        last = records.last_revision(self.index) if work.update or work.create else 0
        work.errors = indexing.told(work.errors)
        removed_by = git_authors.removers(self.folder, work.delete)
        authors = {key: edit.author for key, edit in edits.items()}
        identity = indexing.Identity(self.instance, self.clock(), authors, removed_by, self.editor, new=version is None)
        changed = set(indexing.write_pass(self.index, work, identity, records.read_errors(self.index), remembered))
        if version != judged_by:
            with self.index.transaction() as database:
                set_setting(database, "models", judged_by)
        if changed:
            git_authors.sign(self.index, self.folder, _by_path(work, changed - authors.keys()), last)
            unaudited.release(self.index)
        # Not earlier: who sees that nothing is left to be read must also see what this pass wrote.
        self.restless = bool(waiting or work.unfinished)
        self.complete = not self.listing.missing
        report = self._report(work, changed, begun)
        self.settling = frozenset({*report.absent, *self.withheld}) - work.held.keys()
        self.away = self.settling | frozenset(report.deleted)
        return report

    def _rule(
        self,
        work: Pass,
        rows: Sequence[Row],
        known: Remembered,
        settle: float,
        confirmed: Collection[Key],
        tell_after: float | None,
    ) -> tuple[Remembered, bool]:
        """Lets the removal rule decide what goes. Returns what the next pass must know, and whether something waits for one."""
        now = self.clock().timestamp()
        bare = (
            ""
            if self.listing.missing or any(file.documents or not file.path.endswith(".json") for file in work.files)
            else f"the folder {self.folder} holds no YAML any more"
        )
        unseen = not self.complete
        ruling, unconfirmed = self._absences.rule(work, rows, known, now, settle, confirmed, tell_after, bare=bare, unseen=unseen)
        self.withheld = {less.row.key: less.loss.words for less in work.reductions if less.row.key not in ruling.go}
        self.unfinished = work.unfinished
        staying = {absent.row.key: absent.row.file or "" for absent in work.absent if absent.row.key not in ruling.go}
        folders = folders_now(known.folders, self.listing, {folder for path in staying.values() for folder in parents(path)})
        others = not_as_known(folders, self.listing, bool(ruling.emptied))
        remembered = Remembered(
            work.held,
            folders,
            known.hidden if self.listing.missing else (known.hidden & staying.keys()) | _within(work, others),
            {old: new for old, new in work.renamed.items() if old not in ruling.go},
            known.emptied if self.listing.missing else ruling.emptied,
            [*known.still(now), (now, unconfirmed)] if unconfirmed else known.taken,
        )
        return remembered, bool(ruling.waiting)

    def _report(self, work: Pass, changed: Collection[Key], begun: float) -> PassReport:
        going = {row.key for row in work.delete}
        return PassReport(
            created=tuple(d.key for d in work.create if d.key),
            changed=tuple(row.key for row, _ in (*work.update, *work.keep) if row.key in changed),
            deleted=tuple(row.key for row in work.delete),
            held=work.held,
            absent=tuple(absent.row.key for absent in work.absent if absent.row.key not in going),
            errors=tuple(work.errors),
            files=len(self.listing.files),
            seconds=time.perf_counter() - begun,
        )


def _within(work: Pass, folders: Collection[str]) -> frozenset[Key]:
    """Returns what is declared within these folders."""
    if not folders:
        return frozenset()
    within = [file for file in work.files if not set(folders).isdisjoint(parents(file.path))]
    return frozenset(document.key for file in within for document in file.documents if document.key)


def _by_path(work: Pass, keys: set[Key]) -> dict[str, list[Key]]:
    """Groups the changed resources of ``keys`` by the file that declares them."""
    by_path: dict[str, list[Key]] = {}
    for document in (*work.create, *(document for _, document in (*work.update, *work.keep))):
        if document.key in keys:
            by_path.setdefault(document.path, []).append(document.key)
    return by_path
