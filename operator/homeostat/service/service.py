"""Everything that can be asked for, over one place where resources are read and written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeostat.accounts.actor import HOUSE, Actor
from homeostat.models.base import Key
from homeostat.runtime.engine.ports import Event
from homeostat.store.desired import Workspace

from .asking import Asking
from .changes import Changes
from .charges.ledger import Ledger, NoLedger
from .charges.usage import CountedUsage, UsageCount
from .desk import Desk, Shared
from .files.exports import CopiesUnderWay
from .journal import Journal, NoJournal
from .limits import ServerLimits
from .naming.names import is_named


class Service:
    """What the native API and every contract are built on. Nothing is asked of it but by somebody."""

    def __init__(
        self,
        workspace: Workspace,
        changes: Changes,
        limits: ServerLimits,
        journal: Journal | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._journal = journal or NoJournal()
        self._ledger = ledger or NoLedger()
        self._workspace = workspace
        self._limits = limits
        self._shared = Shared(CopiesUnderWay(limits))
        self.namespace = workspace.namespace
        self.changes = changes
        self._turn = asyncio.Lock()
        self._usage = UsageCount(self.house.asking)

    def asked_by(self, actor: Actor) -> Desk:
        """Returns what serves an actor."""
        asking = Asking(actor, self._workspace, self.changes, self._limits, self._journal, self._ledger, self._turn)
        return Desk(asking, self._shared)

    @property
    def house(self) -> Desk:
        """Returns what serves the server itself, such as where it renders what many will see."""
        return self.asked_by(HOUSE)

    async def names(self, account: str) -> bool:
        """Tells whether something there names an account: as its owner, as whoever wrote it, or as whose upload is under way."""
        if any(upload.owner == account for upload in await self.house.uploads.all()):
            return True
        return await is_named(self.house.asking, account)

    async def usage(self) -> CountedUsage:
        """Counts what everybody has."""
        return await self._usage.count()

    def events(self, after_id: int, key: Key | None, limit: int) -> Sequence[Event]:
        """Returns the events after ``after_id``, oldest first; with 0 the newest ``limit`` of them. A desk tells which of
        them he may see."""
        return self._workspace.store.events(after_id, key, limit)
