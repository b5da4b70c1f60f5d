"""Two operators with one identity. The writers of the records on the machines' domains show it, and the one that notices it stops
acting.

A restored copy of a state folder has the identity of the original. Each of the two operators would undo what the other does, for
ever.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from homeostat.planner.domain import Record
from homeostat.planner.observed import ObservedDomain
from homeostat.planner.plan import Stalled

from ..engine.clock import timestamp

log = logging.getLogger(__name__)

OTHER_OPERATOR = "OtherOperator"
_FORM = re.compile(r"(\d+)\.(\d+)\.\w+@([^:]*):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OperatorRun:
    """One run of an operator, as records name it. ``started``: when its process started, in the kernel's ticks since boot. So a
    later process with the same pid does not count as this run."""

    pid: int
    started: int
    host: str
    folder: str

    @classmethod
    def parse(cls, text: str) -> OperatorRun | None:
        found = _FORM.fullmatch(text)
        return cls(int(found[1]), int(found[2]), found[3], found[4]) if found else None

    @property
    def alive(self) -> bool:
        """Tells whether it is known to run on this host, and is another process than this one."""
        return self.host == socket.gethostname() and self.pid != os.getpid() and self.started == started_at(self.pid) > 0

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, state folder {self.folder}"


def this_run(folder: str) -> str:
    """Returns what this run writes into its records."""
    pid = os.getpid()
    return f"{pid}.{started_at(pid)}.{secrets.token_hex(4)}@{socket.gethostname()}:{folder}"


def started_at(pid: int) -> int:
    """Returns when a process started, in the kernel's ticks since boot (proc(5), stat, field 22). 0: there is no such process, or
    it has ended and only its parent does not know yet."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return 0 if fields[0] in "ZX" else int(fields[19])
    except (OSError, ValueError, IndexError):
        return 0


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
        self.found = Stalled(OTHER_OPERATOR, _words(record, other))
        log.error("%s", self.found.message)
        self._noticed()


def _words(record: Record, other: OperatorRun | None) -> str:
    who, machine = other or record.writer, f"{record.namespace}/{record.name}"
    return (
        f"another operator with the identity of this one ({who}) wrote the machine {machine} at {record.written_at}: "
        "they would undo each other's work, so this one acts on no machine any more. End one of them, then restart the other"
    )
