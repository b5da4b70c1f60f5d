"""Two operators with one identity. The writers of the records on the machines' domains show it, and the one that notices it stops
acting.

A restored copy of a state folder has the identity of the original. Each of the two operators would undo what the other does, for
ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from homeostat.planner.domain import Record
from homeostat.planner.observed import ObservedDomain
from homeostat.planner.plan import Stalled

from ..engine.clock import timestamp
from .identity_lock import holder_of
from .operator_run import OperatorRun

log = logging.getLogger(__name__)

OTHER_OPERATOR = "OtherOperator"
_SO = "they would undo each other's work, so this one acts on no machine any more. End one of them, then restart the other"


class Rivals:
    """Finds other operators of our identity. ``alone``: no lease makes others take turns with us, so a living process that wrote
    a record is a rival at once.

    ``noticed`` is called when there is one. It stays found until this operator ends, because the two must not take turns.
    """

    def __init__(self, instance: str, writer: str, *, alone: bool, noticed: Callable[[], None] = lambda: None) -> None:
        self.found: Stalled | None = None
        self._instance = instance
        self._writer = writer
        self._alone = alone
        self._noticed = noticed
        self._begun = timestamp()
        self._inherited: dict[str, str] = {}  # by uuid: when an earlier operator wrote, by a clock that is ahead of ours

    def look_around(self) -> None:
        """Looks for a living operator of our identity on this computer, before anything is done."""
        other = holder_of(self._instance) if self._alone else None
        if other is not None:
            self._found(f"another operator with the identity of this one ({other}) runs: {_SO}")

    def _found(self, words: str) -> None:
        self.found = Stalled(OTHER_OPERATOR, words)
        log.error("%s", words)
        self._noticed()

    def sign(self, record: Record) -> Record:
        return replace(record, instance=self._instance, writer=self._writer, written_at=timestamp())

    def check(self, domain: ObservedDomain, *, first: bool, may_act: Callable[[], None]) -> None:
        """Checks who wrote the record of a domain. ``first``: it is checked for the first time, so the record may be from an
        earlier operator. ``may_act`` raises where it is not our turn any more."""
        record = domain.record
        if record is None or not record.writer or record.instance != self._instance or self.found is not None:
            return
        if record.writer == self._writer:
            self._inherited.pop(domain.uuid, None)
            return
        other = OperatorRun.parse(record.writer)
        if first and not (self._alone and other is not None and other.alive):
            if record.written_at > self._begun:
                self._inherited[domain.uuid] = record.written_at
            return
        if not first and record.written_at <= max(self._begun, self._inherited.get(domain.uuid, "")):
            return  # the record is old: from an earlier operator, or brought back with a snapshot
        may_act()
        self._found(_words(record, other))


def _words(record: Record, other: OperatorRun | None) -> str:
    who, machine = other or record.writer, f"{record.namespace}/{record.name}"
    return f"another operator with the identity of this one ({who}) wrote the machine {machine} at {record.written_at}: {_SO}"
