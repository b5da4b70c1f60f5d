"""What one job of an operator sees of the store, and may change: the machines of a host, or what is not a host's.

There are two kinds of jobs, each done by one operator at a time (see lease). *host NAME* runs the machines that were placed on
that host.
*controller* creates machines for deployments, places machines, and looks after plugins and hosts.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Protocol

from homeostat.models.base import Key, Model, Resource
from homeostat.models.deployment import HELD, VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.planner.placement import host_finalizer, host_of, hosts_of, labels_of, placements_of
from homeostat.runtime.engine.ports import EventType, Happening, R
from homeostat.store.errors import Invalid
from homeostat.store.index.follow import follow_index
from homeostat.store.index.index import FINALIZER
from homeostat.store.index.row import Row
from homeostat.store.placed import PlacedStore


class Fence(Protocol):
    def check(self) -> None:
        """Checks that the job is ours. Raises LeadershipLost."""


class JobStore:
    """A ResourceStore that writes only while the job is ours."""

    def __init__(self, store: PlacedStore, fence: Fence) -> None:
        self.store = store
        self._fence = fence

    def placed_on(self, host: str) -> Sequence[Key]:
        """Returns the machines, Disks and snapshots that are placed there, those that are being deleted included."""
        kinds = (VirtualMachine.KIND, Disk.KIND, Snapshot.KIND)
        rows = (row for kind in kinds for row in self.store.index.rows(kind))
        return [row.key for row in rows if host_of(json.loads(row.finalizers)) == host]

    async def get(self, kind: type[R], key: Key) -> R | None:
        """Returns the resource; None also for one that the models refuse. Such a resource says so in its status, and is left
        alone until it is fixed.

        Raises:
            Invalid: a plugin or an Image, or a Disk that is asked for by kind: others rest on these.
        """
        try:
            return await self.store.get(kind, key)
        except Invalid as error:
            self._fence.check()
            await self.store.refuse(key, error)
            if key.kind in (Plugin.KIND, Image.KIND) or kind is Disk:
                raise
            return None

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]:
        return await self.store.list(kind, namespace)

    async def newer(self, kind: type[R], namespace: str, known: Mapping[str, int]) -> tuple[Mapping[str, int], Sequence[R]]:
        return await self.store.newer(kind, namespace, known)

    async def write_status(self, key: Key, uid: str, status: Model) -> None:
        self._fence.check()
        await self.store.write_status(key, uid, status)

    async def report(self, key: Key, uid: str, status: Model | None, happenings: Sequence[Happening]) -> None:
        self._fence.check()
        await self.store.report(key, uid, status, happenings)

    async def release(self, key: Key, uid: str) -> None:
        self._fence.check()
        await self.store.release(key, uid)

    async def apply_owned(self, resource: Resource) -> None:
        self._fence.check()
        await self.store.apply_owned(resource)

    async def delete_owned(self, key: Key, annotations: Mapping[str, str]) -> None:
        self._fence.check()
        await self.store.delete_owned(key, annotations)

    async def record_event(
        self, key: Key, type: EventType, reason: str, message: str, fields: Mapping[str, Any] | None = None
    ) -> None:
        self._fence.check()
        await self.store.record_event(key, type, reason, message, fields)


_EVERYWHERE = frozenset({Plugin.KIND, Image.KIND, Network.KIND, Disk.KIND})
"""The kinds of which a host sees all, since a machine on it may name any."""


class HostStore(JobStore):
    """The machines and the Disks of one host with their snapshots, the plugins that they may be made from, and the networks that
    they may be plugged into."""

    def __init__(self, store: PlacedStore, fence: Fence, host: str) -> None:
        super().__init__(store, fence)
        self._host = host
        self._mine: set[Key] = set()
        self._said: dict[Key, bytes] = {}  # by machine, the digest of the status that we wrote last

    @property
    def machines(self) -> int:
        """How many machines are placed here."""
        return sum(key.kind == VirtualMachine.KIND for key in self._mine)

    async def get(self, kind: type[R], key: Key) -> R | None:
        """Returns what is this host's: not a machine of another host, whatever it was when its key was queued, not a
        deployment that waits for other hosts, and not a network that is being deleted and is not here. Of Disks it returns those
        of all hosts, since a machine here may name any; see kept_elsewhere."""
        if key.kind in (VirtualMachine.KIND, VirtualMachineDeployment.KIND, Snapshot.KIND):
            row = self.store.index.row(key)
            if row is None or not self._is_mine(row):
                return None
        found = await super().get(kind, key)
        return await self._held(kind, found) if isinstance(found, Snapshot | Network) else found

    def has_host(self, name: str) -> bool:
        """Tells whether there is a host of that name."""
        return self.store.index.row(Key(Host.KIND, "default", name)) is not None

    async def _held(self, kind: type[R], found: Snapshot | Network) -> R | None:
        """Returns a snapshot or a network once it has this host's finalizer, since it must not go before what it has here. A
        network that is not for this host gets none."""
        meta, wanted = found.metadata, host_finalizer(self._host)
        if wanted not in meta.finalizers:
            if found.deleting:
                return None
            if isinstance(found, Snapshot) or self._selected(found):
                self._fence.check()
                if not await self.store.hold(found.key, meta.uid, [wanted]):
                    return None
        return await super().get(kind, found.key)

    def _selected(self, network: Network) -> bool:
        row = self.store.index.row(Key(Host.KIND, "default", self._host))
        labels = labels_of(self._host, json.loads(row.metadata).get("labels") or {} if row is not None else {})
        return all(labels.get(name) == value for name, value in network.spec.host_selector.items())

    async def release(self, key: Key, uid: str) -> None:
        """Removes this host's finalizer. On a deployment or a network other hosts have their own."""
        self._fence.check()
        whole = key.kind in (VirtualMachine.KIND, Snapshot.KIND, Disk.KIND)
        await self.store.release(key, uid, only="" if whole else host_finalizer(self._host))

    async def write_status(self, key: Key, uid: str, status: Model) -> None:
        self._said[key] = _digest(self.store.status_form(status))
        await super().write_status(key, uid, status)

    async def report(self, key: Key, uid: str, status: Model | None, happenings: Sequence[Happening]) -> None:
        if status is not None:
            self._said[key] = _digest(self.store.status_form(status))
        await super().report(key, uid, status, happenings)

    async def changes(self) -> AsyncIterator[Key]:
        """Yields changes. A changed status counts only where it is not what we wrote. Then a controller wrote it that took us for
        dead, an operator that served this host before and was late to notice, or anybody else."""
        seen: dict[Key, int] = {}
        async for key in follow_index(self.store.index, statuses=True):
            row = self.store.index.row(key)
            of_it: list[Key] = []
            if key.kind in (VirtualMachine.KIND, Snapshot.KIND):
                if row is not None and self._is_mine(row):
                    of_it = [] if key in self._mine else self._snapshots_of(key)
                    self._mine.add(key)
                elif key in self._mine:
                    self._mine.discard(key)
                else:
                    continue
            elif key.kind == VirtualMachineDeployment.KIND:
                if row is None or not self._is_mine(row):
                    continue
            elif key.kind not in _EVERYWHERE and key != Key(Host.KIND, "default", self._host):
                continue
            if row is None:
                seen.pop(key, None)
                self._said.pop(key, None)
            elif seen.get(key) == row.changed and self._is_as_said(key, row):
                continue
            else:
                seen[key] = row.changed
            yield key
            for snapshot in of_it:  # they are this host's from now on
                self._mine.add(snapshot)
                yield snapshot

    def _snapshots_of(self, machine: Key) -> list[Key]:
        if machine.kind != VirtualMachine.KIND:
            return []
        return [row.key for row in self.store.index.rows(Snapshot.KIND, machine.namespace) if _machine_of(row) == machine]

    def _is_as_said(self, key: Key, row: Row) -> bool:
        """Tells whether a status is not ours to write, or is as we wrote it."""
        ours = key.kind in (VirtualMachine.KIND, Snapshot.KIND, Host.KIND, Network.KIND) or (
            key.kind == Disk.KIND and self._is_mine(row)
        )
        return not ours or self._said.get(key) == _digest(json.loads(row.status or "{}"))

    def _is_mine(self, row: Row) -> bool:
        """Tells whether it is a machine that was placed here, a snapshot of one, or a deployment that is being deleted and may
        have disks here."""
        if row.kind == VirtualMachineDeployment.KIND and row.deleted is None:
            return False
        if row.kind == Snapshot.KIND and self._host not in hosts_of(json.loads(row.finalizers)):
            machine = self.store.index.row(_machine_of(row))
            return machine is not None and self._is_mine(machine)
        placed = hosts_of(json.loads(row.finalizers))
        on_one = row.kind in (VirtualMachine.KIND, Disk.KIND)  # whatever others add
        return self._host in (placed[:1] if on_one else placed)


