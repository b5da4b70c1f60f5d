"""The Disks, what names them, and what a change of one takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeostat.accounts.rights import Right
from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.planner.disk.classify import classify_disk
from homeostat.planner.disk.orphans import DiskOrphan
from homeostat.runtime.disk.users import users_of

from ..asking import Asking
from ..changing.spec_change import SpecChange
from ..files.orphaned_disks import orphaned_disks
from ..refusals import InUse, TrashUnavailable
from .collection import Collection


class Disks(Collection[Disk]):
    """The Disks of one namespace."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(asking, Disk)
        self._state = asking.limits.state

    async def users(self, name: str) -> Sequence[Key]:
        """Returns the keys of the machines and deployments that name the Disk."""
        return await users_of(self.store, self.key(name))

    async def orphans(self) -> Sequence[DiskOrphan]:
        """Returns the files of disks that nothing refers to, on every host. Nothing is deleted.

        Raises:
            TrashUnavailable: they cannot be read.
        """
        if not self.asking.actor.everywhere(Right.SEE):
            return []  # whose they are is not known
        try:
            orphans = await asyncio.to_thread(self.store.all_orphans)
            return await orphaned_disks(self.store, self._state, orphans, self.namespace)
        except DriverError as error:
            raise TrashUnavailable(str(error)) from error

    async def delete(self, resource: Disk, force: bool = False) -> None:
        """Deletes a Disk. One that a domain still has goes once that has let go of it.

        Raises:
            InUse: machines or deployments name it.
        """
        async with self.asking.turn:  # nobody names it meanwhile
            if users := await self.users(resource.metadata.name):
                raise InUse(resource.metadata.name, users, Disk, await self.asking.visible(users))
            await super().delete(resource, force)

    async def judge(self, before: Disk, after: Disk) -> SpecChange:
        return SpecChange(classify_disk(before, after))
