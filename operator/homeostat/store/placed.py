"""What a store offers where several hosts use it. A machine's placement is one of its finalizers, in a cluster as over a folder.

Who acts for a host acts only on the machines with the finalizer of that host. So no machine is placed twice, and none goes before
its host has cleaned up.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from homeostat.models.base import Key, Model
from homeostat.models.network import Network
from homeostat.planner.placement import HOST_FINALIZER, hosts_of
from homeostat.runtime.engine.ports import ResourceAccess
from homeostat.store.errors import Invalid

from .index.index import FINALIZER, Index


def is_ours(finalizer: str) -> bool:
    return finalizer == FINALIZER or finalizer.endswith(HOST_FINALIZER)


def placed_hosts(index: Index) -> list[str]:
    """Returns the hosts that some machine is placed on, or has something on. A Network may be on many, and holds nobody up."""
    found = index.read(
        "SELECT finalizers FROM resources WHERE instr(finalizers, ?) AND kind != ?", (HOST_FINALIZER, Network.KIND)
    )
    return sorted({host for (finalizers,) in found for host in hosts_of(json.loads(finalizers))})


class PlacedStore(ResourceAccess, Protocol):
    """A store that records which host each machine is on. The jobs share it, and each has a view of its own."""

    index: Index

    def status_form(self, status: Model) -> Mapping[str, Any]:
        """Returns a status in the form that the index holds."""

    async def refuse(self, key: Key, error: Invalid) -> None:
        """Reports a resource that the models refuse. It is left alone until somebody corrects it."""

    async def release(self, key: Key, uid: str, *, only: str = "") -> None:
        """Releases a resource as any store does. ``only``: removes just this one of our finalizers."""

    async def hold(self, key: Key, uid: str, finalizers: Collection[str]) -> bool:
        """Adds finalizers, so that the resource does not go before we have cleaned up. Returns whether it has them now."""

    async def place(self, key: Key, uid: str, host: str) -> bool:
        """Places a machine on a host. Returns whether it is there now: only the first of several placements counts."""

    async def bind(self, deployment: Key, uid: str, machine: str, host: str) -> None:
        """Records for good which host has the disks of a machine of a stateful deployment, where only that host can open them."""
