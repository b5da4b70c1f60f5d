"""The plan for one Disk, on one page."""

from __future__ import annotations

from homeostat.models.disk import Disk, DiskFormat
from homeostat.models.quantity import format_quantity

from ..actions import GrowDisk, LabelDisk, ReleaseResource
from ..machine.removal.teardown import may_be_abandoned
from ..machine.storage.disk_source import UNUSABLE
from ..machine.storage.header import altered
from ..observed import ObservedDisk
from ..plan import Change, Converged, Disruption, Plan, Stalled, Waiting
from .make import label_of, plan_making, rounded, source_text
from .observed import DiskSeen
from .removal import plan_removal

AGAIN = 10.0  # seconds: there is no event when a machine is off, or has let go of a Disk
FORBIDDEN = "ForbiddenChange"  # reason


def plan_disk(disk: Disk, seen: DiskSeen) -> Plan:
    """Plans the next steps for one Disk. Empty when desired equals observed."""
    host = seen.host
    if not host.reachable:
        error = host.error or f"host {host.name} cannot be reached"
        gone = Plan((ReleaseResource(f"let go: {error}"),), Waiting("Abandoned", error))
        return gone if may_be_abandoned(disk) else Plan(outcome=Waiting("HostUnreachable", error))
    if disk.deleting:
        return plan_removal(disk, seen)
    if seen.named.problem:
        return Plan(outcome=Stalled(UNUSABLE, seen.named.problem))
    found, label = seen.named.file, seen.named.label
    if found is None or label is None:
        return plan_making(disk, seen)
    if (other := _is_another(disk, seen)) is not None:
        return other
    if forged := altered(disk.metadata.name, found, label.base.path if label.base else None, None, host.storage_root):
        return Plan(outcome=forged)
    wanted = label_of(disk, label.base, made=True)
    if label != wanted:
        note = LabelDisk(seen.path, wanted, f"kept since {label.retained}" if label.retained else "it is complete")
        return Plan((note,), Waiting("Reconciling", "writing down what it is"))
    return _plan_size(disk, seen, found)


def _is_another(disk: Disk, seen: DiskSeen) -> Plan | None:
    """Says why the file that is there is not what the spec asks for. What a Disk is made of never changes."""
    label = seen.named.label
    assert label is not None
    known = ("source", label.source, source_text(disk)), ("format", label.format, disk.spec.format.value)
    fields = [Change(field, old, new, Disruption.FORBIDDEN) for field, old, new in known if old != new]
    if not fields:
        return None
    told = ", ".join(f"spec.{change.field} was {change.old}, and says {change.new}" for change in fields)
    kept = f" (its file was kept since {label.retained})" if label.retained else ""
    mend = "put that back, or make another Disk, with this one as its source where its contents are wanted (source.diskRef)"
    return Plan(
        outcome=Stalled(FORBIDDEN, f"{told}{kept}: what a Disk is made from does not change; {mend}"), changes=tuple(fields)
    )


def _plan_size(disk: Disk, seen: DiskSeen, found: ObservedDisk) -> Plan:
    asked = disk.spec.size
    size = rounded(asked) if asked is not None else found.virtual_size
    moved = _moved(seen)
    if size == found.virtual_size:
        return Plan(outcome=Converged("DiskReady", moved), moved=(moved,) if moved else ())
    old, new = format_quantity(found.virtual_size), format_quantity(size)
    change = Change("size", old, new, Disruption.FORBIDDEN)
    if size < found.virtual_size:
        words = f"spec.size: a disk cannot shrink from {old} to {new} without losing contents; make the size {old} or larger"
        return Plan(outcome=Stalled("DiskShrink", words), changes=(change,))
    if disk.spec.format is DiskFormat.VMDK:
        words = (
            f"spec.size: QEMU cannot grow a vmdk from {old} to {new}: put {old} back, or make a qcow2 Disk of it (source.diskRef)"
        )
        return Plan(outcome=Stalled(FORBIDDEN, words), changes=(change,))
    return _plan_growth(disk, seen, size, Change("size", old, new, Disruption.LIVE))


def _plan_growth(disk: Disk, seen: DiskSeen, size: int, change: Change) -> Plan:
    """Grows it: through libvirt while a guest has it, else by itself."""
    holder, reason = seen.holder, "spec.size grew"
    if seen.busy:
        return Plan(outcome=Waiting("Busy", f"it cannot grow now: {seen.busy}", AGAIN), changes=(change,))
    if moved := _moved(seen):
        return Plan(outcome=Waiting("GrowthWaits", f"it cannot grow now: {moved}; bring it back first", AGAIN), pending=(change,))
    if holder is None or not (holder.active or holder.saved):
        grow = GrowDisk(disk.identity, seen.path, size, None, reason, disk.spec.format.value)
        return Plan((grow,), Waiting("Growing", f"growing to {change.new}"), (change,))
    if holder.target and not holder.stays:
        grow = GrowDisk(holder.uuid, holder.source, size, holder.target, reason, disk.spec.format.value)
        return Plan((grow,), Waiting("Growing", f"growing to {change.new}, while machine {holder.machine} runs"), (change,))
    if holder.stays:
        why = holder.stays
    elif holder.saved:
        why = f"machine {holder.machine} is saved, with the disk as it was: it grows once that machine was started"
    else:
        why = f"machine {holder.machine} runs, and gets it with its next start only: it grows then"
    return Plan(outcome=Waiting("GrowthWaits", f"spec.size {change.old} → {change.new}: {why}", AGAIN), pending=(change,))


def _moved(seen: DiskSeen) -> str:
    source = seen.holder.source if seen.holder else next((moved.source for moved in seen.storage.moved), "")
    if source in ("", seen.path):
        return ""
    return f"someone put it on {source} (a snapshot, most often), which holds the newest data and is kept"
