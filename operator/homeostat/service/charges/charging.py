"""What a change asks for beyond what its owner has: of the resource itself, and of those that are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from homeostat.accounts.charges.measures import Amounts
from homeostat.models.base import Key, Resource
from homeostat.models.plugin import Plugin
from homeostat.runtime.engine.ports import R
from homeostat.runtime.machine.effective import Effective, Lookup

from .found_sizes import cost_in


@dataclass(frozen=True, slots=True)
class AskedMore:
    """What a resource is to cost its owner. ``had``: what it costs already, whatever was charged for it."""

    key: Key
    cost: Amounts
    had: Amounts


class Presumed:
    """A store in which a plugin is as it is to be."""

    def __init__(self, store: Lookup, plugin: Plugin) -> None:
        self._store, self._plugin = store, plugin

    async def get(self, kind: type[R], key: Key) -> R | None:
        return cast(R, self._plugin) if key == self._plugin.key else await self._store.get(kind, key)


async def asked_of(store: Lookup, before: Resource | None, wanted: Resource) -> list[AskedMore]:
    """Returns what a resource asks for by becoming ``wanted``. Sizes that are not in its spec are known by its status."""
    if before is not None:
        wanted = wanted.model_copy(update={"status": before.status})
    return _more(wanted.key, await _cost(store, wanted), await _cost(store, before) if before is not None else {})


async def asked_by_plugin(store: Lookup, wanted: Plugin, made_from_it: Iterable[Resource]) -> list[AskedMore]:
    """Returns what machines and deployments ask for because their plugin becomes ``wanted``."""
    presumed, found = Presumed(store, wanted), list[AskedMore]()
    for resource in made_from_it:
        found += _more(resource.key, await _cost(presumed, resource), await _cost(store, resource))
    return found


async def _cost(store: Lookup, resource: Resource) -> Amounts | None:
    cost = await cost_in(store, Effective(store), resource)
    return None if cost is None else cost.amounts


def _more(key: Key, cost: Amounts | None, had: Amounts | None) -> list[AskedMore]:
    return [] if cost is None or cost == had else [AskedMore(key, cost, had or {})]