class ControllerStore(JobStore):
    """Deployments, plugins, Images, networks and hosts; machines only as far as these rest on them."""

    async def get(self, kind: type[R], key: Key) -> R | None:
        """Returns the resource. All but machines and Disks, which get their host's, get a finalizer before anything is done for
        them: they must not go before we have cleaned up, nor a host before its machines, nor a schedule before its snapshots."""
        try:
            found = await super().get(kind, key)
        except Invalid:
            if not await self._let_go(key):
                raise
            return None
        held = (VirtualMachineDeployment.KIND, SnapshotSchedule.KIND, Plugin.KIND, Image.KIND, Network.KIND, Host.KIND)
        if found is not None and found.kind in held and HELD in found.metadata.annotations:
            return None
        if found is None or found.kind not in held:
            return found
        if found.deleting:
            return found if FINALIZER in found.metadata.finalizers else None  # otherwise nobody waits for us
        wanted = {FINALIZER, *self._homes(found)}
        if wanted <= set(found.metadata.finalizers):
            return found
        self._fence.check()
        return await super().get(kind, key) if await self.store.hold(key, found.metadata.uid, sorted(wanted)) else None

    def _homes(self, found: Resource) -> Iterator[str]:
        """Yields the finalizers of the hosts that a stateful deployment may have disks on, in case somebody removed them."""
        if isinstance(found, VirtualMachineDeployment) and found.spec.stateful:
            with contextlib.suppress(ValueError):  # placing reports it, where it matters
                for host in set(placements_of(found).values()):
                    if self.exists(Key(Host.KIND, "default", host)):
                        yield host_finalizer(host)

    async def _let_go(self, key: Key) -> bool:
        """Lets a plugin or an Image go that the models refuse, once it is being deleted and nobody uses it: there is nothing to
        tear down. Tells whether it went."""
        row = self.store.index.row(key)
        kinds = (VirtualMachine.KIND, VirtualMachineDeployment.KIND, Plugin.KIND)
        if row is None or row.deleted is None:
            return False
        users = (user for kind in kinds for user in self.store.index.rows(kind, key.namespace))
        if any(_plugin_of(user) == key or _names_image(user, key) for user in users):
            return False
        await self.store.release(key, row.uid)
        return True

    async def place(self, key: Key, uid: str, host: str) -> bool:
        """Places a machine or a Disk; see PlacingStore."""
        self._fence.check()
        return await self.store.place(key, uid, host)

    def exists(self, key: Key) -> bool:
        """Tells whether it is there; see PlacingStore."""
        return self.store.index.row(key) is not None

    async def bind(self, deployment: Key, uid: str, machine: str, host: str) -> None:
        """Binds a machine's name to a host; see PlacingStore."""
        self._fence.check()
        await self.store.bind(deployment, uid, machine, host)

    async def changes(self) -> AsyncIterator[Key]:
        """Yields changes. A change of a machine, also of its status, is one of its deployment and its plugin."""
        owners: dict[Key, set[Key]] = {}
        async for key in follow_index(self.store.index, statuses=True):
            if key.kind != VirtualMachine.KIND:
                yield key
                continue
            row = self.store.index.row(key)
            now = _interested(row) if row is not None else set()
            for other in now | owners.pop(key, set()):
                yield other
            if now:
                owners[key] = now
            yield key


