"""Whether one template can become another in place: every difference is one that a running machine takes Live."""

from __future__ import annotations

from homeostat.models.deployment import MachineTemplate
from homeostat.models.machine import VirtualMachineSpec
from homeostat.models.machine_devices import Disk

# Fields of a machine's spec that change nothing about the guest that runs.
_POLICIES = ("drift_policy", "update_policy", "reclaim_policy", "shutdown", "probes", "suspend")


def only_live_changes(old: MachineTemplate, new: MachineTemplate) -> bool:
    """Labels, policies and probes; disks and nics that are added; disks that grow; nics that go."""
    plain_old, plain_new = _without_live(old.spec), _without_live(new.spec)
    return plain_old == plain_new and _disks_grow(old.spec, new.spec) and _nics_come_and_go(old.spec, new.spec)


def _without_live(spec: VirtualMachineSpec) -> VirtualMachineSpec:
    fresh = {name: VirtualMachineSpec.model_fields[name].get_default(call_default_factory=True) for name in _POLICIES}
    return spec.model_copy(update={**fresh, "disks": (), "nics": ()})


def _disks_grow(old: VirtualMachineSpec, new: VirtualMachineSpec) -> bool:
    before = {d.name: d for d in old.disks}
    after = {d.name: d for d in new.disks}
    if before.keys() - after.keys():
        return False
    for name, disk in after.items():
        if name not in before:
            if disk.type != "disk" or disk.bus not in (None, "virtio", "scsi", "usb"):
                return False
        elif not _grows(before[name], disk):
            return False
    return True


def _grows(old: Disk, new: Disk) -> bool:
    same = {"size": None, "reclaim_policy": None}
    return old.model_copy(update=same) == new.model_copy(update=same) and (new.size or 0) >= (old.size or 0)


def _nics_come_and_go(old: VirtualMachineSpec, new: VirtualMachineSpec) -> bool:
    before, after = {n.name: n for n in old.nics}, {n.name: n for n in new.nics}
    changed = [n for name, n in after.items() if before.get(name, n) != n]
    moved = [nics[name] for nics, other in ((before, after), (after, before)) for name in nics.keys() - other.keys()]
    return not changed and all(n.user is None for n in moved)
