"""Where the routes of accounts take what is asked of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import falcon.asgi

from homeostat.accounts.administration import Administration

from ..http.actor import who
from .lookup import AccountsLookup

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counter:
    lookup: AccountsLookup

    async def do(self, req: falcon.asgi.Request, work: Callable[[Administration], T]) -> T:
        """Does something with accounts for whoever asks.

        Raises:
            AccountsError: it is refused, or there are no accounts.
        """
        reception, actor = await self.lookup.reception(), who(req)
        try:
            return await self.lookup.run(lambda: work(Administration(reception, actor)))
        finally:
            reception.recognition.look_again()

    async def hash(self, req: falcon.asgi.Request, work: Callable[[Administration], T]) -> T:
        """Does what hashes a password.

        Raises:
            AccountsError: it is refused, there are no accounts, or too many wait already.
        """
        reception, actor = await self.lookup.reception(), who(req)
        try:
            return await reception.hashing(lambda: work(Administration(reception, actor)))
        finally:
            reception.recognition.look_again()
