"""Removing one machine: it is shut down as its policy says, then its domain goes, then what may be deleted of its storage."""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.base import API_GROUP, Resource
from homeostat.models.machine import VirtualMachine

from ...actions import (
    Action,
    DeleteDirectory,
    DiscardSave,
    KeepDisks,
    PowerOffDomain,
    ReleaseResource,
    UndefineDomain,
    WriteRecord,
)
from ...files.trash import COMES_BACK, DELETED_BECAUSE, DELETED_BY
from ...observed import Observed, ObservedDomain
from ...plan import Plan, Stalled, Waiting
from ..identity import machine_directory, own_disk_path
from ..power.shutdown import shut_down
from ..storage.disk_source import MOVED, files_of, plan_note, unknown_moves
from ..storage.reclaim import departed, discarded, reclaimed

KEEP_DISKS = f"{API_GROUP}/keep-disks"  # annotation of a replica that is replaced: disks without an image stay for the next
ABANDON = f"{API_GROUP}/abandon"
"""An annotation: "true" lets what is being deleted go although its host cannot be asked. What is on the host stays there. That
of a deployment counts for its machines on hosts that nobody serves."""
DELETED = "the resource was deleted"


def plan_teardown(machine: VirtualMachine, observed: Observed, now: float) -> Plan:
    domain = observed.domain
    if domain is not None and domain.state.active:
        if machine.metadata.deletion_grace_period_seconds == 0:
            cut = PowerOffDomain(domain.uuid, f"{DELETED}, and at once was asked for")
            return Plan((*_known_as_ours(domain), cut), Waiting("Terminating", "cutting the power"))
        steps, outcome = shut_down(machine, domain, observed.memory, now, DELETED)
        return Plan((*_known_as_ours(domain), *steps), outcome)
    if observed.strangers:  # nothing of it was ever this machine's, or is any more
        names = " and ".join(sorted({repr(name) for name in observed.strangers.values()}))
        return Plan((ReleaseResource(f"its folder is left to domain {names}"),), Waiting("Terminating", "letting it go"))
    if problem := unknown_moves(machine, observed):
        return Plan(outcome=Stalled(MOVED, problem))
    actions: list[Action] = []
    if domain is not None:
        disks = [disk for disk in machine.spec.disks if disk.type == "disk" and disk.disk_ref is None]
        stays = tuple(file for disk in disks for file in files_of(machine, disk, observed).outside)
        actions += plan_note(machine, observed)  # while there is still something that knows it
        if domain.managed_save:  # a step of its own, so that plan and events tell of it
            actions.append(DiscardSave(domain.uuid, f"{DELETED}: its guest cannot go on any more, and boots if it comes back"))
        actions.append(UndefineDomain(domain.uuid, DELETED, stays))
    directory = machine_directory(observed.host.storage_root, machine)
    kept, going = _disks_by_fate(machine, observed)
    owner = next((o.uid for o in machine.metadata.owner_references if o.controller), "")
    because = machine.metadata.annotations.get(DELETED_BECAUSE, DELETED)
    occasion = machine.metadata.deletion_timestamp or ""
    returns = not owner or because in COMES_BACK
    by = machine.metadata.annotations.get(DELETED_BY)
    reason = f"{because}{f' (by {by})' if by else ''}, reclaimPolicy: Delete"
    actions += discarded(machine, observed, going, reason, occasion, returns=returns)
    actions.append(DeleteDirectory(directory, f"{DELETED}; disks that are retained stay"))
    if kept and owner:
        actions.append(KeepDisks(directory, owner, kept, "they are for the next machine of this index", machine.identity))
    actions.append(ReleaseResource("everything of it is gone"))
    return Plan(tuple(actions), Waiting("Terminating", "removing what is left"))


def _known_as_ours(domain: ObservedDomain) -> tuple[WriteRecord, ...]:
    """Records first that the end is ours. If the machine stays after all, it is started again, and no end of its own is
    counted."""
    record = domain.record
    if record is None or record.outcome == "Stopping":
        return ()
    return (WriteRecord(domain.uuid, replace(record, outcome="Stopping"), "how it ends from here on is by its deletion"),)


def _disks_by_fate(machine: VirtualMachine, observed: Observed) -> tuple[tuple[str, ...], list[str]]:
    """Returns the names of the disks that stay for the next machine of this index, and of those that go."""
    root = observed.host.storage_root
    there = [disk for disk in reclaimed(machine) if own_disk_path(root, machine, disk.name) in observed.storage.disks]
    kept = tuple(disk.name for disk in there if disk.image is None and KEEP_DISKS in machine.metadata.annotations)
    return kept, [*(disk.name for disk in there if disk.name not in kept), *departed(machine, observed)]


def may_be_abandoned(resource: Resource) -> bool:
    return resource.deleting and asks_to_abandon(resource)


def asks_to_abandon(resource: Resource) -> bool:
    return resource.metadata.annotations.get(ABANDON) == "true"


def abandon(machine: VirtualMachine, error: str) -> Plan:
    """Plans the end where the host cannot be asked, and the annotation says not to wait for it."""
    return Plan((ReleaseResource(f"let go as {ABANDON} asks: {error}"),), Waiting("Abandoned", error))
