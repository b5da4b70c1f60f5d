"""What the status of a Disk says, and its events. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from homeostat.driver.errors import DriverError, Refused
from homeostat.models.condition import READY, RECONCILING, STALLED, Condition, merge_conditions, sayer
from homeostat.models.disk import Disk, DiskFormat, DiskStatus
from homeostat.models.quantity import format_quantity
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.disk.observed import DiskSeen
from homeostat.planner.plan import Converged, Plan, Stalled

from ..engine.ports import Happening


def disk_status(disk: Disk, seen: DiskSeen, plan: Plan, error: DriverError | None, now: str) -> DiskStatus:
    before = disk.status or DiskStatus()
    if not seen.host.reachable:
        unknown = merge_conditions(before.conditions, [*_unknown(disk, seen)], now)
        return before.model_copy(update={"conditions": unknown, "observed_generation": disk.metadata.generation})
    found, label = seen.named.file, seen.named.label
    return DiskStatus(
        observed_generation=disk.metadata.generation,
        conditions=merge_conditions(before.conditions, [*_conditions(disk, seen, plan, error)], now),
        host=seen.host.name if found else None,
        path=seen.path if found else None,
        format=DiskFormat(label.format) if found and label else None,
        virtual_size=found.virtual_size if found else None,
        allocated=seen.named.allocated if found else None,
        attached_to=seen.holder.machine if seen.holder else None,
    )


def _unknown(disk: Disk, seen: DiskSeen) -> Iterator[Condition]:
    say, why = sayer(disk.metadata.generation), seen.host.error or f"host {seen.host.name} cannot be reached"
    where = f"it lies on host {seen.host.name}: " if disk.status and disk.status.host else ""
    yield say(READY, "Unknown", "HostUnreachable", f"{where}{why}")
    yield say(RECONCILING, True, "HostUnreachable", why)


def _conditions(disk: Disk, seen: DiskSeen, plan: Plan, error: DriverError | None) -> Iterator[Condition]:
    say, outcome = sayer(disk.metadata.generation), plan.outcome
    reason, message = (error.reason, str(error)) if error else (outcome.reason, outcome.message)
    settled = error is None and isinstance(outcome, Converged) and not plan.actions
    usable = settled or (error is None and bool(plan.pending) and seen.named.file is not None)
    yield say(READY, usable, reason, message)
    if isinstance(error, Refused) or (error is None and isinstance(outcome, Stalled)):
        yield say(STALLED, True, reason, message)
    elif not settled:
        yield say(RECONCILING, True, reason, message)


def disk_happenings(action: Action) -> Iterator[Happening]:
    """Yields the event for an action that was carried out."""
    match action:
        case act.CreateDisk():
            yield Happening("Normal", "Created", f"{action.path}: {action.reason}")
        case act.CopyDisk():
            yield Happening("Normal", "Copying", f"{action.path}: {action.reason}")
        case act.GrowDisk():
            yield Happening("Normal", "GrowDisk", f"{action.path} has {format_quantity(action.size)}: {action.reason}")
        case act.SetAside():
            yield Happening("Normal", "SetAside", f"{action.disks[0][1]}: {action.reason} (trash entry {action.entry})")
        case act.TakeBack():
            yield Happening("Normal", "Restored", f"{action.path} from trash entry {action.entry}: {action.reason}")
        case act.LabelDisk(label=label) if label.retained:
            yield Happening("Normal", "Retained", f"{action.path}: {label.retained}")
