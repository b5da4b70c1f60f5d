"""How a machine gets from one template to another: in place, where a running machine takes every difference Live."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from homeostat.models.deployment import MachineRevisionSpec
from homeostat.models.machine import VirtualMachineSpec
from homeostat.models.machine_disks import DiskBus, DiskDevice


class Way(Enum):
    AT_ONCE = "in place, and nothing of its guest changes"
    IN_TURN = "in place, and its guest runs on, but its host may not be able to carry it out"
    CAREFULLY = "in place, but it has to prove its health again"
    REPLACE = "by another machine"


# Fields of a machine's spec that change nothing about the guest that runs.
_POLICIES = ("drift_policy", "update_policy", "maintenance_windows", "reclaim_policy", "shutdown", "probes", "suspend")
_HOTPLUG = (None, DiskBus.VIRTIO, DiskBus.SCSI, DiskBus.USB)


def way_between(old: MachineRevisionSpec | None, new: MachineRevisionSpec, lacks: Collection[str] = ()) -> Way:
    """Returns the way to the new template. A restart token or a plugin version asks for new machines, whatever the templates
    say. ``lacks``: names of disks of the old one that the machine never got: a guest is not lost for what could not be added."""
    if old is None or (old.restarted_at, old.plugin_fingerprint) != (new.restarted_at, new.plugin_fingerprint):
        return Way.REPLACE
    before, after = old.template.spec, new.template.spec
    if lacks:
        before = before.model_copy(update={"disks": tuple(disk for disk in before.disks if disk.name not in lacks)})
    if not _only_live_changes(before, after):
        return Way.REPLACE
    if before.probes != after.probes:
        return Way.CAREFULLY
    return Way.AT_ONCE if (before.disks, before.nics) == (after.disks, after.nics) else Way.IN_TURN


def _only_live_changes(old: VirtualMachineSpec, new: VirtualMachineSpec) -> bool:
    """Tells whether every change is Live: policies and probes, disks and nics that are added, disks that grow, nics that go."""
    return _without_live(old) == _without_live(new) and _disks_grow(old, new) and _nics_come_and_go(old, new)


def _without_live(spec: VirtualMachineSpec) -> VirtualMachineSpec:
    fresh = {name: VirtualMachineSpec.model_fields[name].get_default(call_default_factory=True) for name in _POLICIES}
    return spec.model_copy(update={**fresh, "disks": (), "nics": ()})


def _disks_grow(old: VirtualMachineSpec, new: VirtualMachineSpec) -> bool:
    """Tells whether disks only grow and new ones come last: without boot.order, a machine boots from its disks as listed."""
    same, added = new.disks[: len(old.disks)], new.disks[len(old.disks) :]
    if len(same) < len(old.disks) or not all(_grows(a, b) for a, b in zip(old.disks, same, strict=True)):
        return False
    controller = old.scsi is not None or any(disk.bus is DiskBus.SCSI for disk in old.disks)
    return all(_is_hotpluggable(disk, controller) for disk in added)


def _is_hotpluggable(disk: DiskDevice, controller: bool) -> bool:
    """Tells whether a running guest takes the disk in. ``controller``: it has one for disks on bus scsi."""
    return disk.type == "disk" and disk.bus in _HOTPLUG and not disk.io_thread and (disk.bus is not DiskBus.SCSI or controller)


def _grows(old: DiskDevice, new: DiskDevice) -> bool:
    same = {"size": None, "reclaim_policy": None}
    if old.model_copy(update=same) != new.model_copy(update=same):
        return False
    return new.size == old.size or (new.size is not None and new.size >= (old.size or 0))


def _nics_come_and_go(old: VirtualMachineSpec, new: VirtualMachineSpec) -> bool:
    before, after = {n.name: n for n in old.nics}, {n.name: n for n in new.nics}
    if any(after[name] != before[name] for name in after.keys() & before.keys()):
        return False
    moved = [nics[name] for nics, other in ((before, after), (after, before)) for name in nics.keys() - other.keys()]
    return all(nic.user is None for nic in moved)
