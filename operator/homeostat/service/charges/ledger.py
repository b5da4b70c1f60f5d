"""Whoever owns a resource is charged for it, before it is made or changed."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

from homeostat.accounts.charges.measures import NOTHING, Amounts
from homeostat.models.base import Key


class Ledger(Protocol):
    def charging(self, owner: str, key: Key, cost: Amounts, had: Amounts = NOTHING) -> AbstractAsyncContextManager[None]:
        """Charges the owner within it, and gives that back where it ends by an error. ``had``: what the resource costs already.

        Raises:
            OverQuota: he would have more than he may.
            AccountsError: it cannot be charged; then it must not be done.
        """

    async def check(self, owner: str, key: Key, cost: Amounts, had: Amounts = NOTHING) -> None:
        """Checks what ``charging`` would, and charges nothing.

        Raises:
            OverQuota, AccountsError: see there.
        """

    async def settle(self, key: Key) -> None:
        """Notes that a count of what there is holds for a resource from now on: its charge is nobody's promise any more."""


class NoLedger:
    """Charges nothing: nobody has an account."""

    def charging(self, owner: str, key: Key, cost: Amounts, had: Amounts = NOTHING) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def check(self, owner: str, key: Key, cost: Amounts, had: Amounts = NOTHING) -> None:
        return

    async def settle(self, key: Key) -> None:
        return
