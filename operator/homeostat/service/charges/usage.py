"""What everybody has, as a count of all there is finds it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from homeostat.accounts.charges.measures import Amounts
from homeostat.driver.storage.images.uploads import UploadFolder
from homeostat.models.base import Key, Resource
from homeostat.models.image import Image
from homeostat.models.plugin import Plugin
from homeostat.runtime.machine.effective import Effective

from ..asking import Asking
from .costs import COSTLY, upload_cost
from .found_sizes import cost_in

EACH = 50  # resources between two moments in which others are served


@dataclass(frozen=True, slots=True)
class CountedUsage:
    """What each resource of a namespace costs, by owner. ``kinds``: of which all were found."""

    namespace: str
    kinds: frozenset[str]
    found: dict[str, dict[Key, Amounts]] = field(default_factory=dict)

    def add(self, owner: str, key: Key, cost: Amounts) -> None:
        self.found.setdefault(owner, {})[key] = cost


class UsageCount:
    """Counts what everybody has in a namespace, again and again: what has not changed since the last time is not read again,
    unless its cost rests on others, which may have.
    What belongs to nobody is not counted. ``house``: who sees all."""

    def __init__(self, house: Asking) -> None:
        self._house = house
        self._store = house.workspace.store
        self._namespace = house.workspace.namespace
        self._uploads = UploadFolder(house.limits.state)
        self._elsewhere = bool(house.limits.uploads_elsewhere)  # then what is uploaded is another server's to count
        self._kinds = [kind for kind in COSTLY if kind is not Image or not self._elsewhere]
        self._versions: dict[type[Resource], Mapping[str, int]] = {}
        self._costs: dict[type[Resource], dict[str, tuple[str, Amounts] | None]] = {}

    async def count(self) -> CountedUsage:
        """Counts."""
        if self._changed(Plugin):  # its part of any machine may be another now
            for kind in self._kinds:
                self._versions[kind], self._costs[kind] = {}, {}
        usage = CountedUsage(self._namespace, frozenset(kind.KIND for kind in self._kinds))
        for kind in self._kinds:
            for name, counted in (await self._count(kind)).items():
                if counted is not None:
                    usage.add(counted[0], Key(kind.KIND, self._namespace, name), counted[1])
        await self._count_uploads(usage)
        return usage

    def _changed(self, kind: type[Resource]) -> bool:
        versions = {name: version for name, _, version in self._store.versions(kind, self._namespace)}
        before, self._versions[kind] = self._versions.get(kind), versions
        return versions != before

    async def _count(self, kind: type[Resource]) -> Mapping[str, tuple[str, Amounts] | None]:
        versions, changed = await self._store.newer(kind, self._namespace, self._versions[kind])
        kept = {name: cost for name, cost in self._costs[kind].items() if name in versions}
        effective, again = Effective(self._store, once=True), set[str]()
        for number, resource in enumerate(changed):
            if number % EACH == 0:
                await asyncio.sleep(0)
            owner = (await self._house.subject(resource)).owner
            cost = await cost_in(self._store, effective, resource) if owner else None
            kept[resource.metadata.name] = None if cost is None else (owner, cost.amounts)
            if cost is not None and cost.rests_on_others:
                again.add(resource.metadata.name)
        self._versions[kind] = {name: version for name, version in versions.items() if name not in again}
        self._costs[kind] = kept
        return kept

    async def _count_uploads(self, usage: CountedUsage) -> None:
        if self._elsewhere:
            return
        most = self._house.limits.max_upload
        for upload in await asyncio.to_thread(self._uploads.all):
            if upload.owner and upload.namespace == self._namespace and not upload.done:
                key = Key(Image.KIND, self._namespace, upload.name)
                usage.add(upload.owner, key, upload_cost(upload.length, min(upload.most or most, most)))
