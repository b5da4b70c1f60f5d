"""Who rests on whom: what is reconciled again when something changes."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import NamedTuple, TypeAlias

from homeostat.models.base import Key

Node: TypeAlias = Hashable
"""Something that can change: a resource (its Key), or something else that a reconcile waits for."""


class AnyOf(NamedTuple):
    """Any resource of a kind."""

    kind: str


class Dependencies:
    """Remembers what each resource rests on, for one reason or for several (``why``)."""

    def __init__(self) -> None:
        self._on: dict[Key, dict[str, frozenset[Node]]] = {}
        self._resting: dict[Node, dict[Key, None]] = {}  # in the order in which they began to rest on it

    def rest(self, key: Key, why: str, on: Collection[Node]) -> frozenset[Node]:
        """Records everything that a resource rests on for one reason. Returns the nodes that were added or dropped."""
        before, now = self._on.get(key, {}).get(why, frozenset()), frozenset(on)
        if before == now:
            return frozenset()
        if now:
            self._on.setdefault(key, {})[why] = now
        else:
            del self._on[key][why]
        for node in before - now:
            if not any(node in nodes for nodes in self._on[key].values()):
                self._let_go(key, node)
        for node in now - before:
            self._resting.setdefault(node, {}).setdefault(key)
        return before ^ now

    def resting_on(self, node: Node) -> list[Key]:
        """Returns the resources that a change of the node concerns."""
        return list(self._resting.get(node, ()))

    def forget(self, key: Key) -> frozenset[Node]:
        """Forgets a resource that has gone. Returns everything that it rested on."""
        nodes: frozenset[Node] = frozenset().union(*self._on.pop(key, {}).values())
        for node in nodes:
            self._let_go(key, node)
        return nodes

    def _let_go(self, key: Key, node: Node) -> None:
        resting = self._resting[node]
        del resting[key]
        if not resting:
            del self._resting[node]
