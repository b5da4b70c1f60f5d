"""What applying a document to a server would do, as the server foresees it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from homeostat.models.base import Resource
from homeostat.models.machine import PendingChange, VirtualMachine

from ..render_texts import Line
from .render_changes import render_changes
from .render_facts import fact_lines, machine_facts
from .render_plan import Verb, head_as_json, heading


@dataclass(frozen=True, slots=True)
class AppliedEntry:
    """One resource as it would be. ``findings``: reasons, with their messages, that keep it from that. ``unknown``: what was not
    looked at."""

    resource: Resource
    place: str
    verb: Verb
    changes: Sequence[PendingChange] = ()
    waiting: Sequence[str] = ()  # fields that a running guest gets by a restart only
    findings: Sequence[tuple[str, str]] = ()
    unknown: Sequence[str] = ()

    @property
    def stalled(self) -> bool:
        return bool(self.findings)

    @property
    def pending(self) -> bool:
        return bool(self.waiting)

    def lines(self) -> list[Line]:
        lines = [heading(self)]
        if self.verb is Verb.CREATE and isinstance(self.resource, VirtualMachine):
            lines += fact_lines([*machine_facts(self.resource)])
        lines += render_changes(self.changes)
        if self.verb is Verb.NONE and self.waiting:
            lines.append(Line(f"    waits for a restart: {', '.join(self.waiting)}", "dim"))
        lines += [Line(f"    ! {reason}: {message}", "bad") for reason, message in self.findings]
        return [*lines, *(Line(f"    not known: {why}", "dim") for why in self.unknown)]

    def as_json(self) -> dict[str, Any]:
        found = [{"reason": reason, "message": message} for reason, message in self.findings]
        return {
            **head_as_json(self),
            "changes": [change.dump(defaults=True) for change in self.changes],
            "pending": list(self.waiting),
            "outcome": {"type": "Stalled", **found[0]} if found else {"type": "Converged", "reason": "", "message": ""},
            "also": found[1:],
            "notes": list(self.unknown),
        }
