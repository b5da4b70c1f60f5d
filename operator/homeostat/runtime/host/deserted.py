"""What is on hosts that nobody serves any more: it says so, and is let go only where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from homeostat.models.base import Key
from homeostat.models.condition import READY, RECONCILING, ConditionStatus, find_condition, merge_conditions, sayer
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.models.snapshot import Snapshot, SnapshotStatus
from homeostat.planner.machine.removal.teardown import ABANDON, asks_to_abandon, may_be_abandoned

from ..deployment.ownership import owned_by, owner_key
from ..engine.clock import timestamp
from ..engine.ports import ResourceStore

P = TypeVar("P", VirtualMachine, Disk, Snapshot)
PlacedStatus = VirtualMachineStatus | DiskStatus | SnapshotStatus
Placed = VirtualMachine | Disk | Snapshot
OPERATOR_GONE = "OperatorGone"
"""The reason of what is unknown because nobody serves a host."""
NOT_SERVED = "is not served by any operator"
"""What is said of such a host."""
STAYS: Mapping[type[Placed], str] = {
    VirtualMachine: "its guests run on, and nobody looks after them",
    Disk: "its file stays there, and no machine has it elsewhere",
    Snapshot: "what was taken stays there",
}
"""What remains on a host that nobody serves."""


def unserved(host: str) -> str:
    return f"no operator serves host {host}"


def status_with(resource: Placed, found: Mapping[str, ConditionStatus], reason: str, message: str) -> PlacedStatus:
    """Returns the status as it was, with these conditions."""
    before = resource.status or _NEW[type(resource)]()
    generation = resource.metadata.generation
    conditions = [sayer(generation)(type, holds, reason, message) for type, holds in found.items()]
    merged = merge_conditions(before.conditions, conditions, timestamp())
    return before.model_copy(update={"observed_generation": generation, "conditions": merged})


_NEW: Mapping[type[Placed], Callable[[], PlacedStatus]] = {
    VirtualMachine: VirtualMachineStatus,
    Disk: DiskStatus,
    Snapshot: SnapshotStatus,
}


def _unknown(resource: Placed, message: str) -> PlacedStatus:
    return status_with(resource, {READY: "Unknown", RECONCILING: "True"}, OPERATOR_GONE, message)


class Deserted(Generic[P]):
    """Remembers what is placed where."""

    def __init__(
        self,
        kind: type[P],
        store: ResourceStore,
        is_gone: Callable[[str], bool],
        unknown: Callable[[P, str], PlacedStatus] | None = None,
    ) -> None:
        """Takes ``is_gone``: whether nobody serves a host any more, even if it is still declared. ``unknown``: makes the status
        of what nobody knows more of, with a message."""
        self._kind: type[P] = kind
        self._store, self._is_gone, self._stays = store, is_gone, STAYS[kind]
        self._unknown: Callable[[P, str], PlacedStatus] = unknown or _unknown
        self._placed: dict[Key, tuple[str, str]] = {}  # uid and host

    def placed_on(self, host: str) -> list[Key]:
        return [key for key, (_, placed) in self._placed.items() if placed == host]

    def host_of(self, resource: P) -> str | None:
        """Returns the host that it was on when it was seen last. Another one of its name was elsewhere for all that is known."""
        uid, host = self._placed.get(resource.key, ("", None))
        return host if uid == resource.metadata.uid else None

    def forget(self, key: Key) -> None:
        self._placed.pop(key, None)

    def note(self, resource: P, host: str) -> None:
        self._placed[resource.key] = (resource.metadata.uid, host)

    async def look(self, resource: P, host: str) -> None:
        """Notes where it is. Where nobody serves that host, ``leave`` follows."""
        self.note(resource, host)
        if self._is_gone(host):
            await self.leave(resource, host)

    async def leave(self, resource: P, host: str) -> bool:
        """Lets it go where that is asked for, and tells whether it did; else its status says what is known, and how to ask. One
        that an operator has spoken of since is left alone: we may be late to see that its host is served again."""
        if asked := await self._asked_by(resource):
            message = f"let go as {asked} asks, though nobody serves host {host}: {self._stays}"
            await self._store.record_event(resource.key, "Warning", "Abandoned", message)
            await self._store.release(resource.key, resource.metadata.uid)
            return True
        ready = find_condition(resource.status.conditions, READY) if resource.status else None
        if await self._store.get(Host, Key(Host.KIND, "default", host)) is None:
            await self.doubt(resource.key, f"there is no host {host} any more")
        elif ready is not None and ready.reason == OPERATOR_GONE:
            await self.doubt(resource.key, unserved(host))
        return False

    async def _asked_by(self, resource: P) -> str:
        """Says what asks that it is let go; empty: nothing does. A machine that a deployment made has no document to annotate, so
        what its deployment asks counts as well."""
        if may_be_abandoned(resource):
            return f"its annotation {ABANDON}"
        if not isinstance(resource, VirtualMachine) or not resource.deleting or (owner := owner_key(resource)) is None:
            return ""
        deployment = await self._store.get(VirtualMachineDeployment, owner)
        asks = deployment is not None and owned_by(resource, deployment) and asks_to_abandon(deployment)
        return f"annotation {ABANDON} of its deployment {owner.name}" if asks else ""

    async def doubt(self, key: Key, why: str) -> None:
        """Reports that nobody serves its host: what was known of it is no longer known."""
        resource = await self._store.get(self._kind, key)
        if resource is None:
            return
        message = f"{why}: {self._stays}"
        if resource.deleting:
            owner = owner_key(resource) if isinstance(resource, VirtualMachine) else None
            whom = f"its deployment {owner.name}" if owner is not None else "it"
            message += f". To let it go nevertheless, annotate {whom} with {ABANDON}=true"
        status = self._unknown(resource, message)
        if status != resource.status:
            await self._store.write_status(key, resource.metadata.uid, status)
