"""Who rests on whom: what is looked at again when something changes."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import NamedTuple, TypeAlias

from homeostat.models.base import Key

Node: TypeAlias = Hashable
"""What can change: a resource (its Key), or what else a reconcile waits for."""


class AnyOf(NamedTuple):
    """Any resource of a kind."""

    kind: str


class Dependencies:
    """Remembers of each resource what it rests on, in one respect or several (``why``)."""

    def __init__(self) -> None:
        self._on: dict[Key, dict[str, frozenset[Node]]] = {}
        self._resting: dict[Node, dict[Key, set[str]]] = {}  # in the order in which they came to rest on it

    def rest(self, key: Key, why: str, on: Collection[Node]) -> frozenset[Node]:
        """Notes all that a resource rests on in one respect. Returns the nodes that came or went by that."""
        before, now = self._on.get(key, {}).get(why, frozenset()), frozenset(on)
        if before == now:
            return frozenset()
        for node in before - now:
            self._let_go(key, why, node)
        for node in now - before:
            self._resting.setdefault(node, {}).setdefault(key, set()).add(why)
        if now:
            self._on.setdefault(key, {})[why] = now
        else:
            del self._on[key][why]
        return before ^ now

    def resting_on(self, node: Node) -> list[Key]:
        """The resources that a change of the node concerns."""
        return list(self._resting.get(node, ()))

    def forget(self, key: Key) -> frozenset[Node]:
        """The resource has gone. Returns all that it rested on."""
        known = self._on.pop(key, {})
        for why, nodes in known.items():
            for node in nodes:
                self._let_go(key, why, node)
        return frozenset().union(*known.values())

    def _let_go(self, key: Key, why: str, node: Node) -> None:
        resting = self._resting[node]
        resting[key].discard(why)
        if not resting[key]:
            del resting[key]
        if not resting:
            del self._resting[node]
