"""The snapshots of machines, and the way back to one."""

from __future__ import annotations

import asyncio

from homeostat.driver.errors import DriverError
from homeostat.driver.storage.disks.chains import bytes_of_chain
from homeostat.driver.storage.paths import IMAGES
from homeostat.models.condition import READY, find_condition
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot, SnapshotSpec
from homeostat.planner.machine.identity import disk_path
from homeostat.runtime.machine import commands

from ..asking import Asking
from ..naming.marks import NO_MARKS, Marks
from ..refusals import NotTaken
from .collection import Collection
from .machines import Machines


class MachineSnapshots(Collection[Snapshot]):
    """The snapshots of one namespace."""

    def __init__(self, asking: Asking, machines: Machines) -> None:
        super().__init__(asking, Snapshot)
        self._machines = machines
        self._state = str(asking.limits.state.absolute())
        self._images = f"{self._state}/{IMAGES}"

    async def take(self, name: str, spec: SnapshotSpec, dry: bool = False, marks: Marks = NO_MARKS) -> Snapshot:
        """Writes a snapshot down, which the operator then takes. ``dry``: writes nothing. ``marks``: what a request must not say.

        Raises:
            NoSuchResource, BeingDeleted: its machine is not there, or will not be.
            Refusal, StoreError: see ``create``.
        """
        await self._machines.standing(spec.machine_ref.name)
        return await self.make(name, spec.dump(), dry, marks)

    async def charge(self, name: str) -> int:
        """Returns the bytes that a quota is charged with for a snapshot: what its disks take on the host, with the images below
        them. Reads the disk. Where that is another host's, it is what its status says.

        Raises:
            NoSuchResource: there is none of that name.
            NotTaken: it is not there yet.
        """
        snapshot = await self.get(name)
        status = snapshot.status
        if status is None or status.size is None:
            raise NotTaken(name, "it is not taken yet")
        paths = [disk.path for disk in status.disks]
        try:
            return sum([await asyncio.to_thread(bytes_of_chain, path, self._images) for path in paths]) or status.size
        except DriverError:
            return status.size

    async def charge_of_next(self, machine_name: str) -> int | None:
        """Returns the bytes that a snapshot which is taken now would be charged with: what the machine's disks take on the host,
        with the images below them. Reads the disk. None: no file of them can be seen from here.

        Raises:
            NoSuchResource: there is no machine of that name.
        """
        machine = await self._machines.effective(await self._machines.get(machine_name))
        paths = [disk_path(self._state, machine, disk.name) for disk in machine.spec.disks if disk.type == "disk"]
        try:
            return sum([await asyncio.to_thread(bytes_of_chain, path, self._images) for path in paths]) or None
        except DriverError:
            return None

    async def restore(self, name: str, token: str) -> tuple[Snapshot, VirtualMachine]:
        """Brings the machine of a snapshot back to it, once for each token. Returns both.

        Raises:
            NoSuchResource, BeingDeleted: the snapshot, or its machine.
            NotTaken: there is nothing to go back to.
            StoreError: see ``patch``.
        """
        snapshot = await self.standing(name)
        ready = find_condition(snapshot.status.conditions, READY) if snapshot.status is not None else None
        if ready is None or ready.status != "True":
            raise NotTaken(name, ready.message or ready.reason if ready is not None else "it is not taken yet")
        machine = await self._machines.standing(snapshot.spec.machine_ref.name)
        return snapshot, await self._machines.patch(machine, commands.restore(name, token))
