"""Taking one machine away: shut it down as its policy says, then its domain, then what may be deleted of its storage."""

from __future__ import annotations

from homeostat.models.base import API_GROUP, Resource
from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_devices import Disk, ReclaimPolicy

from ..actions import Action, DeleteDirectory, DeleteFile, KeepDisks, PowerOffDomain, ReleaseResource, UndefineDomain
from ..observed import Observed
from ..plan import Plan, Waiting
from .identity import disk_path, machine_directory
from .shutdown import shut_down

KEEP_DISKS = f"{API_GROUP}/keep-disks"  # annotation of a replica that is replaced: disks without an image stay for the next
ABANDON = f"{API_GROUP}/abandon"
"""Annotation: "true" lets what is being deleted go although its host cannot be asked. What is there stays there."""
DELETED = "the resource was deleted"


def plan_teardown(machine: VirtualMachine, observed: Observed, now: float) -> Plan:
    domain = observed.domain
    if domain is not None and domain.state.active:
        if machine.metadata.deletion_grace_period_seconds == 0:
            cut = PowerOffDomain(domain.uuid, f"{DELETED}, and at once was asked for")
            return Plan((cut,), Waiting("Terminating", "cutting the power"))
        steps, outcome = shut_down(machine, domain, observed.memory, now, DELETED)
        return Plan(steps, outcome)
    actions: list[Action] = []
    if domain is not None:
        actions.append(UndefineDomain(domain.uuid, DELETED))
    root, directory = observed.host.storage_root, machine_directory(observed.host.storage_root, machine)
    there = [disk for disk in _reclaimed(machine) if disk_path(root, machine, disk.name) in observed.storage.disks]
    owner = next((o.uid for o in machine.metadata.owner_references if o.controller), "")
    kept = tuple(disk.name for disk in there if disk.image is None and KEEP_DISKS in machine.metadata.annotations)
    actions += [
        DeleteFile(disk_path(root, machine, disk.name), f"{DELETED}, reclaimPolicy: Delete")
        for disk in there
        if disk.name not in kept
    ]
    actions.append(DeleteDirectory(directory, f"{DELETED}; disks that are retained stay"))
    if kept and owner:
        actions.append(KeepDisks(directory, owner, kept, "they are for the next machine of this index"))
    actions.append(ReleaseResource("everything of it is gone"))
    return Plan(tuple(actions), Waiting("Terminating", "removing what is left"))


def may_be_abandoned(resource: Resource) -> bool:
    return resource.deleting and resource.metadata.annotations.get(ABANDON) == "true"


def abandon(machine: VirtualMachine, error: str) -> Plan:
    """The host cannot be asked, and the annotation says not to wait for it."""
    return Plan((ReleaseResource(f"let go as {ABANDON} asks: {error}"),), Waiting("Abandoned", error))


def _reclaimed(machine: VirtualMachine) -> list[Disk]:
    """Its disks that are not to be retained."""
    spec = machine.spec
    return [
        disk
        for disk in spec.disks
        if disk.type == "disk" and (disk.reclaim_policy or spec.reclaim_policy) is ReclaimPolicy.DELETE
    ]
