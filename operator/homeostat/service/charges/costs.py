"""What a resource costs its owner. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from homeostat.accounts.charges.measures import Amounts, Measure
from homeostat.models.base import Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.models.machine_disks import DiskDevice
from homeostat.models.snapshot import Snapshot
from homeostat.planner.deployment.tally import allowance

from ..kinds.power import wants_running

DiskSizes = Mapping[str, int]
"""Bytes that the guest sees, by the name of the disk."""

NONE_FOUND: DiskSizes = {}

COSTLY: tuple[type[Resource], ...] = (VirtualMachine, VirtualMachineDeployment, Disk, Image, Snapshot)
"""The kinds that cost anything."""


def cost_of(resource: Resource, found: DiskSizes = NONE_FOUND) -> Amounts | None:
    """Returns what an effective resource costs: with its plugin's part, see ``effective``. None: nothing. What the amounts do not
    name is not known yet, such as the size of a copy before it is made.

    A machine costs what it may come to have, whether it is on or not; a deployment its machines and those beyond them during a
    rollout, which then cost nothing themselves. ``found``: sizes of disks that the resource says nothing of, by name. A disk
    whose size nobody knows yet costs nothing.
    """
    match resource:
        case VirtualMachine():
            on = 1 if wants_running(resource.spec) else 0
            return None if _of_deployment(resource) else _machines(resource.spec, {**found, **sizes_in_status(resource)}, 1, on)
        case VirtualMachineDeployment():
            most = resource.spec.replicas + allowance(resource)[0] if resource.spec.replicas else 0
            return _machines(resource.spec.template.spec, found, most, most)
        case Disk():
            size = resource.spec.size or (resource.status.virtual_size if resource.status else None)
            return {} if size is None else {Measure.DISK: size}
        case Image() if resource.spec.source.upload is not None:
            size = resource.status.size if resource.status else None
            return {Measure.UPLOADS: 1} if size is None else upload_cost(size)
        case Snapshot():
            return {Measure.SNAPSHOTS: 1}
    return None


def upload_cost(length: int | None, most: int = 0) -> Amounts:
    """Returns what an upload of so many bytes costs, and later its Image. None: nobody said how many, so that it may have the
    most that there may be."""
    return {Measure.UPLOADS: 1, Measure.DISK: most if length is None else length}


def sizes_in_status(machine: VirtualMachine) -> DiskSizes:
    """Returns the sizes that a machine's disks were last seen to have."""
    return {disk.name: disk.size for disk in machine.status.disks} if machine.status is not None else NONE_FOUND


def unsized(resource: Resource) -> tuple[DiskDevice, ...]:
    """Returns the disks of an effective machine, or of each machine of a deployment, whose size neither its spec nor its status
    says."""
    match resource:
        case VirtualMachine():
            spec, known = resource.spec, sizes_in_status(resource)
        case VirtualMachineDeployment():
            spec, known = resource.spec.template.spec, NONE_FOUND
        case _:
            return ()
    return tuple(disk for disk in _own_disks(spec) if disk.size is None and disk.name not in known)


def _own_disks(spec: VirtualMachineSpec) -> Iterator[DiskDevice]:
    return (disk for disk in spec.disks if disk.type == "disk" and disk.disk_ref is None)


def _machines(spec: VirtualMachineSpec, sizes: DiskSizes, count: int, running: int) -> Amounts:
    resources = spec.resources
    return {
        Measure.MACHINES: count,
        Measure.RUNNING: running,
        Measure.VCPUS: count * (resources.max_vcpu or resources.vcpu),
        Measure.MEMORY: count * (resources.max_memory or resources.memory),
        Measure.DISK: count * sum(disk.size or sizes.get(disk.name, 0) for disk in _own_disks(spec)),
    }


def _of_deployment(machine: VirtualMachine) -> bool:
    return any(owner.kind == VirtualMachineDeployment.KIND for owner in machine.metadata.owner_references)
