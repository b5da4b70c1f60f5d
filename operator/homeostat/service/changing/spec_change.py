"""What a change of a spec takes: its fields with their class, and those that a running guest waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeostat.models.base import Resource
from homeostat.models.machine import VirtualMachine
from homeostat.planner.changes.devices import text
from homeostat.planner.changes.why import reason_of
from homeostat.planner.machine.preview.classify import Classified, waiting
from homeostat.planner.plan import Change, Disruption

from ..kinds.power import runs


@dataclass(frozen=True, slots=True)
class SpecChange:
    """``restart``: the fields that the running guest gets by a restart only, those of earlier changes included."""

    changes: tuple[Change, ...] = ()
    restart: tuple[str, ...] = ()
    cannot: str = ""  # why no host has what the spec asks for

    def reason(self, change: Change) -> str:
        return self.cannot if self.cannot and change.disruption is Disruption.FORBIDDEN else reason_of(change)


def of_machine(before: VirtualMachine, after: VirtualMachine, classified: Classified) -> SpecChange:
    """Returns what a change of a machine takes. ``before`` has the status, which says what waits already."""
    return SpecChange(classified.changes, _restart(before, after, classified) if runs(before) else (), classified.cannot)


def impossible(before: VirtualMachine, change: SpecChange) -> Change | None:
    """Returns a part of the change that can never be carried out; None: all of it can. A disk that is not there yet is built on
    any image, and one that was built on another image than the spec says takes the spec that says so again."""
    status = before.status
    built = {f"disks[{disk.name}].image" for disk in status.disks} if status else set()
    has = {one.field: one.old for one in status.changes} if status else {}
    for one in change.changes:
        replaces = one.disruption is Disruption.NEEDS_REPLACE and one.field in built and has.get(one.field) != one.new
        if replaces or one.disruption is Disruption.FORBIDDEN:
            return one
    return None


def _restart(before: VirtualMachine, after: VirtualMachine, classified: Classified) -> tuple[str, ...]:
    """Returns what RestartRequired will list. A change back to what the guest has ends the wait for that field."""
    known = before.status.changes if before.status else ()
    lacks = {change.field: change.old for change in known if change.disruption in ("Live", "NeedsRestart")}
    for change in waiting(classified, after.spec.update_policy):
        lacks.setdefault(change.field, change.old)
    now = {change.field: change.new for change in classified.changes}
    return tuple(sorted(field for field, has in lacks.items() if now.get(field) != has))


def of_resource(before: Resource, after: Resource) -> SpecChange:
    """Returns the fields that differ where nothing but the resource itself has them."""
    old, new = before.spec.dump(), after.spec.dump()
    names = [name for name in (*old, *(n for n in new if n not in old)) if old.get(name) != new.get(name)]
    return SpecChange(tuple(Change(name, shown(old, name), shown(new, name), Disruption.LIVE) for name in names))


def shown(spec: Mapping[str, Any], name: str) -> str:
    value = spec.get(name)
    return "set" if isinstance(value, dict | list) else text(value)
