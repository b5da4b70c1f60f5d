"""Which disks of a machine are deleted with it or after they left its spec, and the actions that do so."""

from __future__ import annotations

from collections.abc import Iterable

from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_disks import DiskDevice, ReclaimPolicy

from ...actions import Action, DeleteFile, NoteDisks, SetAside
from ...observed import Observed
from ..identity import disk_path, mac_address, machine_directory, own_disk_path
from .discard import Belongings, discard
from .disk_source import moved_disks, plan_forgotten, unknown_moves

LEFT = "it left the spec"


def reclaimed(machine: VirtualMachine) -> list[DiskDevice]:
    """Returns the disks of its spec that are its own, and not to be retained."""
    spec = machine.spec
    return [
        disk
        for disk in spec.disks
        if disk.type == "disk" and disk.disk_ref is None and (disk.reclaim_policy or spec.reclaim_policy) is ReclaimPolicy.DELETE
    ]


def departed(machine: VirtualMachine, observed: Observed) -> list[str]:
    """Returns the names of disks that left the spec, whose files are there, and whose policy was Delete as long as it was
    known."""
    root, disks = observed.host.storage_root, [disk for disk in machine.spec.disks if disk.type == "disk" and not disk.disk_ref]
    gone = sorted(observed.storage.reclaimable - {disk.name for disk in disks})
    return [name for name in gone if own_disk_path(root, machine, name) in observed.storage.disks]


def to_note(machine: VirtualMachine, observed: Observed) -> tuple[str, ...]:
    """Returns the disks that are to be recorded in its folder."""
    return tuple(sorted({*(disk.name for disk in reclaimed(machine)), *departed(machine, observed)}))


def plan_departed(machine: VirtualMachine, observed: Observed) -> list[Action]:
    """Plans what happens to the disks that left the spec, once nothing uses them."""
    if unknown_moves(machine, observed):
        return []  # one of them may be on a file that is not known
    actions: list[Action] = []
    if names := [name for name in departed(machine, observed) if not _used(machine, observed, name)]:
        actions += discarded(machine, observed, names, f"{LEFT}, and reclaimPolicy was Delete", LEFT, returns=True)
        actions += plan_forgotten(machine, observed, names)
    noted = to_note(machine, observed)
    if observed.storage.created and frozenset(noted) != observed.storage.reclaimable:
        directory = machine_directory(observed.host.storage_root, machine)
        actions.append(NoteDisks(directory, noted, "which disks are to be deleted with the machine, or when they leave its spec"))
    return actions


def _used(machine: VirtualMachine, observed: Observed, name: str) -> bool:
    """Tells whether the definition, the guest that runs or is saved, or another disk uses it. A disk of the domain that we did
    not give it may be an overlay of any of them: then each one is in use."""
    domain, root = observed.domain, observed.host.storage_root
    path = own_disk_path(root, machine, name)
    if domain is not None and (domain.config is None or (domain.state.active and domain.live is None)):
        return True  # not known
    configs = domain.configs if domain else ()
    sources = {disk.source for config in configs for disk in config.disks if disk.source and not disk.read_only}
    ours = {own_disk_path(root, machine, name) for name in observed.storage.reclaimable}
    ours |= {disk_path(root, machine, disk.name) for disk in machine.spec.disks}
    leant_on = {disk.backing for disk in observed.storage.disks.values()}
    return path in sources or path in leant_on or path in observed.others or not sources <= ours


def discarded(
    machine: VirtualMachine, observed: Observed, names: Iterable[str], reason: str, occasion: str, *, returns: bool
) -> list[SetAside | DeleteFile]:
    """Discards the disks of these names, see ``discard``."""
    meta, uid, host = machine.metadata, machine.identity, observed.host
    disks = tuple((name, own_disk_path(host.storage_root, machine, name)) for name in names)
    macs = tuple(nic.mac or mac_address(uid, nic.name) for nic in machine.spec.nics)
    of = Belongings(meta.namespace, meta.name, uid, disks, macs, moved_disks(machine, observed))
    return discard(of, host.trash_keep, reason, occasion, returns=returns)
