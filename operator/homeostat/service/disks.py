"""The Disks, what names them, and what a change of one takes."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.planner.disk.classify import classify_disk
from homeostat.runtime.disk.users import users_of
from homeostat.store.desired import Workspace

from .admission import Admission
from .changes import Changes
from .collection import Collection
from .refusals import InUse
from .spec_change import SpecChange


class Disks(Collection[Disk]):
    """The Disks of one namespace."""

    def __init__(self, workspace: Workspace, changes: Changes, admission: Admission) -> None:
        super().__init__(workspace, changes, admission, Disk)

    async def users(self, name: str) -> Sequence[Key]:
        """Returns the keys of the machines and deployments that name the Disk."""
        return await users_of(self.store, self.key(name))

    async def delete(self, resource: Disk, force: bool = False) -> None:
        """Deletes a Disk. One that a domain still has goes once that has let go of it.

        Raises:
            InUse: machines or deployments name it.
        """
        if users := await self.users(resource.metadata.name):
            raise InUse(resource.metadata.name, users, Disk)
        await super().delete(resource, force)

    async def judge(self, before: Disk, after: Disk) -> SpecChange:
        return SpecChange(classify_disk(before, after))
