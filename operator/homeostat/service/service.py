"""Everything that can be asked for, over one place where resources are read and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from homeostat.driver.storage.folders import bytes_on_disk
from homeostat.models.base import Key
from homeostat.models.condition import READY, find_condition
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.models.schedule import SnapshotSchedule
from homeostat.planner.orphans import Orphan
from homeostat.runtime.engine.ports import Event
from homeostat.store.desired import Workspace
from homeostat.store.errors import FolderProblem

from .admission import Admission, Limits
from .changes import Changes
from .collection import Collection
from .deployments import Deployments
from .disks import Disks
from .exports import DiskExports, ExportLimits
from .images import Images
from .machines import Machines
from .networks import Networks
from .plugins import Plugins
from .power import wants_running
from .snapshots import MachineSnapshots
from .trash import TrashRoom
from .uploads import ImageUploads


@dataclass(frozen=True, slots=True)
class Capacity:
    """What hosts have; memory in bytes."""

    cpus: int
    memory: int
    available: int


class ServerLimits(Limits, ExportLimits, Protocol):
    """What this server allows."""


class Service:
    """What the native API and every contract are built on."""

    def __init__(self, workspace: Workspace, changes: Changes, limits: ServerLimits) -> None:
        self._store = workspace.store
        self.namespace = workspace.namespace
        self.changes = changes
        self.admission = Admission(limits, workspace)
        self.plugins = Plugins(workspace, changes, self.admission)
        self.machines = Machines(workspace, changes, self.admission, self.plugins)
        self.deployments = Deployments(workspace, changes, self.admission)
        self.disks = Disks(workspace, changes, self.admission, limits.state)
        self.images = Images(workspace, changes, self.admission)
        self.uploads = ImageUploads(self.images, limits.state, limits.max_upload, lambda: limits.uploads_elsewhere)
        self.networks = Networks(workspace, changes, self.admission)
        self.snapshots = MachineSnapshots(workspace, changes, self.admission, self.machines, limits.state)
        self.schedules = Collection(workspace, changes, self.admission, SnapshotSchedule)
        self.exports = DiskExports(self.machines, self.disks, self.snapshots, workspace.store, limits)
        self.trash = TrashRoom(limits.state, workspace.namespace)

    def events(self, after_id: int, key: Key | None, limit: int) -> Sequence[Event]:
        """Returns the events after ``after_id``, oldest first; with 0 the newest ``limit`` of them."""
        return self._store.events(after_id, key, limit)

    async def capacity(self) -> Capacity | None:
        """Returns what the hosts have together that can be reached, and what of it no machine is given. None: there is one host,
        which reports nothing."""
        hosts = [host for host in await self._store.list(Host) if _ready(host)]
        if not hosts:
            return None
        reported = [host.status.capacity for host in hosts if host.status is not None and host.status.capacity is not None]
        total = sum(capacity.memory for capacity in reported)
        machines = await self._store.list(VirtualMachine)
        given = sum(machine.spec.resources.memory for machine in machines if wants_running(machine.spec))
        return Capacity(sum(capacity.vcpus for capacity in reported), total, max(total - given, 0))

    def desired_errors(self) -> Sequence[FolderProblem]:
        """Returns what is wrong with the desired state, and which deletions are held."""
        return self._store.errors()

    def orphans(self) -> Sequence[tuple[str, Orphan, int | None]]:
        """Returns host, orphan, and the bytes of its disks (None: it has none, or they are elsewhere). Reads the disk."""
        mine = (
            (host, orphan)
            for host, found in self._store.all_orphans().items()
            for orphan in found
            if orphan.namespace == self.namespace
        )
        return [(host, orphan, bytes_on_disk(orphan.directory, orphan.disks)) for host, orphan in mine]


def _ready(host: Host) -> bool:
    ready = find_condition(host.status.conditions, READY) if host.status else None
    return ready is not None and ready.status == "True"
