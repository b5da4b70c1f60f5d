"""The quotas of accounts, in their database where there is one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from homeostat.accounts import errors
from homeostat.accounts.charges.charges import Charged, Charges
from homeostat.accounts.charges.measures import NOTHING, Amounts
from homeostat.accounts.clock import wall_clock
from homeostat.models.base import Key
from homeostat.service.charges.usage import CountedUsage
from homeostat.service.refusals import OverQuota
from homeostat.store.errors import StoreError

from .lookup import AccountsLookup

T = TypeVar("T")

log = logging.getLogger("homeostat.api")

PERIOD = 60.0  # seconds between two counts, also of what comes into the folder by itself
ANY = 0.0  # by the clock of the loop: before any count
LEAST = 1.0  # seconds between two counts; who is refused meanwhile waits for the next one


class AccountsLedger:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._lookup = lookup
        self._count: Callable[[], Awaitable[CountedUsage]] | None = None
        self._counting = asyncio.Lock()
        self._begun = float("-inf")  # the last count that was finished

    def counted_by(self, count: Callable[[], Awaitable[CountedUsage]]) -> None:
        """Says how what there is is counted."""
        self._count = count

    @asynccontextmanager
    async def charging(self, owner: str, key: Key, cost: Amounts, had: Amounts = NOTHING) -> AsyncIterator[None]:
        if (charges := await self._charges()) is None:
            yield
            return
        charge = await self._asked(lambda: charges.charge(owner, _charged(key), cost, had))
        try:
            yield
        except BaseException:
            if charge is not None:
                await asyncio.shield(self._given_back(lambda: charges.give_back(charge)))
            raise

    async def check(self, owner: str, key: Key, cost: Amounts, had: Amounts = NOTHING) -> None:
        if (charges := await self._charges()) is not None:
            await self._asked(lambda: charges.check(owner, _charged(key), cost, had))

    async def settle(self, key: Key) -> None:
        if (charges := await self._charges()) is not None:
            await self._given_back(lambda: charges.settle(_charged(key)))

    async def _charges(self) -> Charges | None:
        return (await self._lookup.reception()).charges if await self._lookup.there_are_some() else None

    async def _asked(self, work: Callable[[], T]) -> T:
        """Asks, and asks again after a count where it is refused: what was deleted meanwhile counts no more."""
        await self.try_to_count(ANY)  # what was there before this server is charged first
        since = asyncio.get_running_loop().time()
        try:
            return await self._lookup.run(work)
        except errors.QuotaExceeded:
            await self.try_to_count(since)
        try:
            return await self._lookup.run(work)
        except errors.QuotaExceeded as error:
            excess = [{"measure": e.measure, "used": e.used, "requested": e.asked, "limit": e.limit} for e in error.excess]
            raise OverQuota(f"{error}; {error.mend}", {"account": error.account, "exceeded": excess}) from error

    async def _given_back(self, work: Callable[[], None]) -> None:
        """Does what the next count does otherwise."""
        try:
            await self._lookup.run(work)
        except errors.DatabaseTrouble as error:
            log.warning("a charge is given back by the next count: %s", error)

    async def keep_counting(self) -> None:
        """Counts now and every minute, without end: what others change is charged, too, and what was never made is not."""
        while True:
            await self.try_to_count(asyncio.get_running_loop().time())
            await asyncio.sleep(PERIOD)

    async def try_to_count(self, since: float) -> None:
        """Counts as ``count`` does, and says where that fails."""
        try:
            await self.count(since)
        except (StoreError, errors.AccountsError) as error:
            log.warning("what everybody has cannot be counted now: %s", error)

    async def count(self, since: float) -> None:
        """Counts what there is, and corrects what is charged, unless that was done by a count that began after ``since``."""
        if self._begun >= since:  # it does not wait for one that is under way
            return
        async with self._counting:
            clock = asyncio.get_running_loop().time
            if self._begun >= since:
                return
            await asyncio.sleep(self._begun + LEAST - clock())
            charges = await self._charges()
            if charges is None or self._count is None:
                return
            at, begun = wall_clock(), clock()  # what is charged from here on is not its to correct
            usage = await self._count()
            found = {owner: {_charged(key): cost for key, cost in his.items()} for owner, his in usage.found.items()}
            corrected = await self._lookup.run(lambda: charges.correct(usage.namespace, usage.kinds, found, at))
            self._begun = begun
            if corrected:
                log.info("quotas: %d charges corrected by a count", corrected)


def _charged(key: Key) -> Charged:
    return Charged(key.kind, key.namespace, key.name)
