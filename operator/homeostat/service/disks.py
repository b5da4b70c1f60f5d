"""The Disks, what names them, and what a change of one takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeostat.accounts.rights import Right
from homeostat.driver.errors import DriverError
from homeostat.driver.storage.disks.labelled import disk_folders
from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.planner.disk.classify import classify_disk
from homeostat.planner.disk.orphans import DiskOrphan, disk_orphans
from homeostat.runtime.disk.users import users_of

from .asking import Asking
from .collection import Collection
from .refusals import InUse, TrashUnavailable
from .spec_change import SpecChange


class Disks(Collection[Disk]):
    """The Disks of one namespace."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(asking, Disk)
        self._state = asking.limits.state

    async def users(self, name: str) -> Sequence[Key]:
        """Returns the keys of the machines and deployments that name the Disk."""
        return await users_of(self.store, self.key(name))

    async def orphans(self) -> Sequence[DiskOrphan]:
        """Returns the files in the folder of Disks that nothing refers to. Nothing is deleted.

        Raises:
            TrashUnavailable: they cannot be read.
        """
        if not self.asking.actor.everywhere(Right.SEE):
            return []  # whose they are is not known
        named = {(one.metadata.namespace, one.metadata.name) for one in await self.store.list(Disk, self.namespace)}
        for machine in await self.store.list(VirtualMachine, self.namespace):
            named |= {(self.namespace, one.disk_ref.name) for one in machine.spec.disks if one.disk_ref}
        try:
            folders = await asyncio.to_thread(disk_folders, self._state)
        except DriverError as error:
            raise TrashUnavailable(str(error)) from error
        return [one for one in disk_orphans(folders, named) if one.namespace == self.namespace]

    async def delete(self, resource: Disk, force: bool = False) -> None:
        """Deletes a Disk. One that a domain still has goes once that has let go of it.

        Raises:
            InUse: machines or deployments name it.
        """
        if users := await self.users(resource.metadata.name):
            raise InUse(resource.metadata.name, users, Disk, await self.asking.visible(users))
        await super().delete(resource, force)

    async def judge(self, before: Disk, after: Disk) -> SpecChange:
        return SpecChange(classify_disk(before, after))
