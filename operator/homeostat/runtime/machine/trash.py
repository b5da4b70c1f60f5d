"""The chore that empties the trash of one host. What is over its time goes, and the oldest entries go while space is low. What a
machine of the store may still take back never goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from homeostat.models.base import Key, Resource
from homeostat.models.machine import VirtualMachine
from homeostat.planner.files.disk_file import DISK_FILE, disk_folder
from homeostat.planner.files.trash import Claimant, Erasure, TrashEntry, to_erase
from homeostat.planner.machine.identity import disk_path, machine_directory

from ..engine.ports import ResourceAccess, Unreadable
from ..hypervisor import Trash
from ..metrics import OperatorMetrics


async def empty_trash(
    store: ResourceAccess,
    host: Trash,
    fence: Callable[[], None],
    metrics: OperatorMetrics,
    by_time: bool = True,
) -> list[Erasure]:
    """Erases, and returns what went. The events of its machine report it. ``by_time``: also what is over its time, since the
    clock is to be believed. Else only what goes for lack of space.

    Raises:
        DriverError, StoreFailure: the rest stays for the next time.
    """
    entries = await host.trash()
    name = host.facts.name if host.facts.uri else ""  # hosts that share files have one trash, which is no single host's
    metrics.trashed(name, len(entries), sum(entry.size for entry in entries))
    if not entries:
        return []
    now = datetime.now(UTC) if by_time else datetime.min.replace(tzinfo=UTC)
    space, gone = await host.space(), list[Erasure]()
    for erasure in to_erase(entries, now, space, await _claims(store, host, entries)):
        one = [erasure.entry]
        if not to_erase(one, now, space, await _claims(store, host, one)):
            continue  # its machine came back while other entries were erased
        fence()
        await host.erase(erasure.entry.entry)
        gone.append(erasure)
        await _tell(store, erasure)
    if gone:
        left = await host.trash()
        metrics.trashed(name, len(left), sum(entry.size for entry in left))
    return gone


async def _claims(store: ResourceAccess, host: Trash, entries: Sequence[TrashEntry]) -> dict[str, Claimant]:
    """Returns for each entry the machine or the Disk of its name, where that is desired, and which of its disks are missing."""
    claims = {}
    for entry in entries:
        if not entry.returns:
            continue
        try:
            owner = await store.get(Resource, _owner(entry))
        except Unreadable:  # there is one, and the disks that it wants will be known later
            claims[entry.entry] = Claimant(entry.uid, frozenset(disk.name for disk in entry.disks))
            continue
        if owner is not None and not owner.deleting:
            claims[entry.entry] = await _claimant(owner, host)
    return claims


def _owner(entry: TrashEntry) -> Key:
    return Key(entry.kind, entry.namespace, entry.name)


async def _claimant(owner: Resource, host: Trash) -> Claimant:
    root = host.facts.storage_root
    if not isinstance(owner, VirtualMachine):  # a Disk
        folder = disk_folder(root, owner.metadata.namespace, owner.metadata.name)
        there = DISK_FILE in await host.leftovers(folder)
        return Claimant(owner.identity, frozenset() if there else frozenset({owner.metadata.name}))
    folder = machine_directory(root, owner)
    files = {f"{folder}/{file}" for file in await host.leftovers(folder)}
    own = (disk.name for disk in owner.spec.disks if disk.disk_ref is None)
    return Claimant(owner.identity, frozenset(name for name in own if disk_path(root, owner, name) not in files))


async def _tell(store: ResourceAccess, erasure: Erasure) -> None:
    entry = erasure.entry
    if not entry.name:
        return
    disks = ", ".join(disk.name for disk in entry.disks) or "no disk"
    message = f"{disks} of trash entry {entry.entry}, set aside on {entry.since} ({entry.reason}): {erasure.reason}"
    await store.record_event(_owner(entry), "Warning" if erasure.scarce else "Normal", "TrashErased", message)
