"""Files of disks that nothing refers to, on every host that is known here. Nothing is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from homeostat.driver.storage.disks.labelled import disk_folders
from homeostat.driver.storage.folders import bytes_on_disk
from homeostat.models.base import Resource
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.planner.disk.orphans import DiskOrphan, disk_orphans, kept_on_hosts, of_a_machine
from homeostat.planner.orphans import Orphan
from homeostat.store.files.serving import libvirt_beside
from homeostat.store.files.state import StateFolder

R = TypeVar("R", bound=Resource)


class Declared(Protocol):
    """What is asked of a store."""

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]: ...


async def orphaned_disks(
    store: Declared, state: Path, orphans: Mapping[str, Sequence[Orphan]], namespace: str | None = None
) -> list[DiskOrphan]:
    """Returns the files of Disks and of machines that nothing refers to: those in the state folder as they are there now, those
    of other hosts as their operators reported them. ``orphans``: of machines, by host. ``namespace`` None: of all.

    Raises:
        DriverError: the state folder cannot be read.
    """
    named = {(one.metadata.namespace, one.metadata.name) for one in await store.list(Disk, namespace)}
    for machine in await store.list(VirtualMachine, namespace):
        named |= {(machine.metadata.namespace, one.disk_ref.name) for one in machine.spec.disks if one.disk_ref}
    room = StateFolder.named(state)
    keeps = {
        host.metadata.name: host.status.keeps
        for host in await store.list(Host)
        if host.status is not None and libvirt_beside(room, host.metadata.name, host.status.operator) is None
    }
    folders = await asyncio.to_thread(disk_folders, state)
    found = disk_orphans(folders, named)
    found += kept_on_hosts(keeps, named)
    for host, lost in orphans.items():
        for orphan in lost:
            found += of_a_machine(host, orphan, lambda orphan, disk: bytes_on_disk(orphan.directory, (disk,)))
    return [one for one in found if namespace in (None, one.namespace)]
