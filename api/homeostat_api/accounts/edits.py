"""Notes in the audit what is edited past the API, while the server runs. Each worker does: the database takes each edit once."""

from __future__ import annotations

import asyncio
import logging

from homeostat.accounts.errors import AccountsError
from homeostat.store.errors import StoreError
from homeostat.store.index.index import Index

from .lookup import AccountsLookup

log = logging.getLogger("homeostat.api")

LOOK = 0.5  # seconds between two looks at the index


class NoteEdits:
    def __init__(self, index: Index, lookup: AccountsLookup) -> None:
        self._index = index
        self._lookup = lookup
        self._trouble = ""  # of the last look

    async def follow(self) -> None:
        """Notes what is edited, without end."""
        seen: int | None = None
        while True:
            try:
                seen = await self._look(seen)
                self._trouble = ""
            except (AccountsError, StoreError) as error:
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    log.error("edits of others are not in the audit yet: %s", error)
            await asyncio.sleep(LOOK)

    async def _look(self, seen: int | None) -> int | None:
        """Notes what waits, where something was written since ``seen``. Returns what was seen."""
        if not await self._lookup.there_are_some():
            return None
        now = self._index.data_version()
        if now != seen:
            edits = (await self._lookup.reception()).edits
            await self._lookup.run(lambda: edits.take_from(self._index))
        return now
