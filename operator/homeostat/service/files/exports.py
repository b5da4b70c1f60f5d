"""Independent copies of disks, to be sent to whoever asks: of a machine's disk, of a disk in a snapshot, and of a Disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal
from weakref import WeakSet

from homeostat.accounts.rights import Right
from homeostat.driver.errors import DriverError, NoSpace, Refused, ResourceInUse
from homeostat.driver.snapshots.downloads import DiskCopy, copy_to_send, sweep_exports
from homeostat.driver.snapshots.export import Reached, export_disk, export_file
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.store.files.state import StateFolder

from ..kinds.disks import Disks
from ..kinds.machines import Machines
from ..kinds.snapshots import MachineSnapshots
from ..limits import ServerLimits
from ..refusals import ExportRefused, NoSuchDevice
from .host_reach import HostReach

Make = Callable[[Path, Reached], None]


class Abandoned(Exception):
    """Whoever asked for a copy has gone."""


@dataclass(frozen=True, eq=False)
class Download:
    """A copy that is being sent. ``name``: of the file, for whoever gets it."""

    copy: DiskCopy
    name: str

    async def read(self, offset: int, size: int) -> bytes:
        return await asyncio.to_thread(os.pread, self.copy.file.fileno(), size, offset)

    def close(self) -> None:
        """Gives up its space and its place. It may be called again."""
        self.copy.file.close()


class CopiesUnderWay:
    """The copies that are made and sent by this server, whoever asked for them."""

    def __init__(self, limits: ServerLimits) -> None:
        self.limits = limits
        self.state = StateFolder.named(limits.state)
        self.making = 0
        self.sending: WeakSet[Download] = WeakSet()  # one that nobody closed counts until it is collected
        sweep_exports(self.state.root)

    @property
    def count(self) -> int:
        """Counts them."""
        return self.making + sum(not one.copy.file.closed for one in self.sending)


class DiskExports:
    """Makes copies in the state folder."""

    def __init__(self, machines: Machines, disks: Disks, snapshots: MachineSnapshots, copies: CopiesUnderWay) -> None:
        self._machines, self._disks, self._snapshots = machines, disks, snapshots
        self._copies, self._state, self._limits = copies, copies.state, copies.limits
        self._reach = HostReach(copies.state, machines.store, copies.limits.clustered)

    async def of_machine(self, name: str, device: str, gone: Callable[[], bool]) -> Download:
        """Copies a machine's disk as it is now. ``gone`` tells whether the copy is of no use any more.

        Raises:
            NoSuchResource, NoSuchDevice, ExportRefused.
            Abandoned: ``gone`` said so.
            OnAnotherApi: another API server can read the disk.
        """
        async with self._noting(VirtualMachine.KIND, name, device):
            return await self._of_machine(name, device, gone)

    async def _of_machine(self, name: str, device: str, gone: Callable[[], bool]) -> Download:
        machine = await self._machines.get(name, Right.COPY)
        effective = await self._machines.effective(machine)
        if device not in [disk.name for disk in effective.spec.disks]:
            raise NoSuchDevice(name, "disks", device)
        return await self._made(await self._of_domain(machine, device), f"{name}-{device}", gone)

    async def of_snapshot(self, name: str, device: str | None, gone: Callable[[], bool]) -> Download:
        """Copies a disk as it is in a snapshot. ``device`` None: its only disk. Raises what ``of_machine`` does."""
        async with self._noting(Snapshot.KIND, name, device or ""):
            return await self._of_snapshot(name, device, gone)

    async def _of_snapshot(self, name: str, device: str | None, gone: Callable[[], bool]) -> Download:
        snapshot = await self._snapshots.get(name, Right.COPY)
        machine = await self._machines.get(snapshot.spec.machine_ref.name, Right.COPY)
        chosen = _chosen(snapshot, device)
        assert snapshot.status is not None and snapshot.status.tag is not None
        make = await self._of_domain(machine, chosen, snapshot.status.tag)
        return await self._made(make, f"{machine.metadata.name}-{chosen}-{name}", gone)

    async def of_disk(self, name: str, gone: Callable[[], bool]) -> Download:
        """Copies a Disk as it is now. Raises what ``of_machine`` does."""
        async with self._noting(Disk.KIND, name):
            return await self._of_disk(name, gone)

    async def _of_disk(self, name: str, gone: Callable[[], bool]) -> Download:
        disk = await self._disks.get(name, Right.COPY)
        status = disk.status
        if status is None or status.path is None or status.format is None:
            raise ExportRefused("not_there", f"Disk {name} is not there yet: GET /disks/{name} says why", name)
        if status.attached_to is None:
            await self._reach.libvirt_of(status.host, name)
            make: Make = partial(export_file, status.path, status.format.value)
        else:
            machine = await self._machines.find(status.attached_to)
            if machine is None:
                raise ExportRefused(
                    "busy", f"Disk {name} is with {status.attached_to}, which is no machine of this namespace", name
                )
            named = (device.name for device in machine.spec.disks if device.disk_ref is not None and device.disk_ref.name == name)
            make = await self._of_domain(machine, next(named, status.path))
        return await self._made(make, name, gone)

    def _noting(self, kind: str, name: str, device: str = "") -> AbstractAsyncContextManager[None]:
        return self._machines.asking.noting("copy", kind, name, device)

    async def _of_domain(self, machine: VirtualMachine, device: str, tag: str = "") -> Make:
        name, status = machine.metadata.name, machine.status
        if status is None or status.domain_uuid is None:
            raise ExportRefused("not_there", f"{name} has no disks yet: it was never defined", name)
        uri, uuid = await self._reach.libvirt_of(status.host, name), status.domain_uuid
        return lambda target, progress: export_disk(uri, uuid, device, target, progress, tag)

    async def _made(self, make: Make, name: str, gone: Callable[[], bool]) -> Download:
        if gone():
            raise Abandoned
        most, now = self._limits.max_exports, self._copies.count
        if now >= most:
            raise ExportRefused("limit", f"{now} copies are being made or sent, and this server allows {most}: try again later")
        self._copies.making += 1
        try:
            with _refusing(name):
                made = Download(await asyncio.to_thread(self._copied, make, gone), f"{name}.qcow2")
        finally:
            self._copies.making -= 1
        self._copies.sending.add(made)
        return made

    def _copied(self, make: Make, gone: Callable[[], bool]) -> DiskCopy:
        def look(_: float = 0.0) -> None:
            if gone():
                raise Abandoned

        return copy_to_send(self._state.root, lambda path: make(path, look), look)


def _chosen(snapshot: Snapshot, device: str | None) -> str:
    name, status = snapshot.metadata.name, snapshot.status
    if status is None or status.tag is None:
        raise ExportRefused("not_there", f"snapshot {name} is not taken yet: GET /snapshots/{name} says why", name)
    known = [disk.name for disk in status.disks]
    if device is None and len(known) == 1:
        return known[0]
    if device is None:
        raise ExportRefused("which", f"snapshot {name} has {', '.join(known) or 'no disk'}: say which by ?disk=", name)
    if device not in known:
        raise NoSuchDevice(f"snapshot {name}", "disks", device)
    return device


REASONS: tuple[tuple[type[DriverError], Literal["no_space", "busy", "refused"]], ...] = (
    (NoSpace, "no_space"),
    (ResourceInUse, "busy"),
    (Refused, "refused"),
)


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    try:
        yield
    except DriverError as error:
        why = next((word for kind, word in REASONS if isinstance(error, kind)), None)
        raise ExportRefused(why or "failed", str(error), name) from error
