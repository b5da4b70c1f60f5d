"""The audit of what is done to resources, in the accounts database where there is one."""

from __future__ import annotations

from functools import partial

from homeostat.accounts.actor import Actor
from homeostat.accounts.audit.audit import Act, By
from homeostat.accounts.errors import AccountsError
from homeostat.service.journal import Deed, DeedOutcome

from .lookup import AccountsLookup


class AccountsJournal:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._lookup = lookup
        self._unfinished: dict[str, tuple[By, Act]] = {}  # whose end could not be noted

    async def begin(self, actor: Actor, deed: Deed) -> str | None:
        """Notes that a deed begins. None: there are no accounts, so that there is no audit.

        Raises:
            NotSignedIn: whoever asks has no account any more.
            DatabaseTrouble: it cannot be noted.
        """
        if not await self._lookup.there_are_some():
            return None
        deeds = (await self._lookup.reception()).deeds
        for begun, (by, act) in list(self._unfinished.items()):
            await self._lookup.run(partial(deeds.end, begun, by, act))
            self._unfinished.pop(begun, None)
        return await self._lookup.run(lambda: deeds.begin(By.actor(actor), _act(deed), actor.account))

    async def end(self, begun: str, actor: Actor, deed: Deed, outcome: DeedOutcome) -> None:
        """Notes how it ended. What cannot be noted now is noted before the next deed.

        Raises:
            DatabaseTrouble: it cannot be noted now.
        """
        by, act = By.actor(actor), _act(deed, outcome)
        try:
            deeds = (await self._lookup.reception()).deeds
            await self._lookup.run(lambda: deeds.end(begun, by, act))
        except AccountsError:
            self._unfinished[begun] = (by, act)
            raise


def _act(deed: Deed, outcome: DeedOutcome = "Done") -> Act:
    return Act(deed.verb, deed.kind, deed.name, deed.namespace, outcome, deed.message)
