"""Everything that one actor can ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Right
from homeostat.consoles.frames import Frames
from homeostat.driver.guests.calls import GuestCalls
from homeostat.driver.storage.folders import bytes_on_disk
from homeostat.models.base import Key, Resource
from homeostat.models.condition import READY, holds
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.planner.orphans import Orphan
from homeostat.runtime.engine.ports import Event
from homeostat.store.errors import FolderProblem

from .asking import Asking
from .changing.admission import Admission
from .consoles.console_logs import ConsoleLogs
from .consoles.consoles import MachineConsoles
from .consoles.keys import Keyboards, MachineKeys
from .consoles.screens import MachineScreens
from .files.exports import CopiesUnderWay, DiskExports
from .files.trash import TrashRoom
from .files.uploads import ImageUploads
from .kinds.collection import Collection
from .kinds.deployments import Deployments
from .kinds.disks import Disks
from .kinds.hosts import Hosts
from .kinds.images import Images
from .kinds.machines import Machines
from .kinds.networks import Networks
from .kinds.plugins import Plugins
from .kinds.power import wants_running
from .kinds.snapshots import MachineSnapshots
from .naming.veil import SaidOfOthers, veiled_event, veiled_statuses

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What hosts have; memory in bytes."""

    cpus: int
    memory: int
    available: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What the server has once, whoever asks."""

    copies: CopiesUnderWay
    hashes: dict[str, tuple[int, Any]] = field(default_factory=dict)  # of uploads, by id
    frames: Frames = field(default_factory=Frames)
    keyboards: Keyboards = field(default_factory=Keyboards)
    calls: GuestCalls = field(default_factory=GuestCalls)


class Desk:
    """Serves one actor. What it shows is what he may see; what it does is what he may do."""

    def __init__(self, asking: Asking, shared: Shared) -> None:
        self.asking = asking
        self._shared = shared
        self._store = asking.workspace.store

    @property
    def actor(self) -> Actor:
        return self.asking.actor

    @property
    def admission(self) -> Admission:
        return Admission(self.asking)

    @property
    def plugins(self) -> Plugins:
        return Plugins(self.asking)

    @cached_property
    def machines(self) -> Machines:
        return Machines(self.asking)

    @property
    def deployments(self) -> Deployments:
        return Deployments(self.asking)

    @cached_property
    def disks(self) -> Disks:
        return Disks(self.asking)

    @property
    def images(self) -> Images:
        return Images(self.asking)

    @property
    def networks(self) -> Networks:
        return Networks(self.asking)

    @cached_property
    def snapshots(self) -> MachineSnapshots:
        return MachineSnapshots(self.asking, self.machines)

    @property
    def schedules(self) -> Collection[SnapshotSchedule]:
        return Collection(self.asking, SnapshotSchedule)

    def of(self, kind: type[R]) -> Collection[R]:
        """Returns the resources of a kind, also of one that only the operator makes."""
        own = COLLECTIONS.get(kind)
        return cast("Collection[R]", own(self)) if own is not None else Collection(self.asking, kind)

    @property
    def uploads(self) -> ImageUploads:
        limits = self.asking.limits
        return ImageUploads(self.images, limits.state, limits.max_upload, limits.uploads_elsewhere, self._shared.hashes)

    @property
    def exports(self) -> DiskExports:
        return DiskExports(self.machines, self.disks, self.snapshots, self._shared.copies)

    @property
    def console_logs(self) -> ConsoleLogs:
        return ConsoleLogs(self.machines, self.asking.limits)

    @property
    def consoles(self) -> MachineConsoles:
        return MachineConsoles(self.machines, self.asking.limits, self._shared.calls)

    @property
    def screens(self) -> MachineScreens:
        return MachineScreens(self.machines, self.consoles, self._shared.frames)

    @property
    def keys(self) -> MachineKeys:
        return MachineKeys(self.machines, self.consoles, self._shared.keyboards)

    @property
    def trash(self) -> TrashRoom:
        return TrashRoom(self.asking)

    @property
    def sees_all(self) -> bool:
        """Tells whether nothing is hidden from the actor."""
        return self.actor.everywhere(Right.SEE)

    async def sees(self, key: Key) -> bool | None:
        """Tells whether the actor sees the resource of that key. None: there is none."""
        return await self.asking.sees(key)

    async def told(self, event: Event) -> Event:
        """Returns an event as the actor may read it."""
        return await veiled_event(self.asking, event)

    async def readable(self, resources: Sequence[R], said: Sequence[SaidOfOthers]) -> Sequence[R]:
        """Returns resources that he sees, with statuses that he may read. ``said``: what each of these says of others."""
        return await veiled_statuses(self.asking, resources, said)

    async def may(self, right: Right, key: Key) -> bool:
        """Tells whether there is a resource of that key which the actor sees, and has a right to."""
        return bool(await self.sees(key)) and await self.asking.may_use(right, key)

    async def capacity(self) -> Capacity | None:
        """Returns what the hosts have together that can be reached, and what of it no machine is given. None: there is one host,
        which reports nothing; or the actor does not see what others have of it."""
        if not self.sees_all:
            return None
        hosts = [host for host in await self._store.list(Host) if holds(host.status, READY)]
        if not hosts:
            return None
        reported = [host.status.capacity for host in hosts if host.status is not None and host.status.capacity is not None]
        total = sum(capacity.memory for capacity in reported)
        machines = await self._store.list(VirtualMachine)
        given = sum(machine.spec.resources.memory for machine in machines if wants_running(machine.spec))
        return Capacity(sum(capacity.vcpus for capacity in reported), total, max(total - given, 0))

    async def reaches_hosts(self) -> bool:
        """Tells whether a host reports that its libvirt answers."""
        return any(holds(host.status, READY) for host in await self._store.list(Host))

    def desired_errors(self) -> Sequence[FolderProblem]:
        """Returns what is wrong with the desired state, and which deletions are held. It is of files, which belong to nobody."""
        return self._store.errors() if self.sees_all else []

    def orphans(self) -> Sequence[tuple[str, Orphan, int | None]]:
        """Returns host, orphan, and the bytes of its disks (None: it has none, or they are elsewhere). Reads the disk. Whose they
        are is not known: who does not see everything sees none."""
        if not self.sees_all:
            return []
        mine = (
            (host, orphan)
            for host, found in self._store.all_orphans().items()
            for orphan in found
            if orphan.namespace == self.asking.workspace.namespace
        )
        return [(host, orphan, bytes_on_disk(orphan.directory, orphan.disks)) for host, orphan in mine]


COLLECTIONS: Mapping[type[Resource], Callable[[Desk], Collection[Any]]] = {
    VirtualMachine: lambda desk: desk.machines,
    VirtualMachineDeployment: lambda desk: desk.deployments,
    SnapshotSchedule: lambda desk: desk.schedules,
    Snapshot: lambda desk: desk.snapshots,
    Plugin: lambda desk: desk.plugins,
    Disk: lambda desk: desk.disks,
    Image: lambda desk: desk.images,
    Network: lambda desk: desk.networks,
    Host: lambda desk: Hosts(desk.asking),
}
"""By kind: its resources, with the rules that they have."""
