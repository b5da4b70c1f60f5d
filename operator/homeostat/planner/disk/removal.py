"""The end of a Disk. It waits while anything has it; then its file is set aside, or stays where that is wanted."""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.disk import Disk
from homeostat.models.machine_disks import ReclaimPolicy

from ..actions import Action, LabelDisk, ReleaseResource, RemoveDisk, SetAside
from ..files.trash import DELETED_BECAUSE, DELETED_BY
from ..machine.identity import digest
from ..plan import Plan, Waiting
from .make import label_of
from .observed import DiskSeen

IN_USE = "InUse"  # reason
AGAIN = 10.0  # seconds: there is no event when the last user has let go of it


def plan_removal(disk: Disk, seen: DiskSeen) -> Plan:
    if waits := in_use(seen):
        return Plan(outcome=Waiting(IN_USE, waits, AGAIN))
    actions: list[Action] = []
    if seen.named.label is not None and seen.named.label.retained:
        pass  # an earlier Disk of the name left it, and this one was refused: it is not this one's to discard
    elif disk.spec.reclaim_policy is ReclaimPolicy.RETAIN and seen.named.file is not None:
        actions += _kept(disk, seen)
    elif seen.named.there or seen.named.file is not None:
        actions += _discarded(disk, seen)
    return Plan((*actions, ReleaseResource("everything of it is done")), Waiting("Terminating", "removing what is left"))


def in_use(seen: DiskSeen) -> str:
    """Says who has it; empty: nobody. What uses it runs on, and has to let go first."""
    if seen.holder is not None:
        does = "runs with it" if seen.holder.active else "is defined with it"
        return f"machine {seen.holder.machine} {does}: it goes once no machine has it"
    if seen.users:
        return f"used by {', '.join(seen.users[:3])}{' …' if len(seen.users) > 3 else ''}: it goes with the last"
    if seen.copy is not None and not seen.copy.error:
        return "it is being copied: it goes once that has ended"
    return f"{seen.busy}: it goes after that" if seen.busy else ""


def _kept(disk: Disk, seen: DiskSeen) -> list[Action]:
    label = seen.named.label
    if label is None:
        return []
    when = disk.metadata.deletion_timestamp or ""
    kept = replace(label, retained=f"{when}: the Disk was deleted{_by(disk)}, reclaimPolicy: Retain")
    return [LabelDisk(seen.path, kept, "its file stays, and says what it was")]


def _discarded(disk: Disk, seen: DiskSeen) -> list[Action]:
    meta, keep = disk.metadata, seen.host.trash_keep
    reason = f"{meta.annotations.get(DELETED_BECAUSE, 'the Disk was deleted')}{_by(disk)}, reclaimPolicy: Delete"
    removed = RemoveDisk(seen.path, reason)
    if keep <= 0 or seen.named.file is None or seen.named.label is None:
        return [removed] if seen.named.label is not None or seen.named.file is None else []
    entry = f"{meta.namespace}.{meta.name}-{digest(disk.identity, 'Disk', meta.deletion_timestamp or '')[:8]}"
    label = label_of(disk, seen.named.label.base, made=True)
    label = replace(label, format=seen.named.label.format, source=seen.named.label.source)
    disks = ((meta.name, seen.path),)
    aside = SetAside(
        entry, meta.namespace, meta.name, disk.identity, disks, keep, True, reason, moved=seen.storage.moved, label=label
    )
    return [aside, removed]


def _by(disk: Disk) -> str:
    by = disk.metadata.annotations.get(DELETED_BY)
    return f" (by {by})" if by else ""
