"""The plans of all Disks, and what their files will be for the machines that name them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.planner.actions import ImageRef, TakeSnapshot
from homeostat.planner.disk.foresee import foresee_disk
from homeostat.planner.disk.observed import DiskSeen
from homeostat.planner.machine.storage.storage import image_ref
from homeostat.planner.observed import Observed, ObservedDisk, ObservedImage
from homeostat.planner.placement import DISK_NOT_READY, kept_elsewhere
from homeostat.planner.plan import Converged, Plan, Stalled, Waiting
from homeostat.planner.snapshot.plan import SnapshotPlan
from homeostat.runtime.disk.observe import observe_disk
from homeostat.runtime.hypervisor import HostDriver
from homeostat.runtime.machine.claims import Claims
from homeostat.runtime.machine.images import ImageUse
from homeostat.runtime.machine.named import kept_here, named_disks
from homeostat.store.files.store import FilesStore

from .preview_places import Place
from .render_disk import DiskEntry


@dataclass(slots=True)
class DiskForesight:
    """Plans the Disks once. ``hosts``: by name; ``places``: the host of each Disk, where there are several, or why it has
    none."""

    store: FilesStore
    first: HostDriver
    hosts: Mapping[str, HostDriver]
    places: Mapping[Key, Place]
    fetched: Mapping[str, ObservedImage]
    files: dict[str, ObservedDisk] = field(default_factory=dict)  # by path: what will be there
    seen: dict[Key, DiskSeen] = field(default_factory=dict)

    async def plan(
        self, disk: Disk, place: str, claims: Claims, foresee: Callable[[tuple[ImageRef, ...], Observed], Awaitable[None]]
    ) -> DiskEntry:
        """Plans one Disk. ``foresee`` finds out what images will be that are not there yet."""
        on = self.places.get(disk.key, "")
        if isinstance(on, Waiting | Stalled):
            return DiskEntry(disk, Plan(outcome=on), place)
        seen = await observe_disk(disk, self.hosts.get(on, self.first), self.store, ImageUse(), claims)
        seen = self._after_its_source(disk, seen)
        refs = (image_ref(seen.image),) if seen.image is not None and not seen.image.is_open else ()
        await foresee(refs, Observed(seen.host, None, storage=seen.storage))
        plan, seen = foresee_disk(disk, seen, self.fetched)
        if seen.named.file is not None and isinstance(plan.outcome, Converged):
            self.files[seen.path] = seen.named.file
        self.seen[disk.key] = seen
        return DiskEntry(disk, plan, place, on)

    def _after_its_source(self, disk: Disk, seen: DiskSeen) -> DiskSeen:
        """Takes the Disk that it is a copy of as `up` will have made it by then."""
        source = disk.spec.source
        if source is None or source.disk_ref is None or seen.origin_problem is None:
            return seen
        origin = self.seen.get(Key(Disk.KIND, disk.metadata.namespace, source.disk_ref.name))
        file = self.files.get(origin.path) if origin else None
        missing = seen.origin_problem.reason == DISK_NOT_READY
        return replace(seen, origin=file, origin_problem=None) if file is not None and missing else seen

    def from_snapshots(
        self, entries: Iterable[DiskEntry], taken: Mapping[Key, SnapshotPlan], ends: Iterable[Observed]
    ) -> list[DiskEntry]:
        """Plans the Disks once more that are copies of what a Snapshot takes only now. ``taken``: the plans of the Snapshots;
        ``ends``: what will be observed of machines by then."""
        files = {path: file for end in ends for path, file in end.storage.disks.items()}
        return [self._from_snapshot(entry, taken, files) for entry in entries]

    def _from_snapshot(self, entry: DiskEntry, taken: Mapping[Key, SnapshotPlan], files: Mapping[str, ObservedDisk]) -> DiskEntry:
        disk, seen = entry.resource, self.seen.get(entry.resource.key)
        ref = disk.spec.source.snapshot_ref if disk.spec.source is not None else None
        if ref is None or seen is None or entry.plan.outcome.reason != DISK_NOT_READY:
            return entry
        plan = taken.get(Key(Snapshot.KIND, disk.metadata.namespace, ref.name))
        take = next((action for action in plan.actions if isinstance(action, TakeSnapshot)), None) if plan is not None else None
        path = dict(take.disks).get(ref.disk) if take is not None else None
        if take is None or path is None:
            return entry
        size = files[path].virtual_size if path in files else 0
        seen = replace(seen, origin=ObservedDisk(path, size, None), origin_tag=take.tag, origin_problem=None)
        return replace(entry, plan=foresee_disk(disk, seen, self.fetched)[0])

    async def machine(self, machine: VirtualMachine, observed: Observed) -> Observed:
        """Returns the observation of a machine with its Disks as they will be."""
        host = observed.host.name
        named = await named_disks(machine, self.store, (lambda disk: kept_elsewhere(disk, host)) if self.hosts else kept_here)
        if not named:
            return observed
        coming = {path: file for path, file in self.files.items() if path not in observed.storage.disks}
        storage = replace(observed.storage, disks={**observed.storage.disks, **coming})
        return replace(observed, named=named, storage=storage)
