"""What was deleted and is set aside on this host."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

from homeostat.accounts.rights import Right
from homeostat.driver.errors import DriverError, Refused
from homeostat.driver.storage.trash import TrashFolder
from homeostat.planner.files.trash import TrashEntry

from .asking import Asking
from .refusals import NotAllowed, NotInTrash, PlaceTaken, TrashUnavailable


class TrashRoom:
    """The trash of one state folder, whose machines' disks are set aside there; changed under its lock. Whose an entry was is not
    known: to who does not see everything there is none.

    Raises:
        TrashUnavailable: each of its methods, where the disk refuses.
        NotAllowed: where the actor may not change what others had.
    """

    def __init__(self, asking: Asking) -> None:
        self._trash = TrashFolder.at(asking.limits.state)
        self._namespace = asking.workspace.namespace
        self._asking, self._actor = asking, asking.actor

    async def entries(self) -> list[TrashEntry]:
        """Returns the entries of the namespace that is served."""
        if not self._actor.everywhere(Right.SEE):
            return []
        try:
            found = await asyncio.to_thread(self._trash.entries)
        except DriverError as error:
            raise TrashUnavailable(str(error)) from error
        return [entry for entry in found if entry.namespace in (self._namespace, "")]

    async def entry(self, name: str) -> TrashEntry:
        """Returns one entry.

        Raises:
            NotInTrash: there is none of that name.
        """
        found = next((entry for entry in await self.entries() if entry.entry == name), None)
        if found is None:
            raise NotInTrash(name)
        return found

    async def restore(self, entry: TrashEntry) -> list[str]:
        """Puts the disks of an entry back, and returns their paths.

        Raises:
            PlaceTaken: there is a file in that place.
        """
        async with self._noting("restore from trash", entry):
            return await self._restore(entry)

    async def _restore(self, entry: TrashEntry) -> list[str]:
        self._check()
        try:
            return [str(path) for path in await asyncio.to_thread(self._trash.restore, entry)]
        except Refused as error:
            raise PlaceTaken(str(error), {"entry": entry.entry}) from error
        except DriverError as error:
            raise TrashUnavailable(str(error)) from error

    async def erase(self, entry: TrashEntry) -> None:
        """Erases an entry for good."""
        async with self._noting("erase", entry):
            await self._erase(entry)

    async def _erase(self, entry: TrashEntry) -> None:
        self._check()
        try:
            await asyncio.to_thread(self._trash.erase, entry.entry)
        except DriverError as error:
            raise TrashUnavailable(str(error)) from error

    def _noting(self, verb: str, entry: TrashEntry) -> AbstractAsyncContextManager[None]:
        return self._asking.noting(verb, entry.kind, entry.name, entry.entry)

    def _check(self) -> None:
        if not self._actor.everywhere(Right.CHANGE):
            raise NotAllowed("what is in the trash was anybody's: only an administrator changes it")