def _digest(status: Mapping[str, Any]) -> bytes:
    return hashlib.blake2b(json.dumps(status, sort_keys=True).encode(), digest_size=16).digest()


def _interested(row: Row) -> set[Key]:
    """Returns the deployment and the plugin of a machine."""
    owners = json.loads(row.metadata).get("ownerReferences", ())
    found = {
        Key(VirtualMachineDeployment.KIND, row.namespace, owner["name"])
        for owner in owners
        if owner.get("controller") and owner.get("kind") == VirtualMachineDeployment.KIND
    }
    return found | {plugin} if (plugin := _plugin_of(row)) else found


def _machine_of(row: Row) -> Key:
    """Returns the machine of a snapshot; also where the models refuse the spec."""
    return Key(VirtualMachine.KIND, row.namespace, str(row.said("machineRef", "name") or ""))


def _plugin_of(row: Row) -> Key | None:
    """Returns the plugin that a machine, or the machines of a deployment, are made from; also where the models refuse the
    spec."""
    within = ("template", "spec") if row.kind == VirtualMachineDeployment.KIND else ()
    name = row.said(*within, "pluginRef", "name")
    return Key(Plugin.KIND, row.namespace, str(name)) if name else None


def _names_image(row: Row, image: Key) -> bool:
    """Tells whether a spec names the Image, however deep and whatever else the models refuse of it."""

    def names(part: Any) -> bool:
        if isinstance(part, dict):
            return part.get("imageRef") == {"name": image.name} or any(map(names, part.values()))
        return isinstance(part, list) and any(map(names, part))

    return image.kind == Image.KIND and names(json.loads(row.spec))
