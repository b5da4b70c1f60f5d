"""Edits that no API made, in the audit: of a folder by editors, git and commands, and of a cluster by whoever may.

They wait in an index (``store.index.unaudited``) until they are noted here. How far that is stands in the same transaction: so
each is noted once, whoever is killed in between, and however many servers do it at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from homeostat.store.index import unaudited
from homeostat.store.index.index import Index
from homeostat.store.index.unaudited import Unaudited

from ..clock import Clock, wall_clock
from ..database.database import Database
from ..database.tables import AccountRow, EditPositionRow
from .audit import Act, By, in_turn, note

AT_ONCE = 500
GONE_KEPT = timedelta(days=30)  # after which nobody speaks of an object any more that has gone


class Edits:
    """The edits of one database."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock

    def take_from(self, index: Index) -> int:
        """Notes the edits that wait in an index, and returns how many did.

        Raises:
            DatabaseTrouble: they cannot be noted, and wait on.
            StoreError: the index cannot be read, or not be written.
        """
        taken = 0
        while found := unaudited.read(index, AT_ONCE):
            self.note(found)
            unaudited.forget(index, found[-1].id)
            taken += len(found)
        return taken

    def note(self, edits: Sequence[Unaudited]) -> None:
        """Notes edits, each but once. Those from before there were accounts are passed over."""
        with self._database.writing() as session:
            in_turn(session)
            first = session.scalar(select(func.min(AccountRow.made)))
            for edit in edits:
                known = session.get(EditPositionRow, edit.source)
                if known is not None and known.position >= edit.position:
                    continue
                at = datetime.fromisoformat(edit.time)
                if first is not None and (at >= first or (known is not None and edit.editor.how == "cluster")):
                    note(session, at, _by(edit), _act(edit, known is not None))
                self._remember(session, known, edit)
            self._forget_gone(session)

    def _remember(self, session: Session, known: EditPositionRow | None, edit: Unaudited) -> None:
        if known is None:
            session.add(EditPositionRow(source=edit.source, position=edit.position, at=self._clock()))
        else:
            known.position, known.at = edit.position, self._clock()
        session.flush()

    def _forget_gone(self, session: Session) -> None:
        gone, old = EditPositionRow.position == unaudited.GONE, EditPositionRow.at < self._clock() - GONE_KEPT
        session.execute(delete(EditPositionRow).where(gone, old))


def _by(edit: Unaudited) -> By:
    editor = edit.editor
    return By(editor.how, address=editor.place, author=editor.author)


def _act(edit: Unaudited, known: bool) -> Act:
    """Returns what was done. ``known``: of the source something was noted before."""
    if edit.editor.how == "cluster" and edit.verb == "create" and known:
        return Act("change", edit.key.kind, edit.key.name, edit.key.namespace, message="while no API server was looking")
    return Act(edit.verb, edit.key.kind, edit.key.name, edit.key.namespace, message=edit.message)
