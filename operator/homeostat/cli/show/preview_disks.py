"""The plans of all Disks, and what their files will be for the machines that name them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import ImageRef
from homeostat.planner.disk.foresee import foresee_disk
from homeostat.planner.disk.observed import DiskSeen
from homeostat.planner.machine.storage import image_ref
from homeostat.planner.observed import Observed, ObservedDisk, ObservedImage
from homeostat.planner.plan import Converged, Plan, Stalled
from homeostat.runtime.disk.observe import observe_disk
from homeostat.runtime.disk.unkept import UNKEPT
from homeostat.runtime.hypervisor import HostDriver
from homeostat.runtime.machine.claims import Claims
from homeostat.runtime.machine.images import ImageUse
from homeostat.runtime.machine.named import kept_here, named_disks
from homeostat.store.files.store import FilesStore

from .render_disk import DiskEntry


@dataclass(slots=True)
class DiskForesight:
    """Plans the Disks once. ``kept``: whether some host keeps them."""

    store: FilesStore
    host: HostDriver
    kept: bool
    fetched: Mapping[str, ObservedImage]
    files: dict[str, ObservedDisk] = field(default_factory=dict)  # by path: what will be there
    seen: dict[Key, DiskSeen] = field(default_factory=dict)

    async def plan(
        self, disk: Disk, place: str, claims: Claims, foresee: Callable[[tuple[ImageRef, ...], Observed], Awaitable[None]]
    ) -> DiskEntry:
        """Plans one Disk. ``foresee`` finds out what images will be that are not there yet."""
        if not self.kept:
            return DiskEntry(disk, Plan(outcome=Stalled("SeveralHosts", UNKEPT)), place)
        seen = await observe_disk(disk, self.host, self.store, ImageUse(), claims)
        seen = self._after_its_source(disk, seen)
        refs = (image_ref(seen.image),) if seen.image is not None and not seen.image.is_open else ()
        await foresee(refs, Observed(seen.host, None, storage=seen.storage))
        plan, seen = foresee_disk(disk, seen, self.fetched)
        if seen.named.file is not None and isinstance(plan.outcome, Converged):
            self.files[seen.path] = seen.named.file
        self.seen[disk.key] = seen
        return DiskEntry(disk, plan, place)

    def _after_its_source(self, disk: Disk, seen: DiskSeen) -> DiskSeen:
        """Takes the Disk that it is a copy of as `up` will have made it by then."""
        source = disk.spec.source
        if source is None or source.disk_ref is None or seen.origin_problem is None:
            return seen
        origin = self.seen.get(Key(Disk.KIND, disk.metadata.namespace, source.disk_ref.name))
        file = self.files.get(origin.path) if origin else None
        missing = seen.origin_problem.reason == "DiskNotReady"
        return replace(seen, origin=file, origin_problem=None) if file is not None and missing else seen

    async def machine(self, machine: VirtualMachine, observed: Observed) -> Observed:
        """Returns the observation of a machine with its Disks as they will be."""
        named = await named_disks(machine, self.store, kept_here if self.kept else lambda disk: UNKEPT)
        if not named:
            return observed
        coming = {path: file for path, file in self.files.items() if path not in observed.storage.disks}
        storage = replace(observed.storage, disks={**observed.storage.disks, **coming})
        return replace(observed, named=named, storage=storage)


def in_order(disks: list[Disk]) -> list[Disk]:
    """Returns the Disks so that a copy comes after its source."""
    by_key, found = {disk.key: disk for disk in disks}, dict[Key, Disk]()

    def add(disk: Disk, below: frozenset[Key]) -> None:
        source = disk.spec.source
        if source is not None and source.disk_ref is not None:
            origin = by_key.get(Key(Disk.KIND, disk.metadata.namespace, source.disk_ref.name))
            if origin is not None and origin.key not in below:
                add(origin, below | {disk.key})
        found.setdefault(disk.key, disk)

    for disk in disks:
        add(disk, frozenset({disk.key}))
    return list(found.values())
