"""Who asks, and where resources are read and written for him."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeVar

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Right, Subject
from homeostat.models.base import OWNER, Key, ObjectMeta, Resource
from homeostat.models.kinds import STORED
from homeostat.runtime.engine.ports import Unreadable
from homeostat.store.desired import Workspace

from .changes import Changes
from .charges.ledger import Ledger, NoLedger
from .journal import Deed, Journal, NoJournal, noted
from .limits import ServerLimits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asking:
    """An actor before the resources of one namespace. ``turn``: whose it is to delete what others may name, or to name it."""

    actor: Actor
    workspace: Workspace
    changes: Changes
    limits: ServerLimits
    journal: Journal = NoJournal()
    ledger: Ledger = NoLedger()
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)

    def noting(self, verb: str, kind: str, name: str, message: str = "") -> AbstractAsyncContextManager[None]:
        """Notes what is done within it, or refused: every change goes through here."""
        return noted(self.journal, self.actor, Deed(verb, kind, name, self.workspace.namespace, message))

    async def subject(self, resource: Resource) -> Subject:
        """Returns what a decision about the resource rests on. What belongs to a deployment or a schedule is its owner's."""
        return await self._subject(type(resource), resource.metadata, {})

    async def may_to(self, right: Right, resource: Resource) -> bool:
        """Tells whether the actor has a right to a resource."""
        return self.actor.everywhere(right) or self.actor.may_to(right, await self.subject(resource))

    async def may_use(self, right: Right, key: Key) -> bool:
        """Tells whether there is a resource of that key, and the actor has a right to it."""
        found = await self._get(key)
        return found is not None and await self.may_to(right, found)

    async def sees(self, key: Key) -> bool | None:
        """Tells whether the actor sees the resource of that key. None: there is none."""
        found = await self._get(key)
        return await self.may_to(Right.SEE, found) if found is not None else None

    async def visible(self, keys: Iterable[Key]) -> list[Key]:
        """Returns those of the keys whose resources the actor may see."""
        if self.actor.everywhere(Right.SEE):
            return list(keys)
        return [key for key in keys if await self.may_use(Right.SEE, key)]

    async def seen(self, items: Iterable[T], what: Callable[[T], tuple[type[Resource], ObjectMeta]]) -> list[T]:
        """Returns those of the items whose resources the actor may see."""
        owners: dict[tuple[str, str], str] = {}
        return [item for item in items if self.actor.may_to(Right.SEE, await self._subject(*what(item), owners))]

    async def _subject(self, kind: type[Resource], meta: ObjectMeta, owners: dict[tuple[str, str], str]) -> Subject:
        """Returns a subject. ``owners``: of what was asked for already, by kind and uid."""
        owner = meta.labels.get(OWNER, "")
        for above in meta.owner_references:
            known = owners.get((above.kind, above.uid))
            if known is None:
                found = await self._get(Key(above.kind, meta.namespace, above.name))
                same = found is not None and found.metadata.uid == above.uid
                known = owners[above.kind, above.uid] = found.metadata.labels.get(OWNER, "") if found and same else ""
            owner = known
        return Subject(kind.KIND, meta.namespace, meta.name, owner)

    def labelled(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Returns the labels of a resource that the actor makes: he owns it, if he has an account."""
        return {**labels, OWNER: self.actor.name} if self.actor.name else dict(labels)

    async def read(self, key: Key) -> tuple[Resource | None, str]:
        """Returns the resource of that key, whoever may see it, and why the models refuse it; empty: they take it. One that they
        refuse is as far as it can be read."""
        kind, store = STORED.get(key.kind), self.workspace.store
        try:
            return (await store.get(kind, key) if kind is not None else None), ""
        except Unreadable as error:
            row = store.index.row(key)
            return (store.stand_in(row) if row is not None else None), str(error)

    async def _get(self, key: Key) -> Resource | None:
        return (await self.read(key))[0]
