"""Gathers what a plan for one snapshot rests on. It only reads."""

from __future__ import annotations

from typing import Protocol

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.planner.files.disk_file import disk_of_path
from homeostat.planner.machine.identity import disk_path
from homeostat.planner.snapshot.observed import ObservedSnapshot, own_disks

from ..hypervisor import Domains, SnapshotsOf
from ..machine.observe import by_real_paths, own_domain


class SnapshotHost(Domains, SnapshotsOf, Protocol):
    """What snapshots need of a host."""


def machine_key(snapshot: Snapshot) -> Key:
    """Returns the machine that it is of."""
    return Key(VirtualMachine.KIND, snapshot.metadata.namespace, snapshot.spec.machine_ref.name)


def disks_holding(observed: ObservedSnapshot) -> list[Key]:
    """Returns the Disks, of other than the machine's own, whose files hold the snapshot."""
    paths = [path for _, path in observed.note.disks] if observed.note else []
    found = [disk_of_path(observed.host.storage_root, path) for path in paths]
    return [Key(Disk.KIND, *disk) for disk in found if disk is not None]


async def observe_snapshot(snapshot: Snapshot, machine: VirtualMachine | None, host: SnapshotHost) -> ObservedSnapshot:
    """Observes a snapshot. ``machine`` is the one that it names; None: there is none.

    Raises:
        DriverError: files cannot be read.
    """
    facts = host.facts
    if not facts.reachable:
        return ObservedSnapshot(facts, machine, None)
    domain = own_domain(machine, host) if machine is not None else None
    domain = by_real_paths(domain, facts.storage_root) if domain is not None else None
    note = await host.snapshot_note(snapshot.identity)
    disks = own_disks(domain) if domain is not None else ()
    paths = {path for _, path, _ in disks} | {path for _, path in (note.disks if note else ())}
    tags = await host.snapshot_tags(sorted(paths))
    built = await host.built_on_disks([path for _, path, _ in disks])
    overlaid = {
        disk: built[path]
        for disk, path, _ in disks
        if machine is not None and path in built and built[path] == disk_path(facts.storage_root, machine, disk)
    }
    return ObservedSnapshot(facts, machine, domain, note, tags, overlaid)
