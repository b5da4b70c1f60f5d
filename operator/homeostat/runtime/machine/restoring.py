"""Finds the snapshot that ``spec.restoreFrom`` names."""

from __future__ import annotations

from dataclasses import replace

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.condition import STALLED, find_condition
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.planner.files.disk_file import is_named_disk
from homeostat.planner.machine.identity import disk_path, own_disk_path
from homeostat.planner.machine.restore import LOST, NOT_FOUND, OF_ANOTHER, restore_due, unrestorable, untaken
from homeostat.planner.observed import Observed, ObservedDomain, Restore
from homeostat.planner.plan import Stalled, Waiting
from homeostat.planner.snapshot.observed import lacking, own_disks, tag_of

from ..engine.ports import ResourceAccess, Unreadable
from ..hypervisor import SnapshotsOf


async def with_restore(machine: VirtualMachine, observed: Observed, store: ResourceAccess, host: SnapshotsOf) -> Observed:
    """Adds the snapshot to what was observed, where a restore is due. Reads nothing otherwise."""
    if not observed.host.reachable or machine.deleting or not restore_due(machine, observed):
        return observed
    return replace(observed, restore=await _restore(machine, observed, store, host))


async def _restore(
    machine: VirtualMachine, observed: Observed, store: ResourceAccess, host: SnapshotsOf
) -> Restore | Stalled | Waiting:
    wanted, domain = machine.spec.restore_from, observed.domain
    assert wanted is not None and domain is not None
    key = Key(Snapshot.KIND, machine.metadata.namespace, wanted.snapshot)
    try:
        snapshot = await store.get(Snapshot, key) or await _elsewhere(key, store)
    except Unreadable as error:
        return unrestorable(NOT_FOUND, machine, str(error))
    if snapshot is None or snapshot.deleting:
        gone = "is being deleted" if snapshot else "is not there"
        return unrestorable(NOT_FOUND, machine, f"snapshot {wanted.snapshot!r} in namespace {key.namespace} {gone}: name another")
    try:
        note = await host.snapshot_note(snapshot.identity)
        if note is None or not note.complete:
            of = snapshot.spec.machine_ref.name
            if of != machine.metadata.name:
                return _of_another(machine, wanted.snapshot, of)
            stalled = find_condition(snapshot.status.conditions, STALLED) if snapshot.status else None
            return untaken(machine, wanted.snapshot, stalled.message if stalled and stalled.status == "True" else "")
        if note.machine != machine.identity:
            return _of_another(machine, wanted.snapshot, note.machine_name)
        tags = await host.snapshot_tags([path for _, path in note.disks])
    except DriverError as error:
        return unrestorable(LOST, machine, f"snapshot {wanted.snapshot} cannot be read: {error}")
    tag, present = tag_of(snapshot), _stay(machine, domain, observed.host.storage_root)
    lost = {*lacking(note, tag, tags), *(name for name, path in note.disks if path not in present)}
    if lost:
        disks = ", ".join(f"disks[{name}]" for name in sorted(lost))
        lack = f"snapshot {wanted.snapshot} has {disks}, which the machine does not have any more, or which lost it"
        return unrestorable(LOST, machine, f"{lack}: give the machine that disk again, or name another snapshot")
    return Restore(note.uid, tag, note.disks, note.memory, note.taken)


def _stay(machine: VirtualMachine, domain: ObservedDomain, root: str) -> set[str]:
    """Returns the files of the domain's disks, without those that its next definition lacks: the spec names another in their
    place, or none."""
    asked = {disk_path(root, machine, disk.name) for disk in machine.spec.disks}
    disks = [(name, path) for name, path, _ in own_disks(domain)]
    placed = {path for name, path in disks if is_named_disk(root, path) or path == own_disk_path(root, machine, name)}
    return {path for _, path in disks} - (placed - asked)


async def _elsewhere(key: Key, store: ResourceAccess) -> Snapshot | None:
    """Returns a snapshot that another host looks after: it is of a machine there."""
    return next((one for one in await store.list(Snapshot, key.namespace) if one.key == key), None)


def _of_another(machine: VirtualMachine, snapshot: str, owner: str) -> Stalled:
    own = machine.metadata.name
    whose = f"an earlier machine {own}, in whose disks it is" if owner == own else f"machine {owner}"
    return unrestorable(OF_ANOTHER, machine, f"snapshot {snapshot} is of {whose}, not of machine {own}: name one of its own")
