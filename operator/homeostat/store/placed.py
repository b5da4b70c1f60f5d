"""What a store gives to several hosts: a machine's placement is one of its finalizers, in a cluster and over a folder alike.

Who acts for a host acts on the machines with its finalizer only: so none is placed twice, nor goes before its host let go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from homeostat.models.base import API_GROUP, Key, Model
from homeostat.runtime.engine.ports import ResourceAccess
from homeostat.store.errors import Invalid

from .index.index import FINALIZER, Index

_HOST_FINALIZER = f".host.{API_GROUP}/teardown"


def host_finalizer(host: str) -> str:
    """Placed on a host and to be cleaned up there, both in one: who holds it is the only one to run the machine."""
    return f"{host}{_HOST_FINALIZER}"


def host_of(finalizers: Sequence[str]) -> str | None:
    """The host that a machine was placed on."""
    return next(iter(hosts_of(finalizers)), None)


def hosts_of(finalizers: Sequence[str]) -> list[str]:
    """The hosts that a stateful deployment may have disks on."""
    return [f.removesuffix(_HOST_FINALIZER) for f in finalizers if f.endswith(_HOST_FINALIZER)]


def is_ours(finalizer: str) -> bool:
    return finalizer == FINALIZER or finalizer.endswith(_HOST_FINALIZER)


class PlacedStore(ResourceAccess, Protocol):
    """A store that notes which host each machine is on. Jobs share it, each with a view of its own."""

    index: Index

    def status_form(self, status: Model) -> Mapping[str, Any]:
        """A status as the index has it once it is written."""

    async def refuse(self, key: Key, error: Invalid) -> None:
        """Tells of a resource that the models refuse; it is left alone until it is mended."""

    async def release(self, key: Key, uid: str, *, only: str = "") -> None:
        """As of any store; ``only``: takes just that one of our finalizers away."""

    async def hold(self, key: Key, uid: str, finalizers: Collection[str]) -> bool:
        """Adds finalizers, so that the resource does not go before we have cleaned up; whether it has them now."""

    async def place(self, key: Key, uid: str, host: str) -> bool:
        """Places a machine on a host; whether it is there now. Only the first of several placements holds."""

    async def bind(self, deployment: Key, uid: str, machine: str, host: str) -> None:
        """Notes for good which host a machine of a stateful deployment has its disks on, where only that one can open them."""
