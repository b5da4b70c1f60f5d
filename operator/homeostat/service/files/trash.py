"""What was deleted and is set aside: in the state folder here, and in a cluster on the other hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, suppress

from homeostat.accounts.charges.measures import AMOUNT_MAX, Measure
from homeostat.accounts.rights import Right
from homeostat.driver.errors import DriverError, EntryGone, Refused
from homeostat.driver.storage.trash import TrashFolder
from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.store.files.state import StateFolder

from ..asking import Asking
from ..naming.names import Names
from ..refusals import NotInTrash, NotYoursInTrash, OverQuota, PlaceTaken, TrashElsewhere, TrashUnavailable
from .host_reach import OnAnotherApi
from .trash_elsewhere import HostsAround, Trashed


class TrashRoom:
    """The trash of one state folder, whose machines' disks are set aside there; changed under its lock. That of other hosts is
    listed, and changed by the API beside them. An entry is of who had the name, as the history of that tells.

    Raises:
        TrashUnavailable: each of its methods, where the disk refuses.
        NotYoursInTrash: where the actor may not change what others had.
    """

    def __init__(self, asking: Asking) -> None:
        self._trash = TrashFolder.at(asking.limits.state)
        self._state = StateFolder.named(asking.limits.state)
        self._namespace = asking.workspace.namespace
        self._asking, self._actor = asking, asking.actor

    async def entries(self) -> list[Trashed]:
        """Returns the entries of the namespace that is served, on every host."""
        return sorted(
            [*await self.entries_here(), *await self._elsewhere()], key=lambda one: (one.entry.since, one.entry.entry, one.host)
        )

    async def entries_here(self) -> list[Trashed]:
        """Returns those of the state folder here."""
        try:
            found = await asyncio.to_thread(self._trash.entries)
        except DriverError as error:
            raise TrashUnavailable(str(error)) from error
        return self._seen(Trashed(entry, entry.kind) for entry in found)

    async def _elsewhere(self) -> list[Trashed]:
        return self._seen((await self._around()).trash()) if self._asking.limits.clustered else []

    async def _around(self) -> HostsAround:
        return HostsAround.seen_from(self._state, await self._asking.workspace.store.list(Host))

    def _seen(self, entries: Iterable[Trashed]) -> list[Trashed]:
        served = (one for one in entries if one.entry.namespace in (self._namespace, ""))
        return [one for one in served if self._may_to(Right.SEE, one)]

    def _may_to(self, right: Right, trashed: Trashed) -> bool:
        if self._actor.everywhere(right) or not (self._actor.name and self._actor.may(right)):
            return self._actor.everywhere(right)
        return Names(self._asking.workspace.store, self._actor.author).left_behind(_key(trashed), trashed.entry.since)

    async def entry(self, name: str, host: str = "") -> Trashed:
        """Returns one entry. ``host``: the one that has it; empty: that of the state folder here, or else of any.

        Raises:
            NotInTrash: there is none of that name.
            TrashElsewhere: several hosts have one, and none was named.
        """
        if not host or not self._asking.limits.clustered or host in (await self._around()).here:
            here = next((one for one in await self.entries_here() if one.entry.entry == name), None)
            if here is not None:
                return here
        found = [one for one in await self._elsewhere() if one.entry.entry == name and host in ("", one.host)]
        if not found:
            raise NotInTrash(name)
        if len(found) > 1:
            hosts = [one.host for one in found]
            raise TrashElsewhere(f"{name} is in the trash of {', '.join(hosts)}: say which by ?host=", name, hosts)
        return found[0]

    async def restore(self, trashed: Trashed) -> list[str]:
        """Puts the disks of an entry back, and returns their paths.

        Raises:
            NotInTrash: somebody else put it back, or erased it, meanwhile.
            PlaceTaken: there is a file in that place.
            OverQuota: the actor has a quota of disks, for which these would not count.
            OnAnotherApi: another API server can do it.
            TrashElsewhere: nobody who can do it is known here.
        """
        async with self._noting("restore from trash", trashed):
            return await self._restore(trashed)

    async def _restore(self, trashed: Trashed) -> list[str]:
        self._check(trashed)
        await self._check_quota(trashed)
        try:
            return [str(path) for path in await asyncio.to_thread(self._trash.restore, trashed.entry)]
        except EntryGone as error:
            raise NotInTrash(trashed.entry.entry) from error
        except Refused as error:
            raise PlaceTaken(str(error), {"entry": trashed.entry.entry}) from error
        except DriverError as error:
            raise TrashUnavailable(str(error)) from error

    async def _check_quota(self, trashed: Trashed) -> None:
        """Checks that nobody goes past his quota: disks that lie in place, and that no resource has, count for nobody."""
        if self._actor.everywhere(Right.CHANGE):
            return
        entry = trashed.entry
        try:
            await self._asking.ledger.check(self._actor.name, _key(trashed), {Measure.DISK: AMOUNT_MAX})
        except OverQuota as refused:
            said = (
                f"{entry.entry}: you have a quota of disks, for which these would not count. Make {trashed.kind} {entry.name} "
                "again, which takes them back by itself where it is the same, or ask an administrator to put them back"
            )
            raise OverQuota(said, {"account": self._actor.name, "name": entry.entry}) from refused

    async def erase(self, trashed: Trashed) -> None:
        """Erases an entry for good. Raises what ``restore`` does."""
        async with self._noting("erase", trashed):
            await self._erase(trashed)

    async def erase_all(self) -> list[Trashed]:
        """Erases all that is in the state folder here for good, and returns it. Where one entry may not be, none is."""
        entries = await self.entries_here()
        for one in entries:
            self._check_allowed(one)
        erased = []
        for one in entries:
            with suppress(NotInTrash):  # somebody else was quicker
                await self.erase(one)
                erased.append(one)
        return erased

    async def _erase(self, trashed: Trashed) -> None:
        self._check(trashed)
        try:
            there = await asyncio.to_thread(self._trash.erase, trashed.entry.entry)
        except DriverError as error:
            raise TrashUnavailable(str(error)) from error
        if not there:
            raise NotInTrash(trashed.entry.entry)

    def _noting(self, verb: str, trashed: Trashed) -> AbstractAsyncContextManager[None]:
        return self._asking.noting(verb, trashed.kind, trashed.entry.name, trashed.entry.entry)

    def may_change(self, trashed: Trashed) -> bool:
        """Tells whether the actor may put an entry back, and erase it."""
        return self._may_to(Right.CHANGE, trashed)

    def _check_allowed(self, trashed: Trashed) -> None:
        if not self.may_change(trashed):
            raise NotYoursInTrash(trashed.entry.entry)

    def _check(self, trashed: Trashed) -> None:
        self._check_allowed(trashed)
        if trashed.api:
            raise OnAnotherApi(trashed.host, trashed.api)
        if trashed.host:
            name, host = trashed.entry.entry, trashed.host
            said = (
                f"{name} is in the trash of host {host}, and this API server is not beside it: `homeostat trash` does it there, "
                "or give the operator there the address of an API beside it (--api-address), so that others pass on what is asked"
            )
            raise TrashElsewhere(said, name, [host])


def _key(trashed: Trashed) -> Key:
    return Key(trashed.kind, trashed.entry.namespace, trashed.entry.name)
