"""One reconcile of one Disk that has no host yet, on one page: what asks for a host → choose → place, or say why not.

A Disk lies on one host for good. It goes where its file was kept, where its source lies, and where the machine that names it
is or can be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from homeostat.models.base import Key
from homeostat.models.condition import READY, RECONCILING, STALLED
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.planner.disk.kept import offers_with_file
from homeostat.planner.placement import DISK_NOT_READY, Demand, Offer, choose, demand_of_image, displaced, host_of, selector_of
from homeostat.planner.plan import Stalled, Waiting

from ..engine.ports import Unreadable
from ..engine.reconciler import GONE, Next
from ..host.deserted import Deserted, status_with
from ..machine.demands import demands_around
from ..machine.placement import RETRY_SECONDS, PlacingStore
from .circle import in_a_circle

PATIENCE = 5.0
"""Seconds that a Disk waits for a machine that names it, where more than one host could have it: they often come together."""

DiskLocated = Callable[[Disk], str | Waiting | None]
"""The host that has the file of a Disk that is not placed, or why that cannot be known now. None: any host may have it."""


class Offering(Protocol):
    """What Placer knows of hosts and of machines."""

    def offers(self) -> Sequence[Offer]: ...

    async def needs(self, machine: VirtualMachine) -> tuple[VirtualMachine, int]:
        """Returns a machine with its plugin's part, and the bytes of memory that it needs."""


class DiskPlacer:
    """Remembers which Disks lie on which host, and what those without one wait for."""

    def __init__(
        self,
        store: PlacingStore,
        machines: Offering,
        is_gone: Callable[[str], bool],
        located: DiskLocated = lambda disk: None,
        one_folder: bool = False,
        patience: float = PATIENCE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes ``machines``, which knows what hosts offer. ``is_gone``: see Placer. ``one_folder``: all hosts open the same
        files, so that only ``located`` says where a Disk must be; one that is deleted before it has a host is let go.
        ``located``: see DiskLocated. ``patience``: seconds, see PATIENCE."""
        self._store = store
        self._machines = machines
        self._is_gone = is_gone
        self._patience, self._now = patience, now
        self._located = located
        self._one_folder = one_folder
        self._placed = Deserted(Disk, store, is_gone)
        self.placed_on, self.doubt = self._placed.placed_on, self._placed.doubt
        self._waiting: dict[Key, frozenset[Key]] = {}  # Disks without a host: what they wait for, besides hosts
        self._since: dict[Key, float] = {}  # when each was seen first that no machine names

    looks_at_many = False

    def woken_by(self, key: Key) -> Collection[Key]:
        """Returns the Disks that have no host, when what decides about one of them changed; and those of a host that is gone."""
        if key.kind == Host.KIND:
            return (*self._waiting, *(self.placed_on(key.name) if self._is_gone(key.name) else ()))
        return [disk for disk, on in self._waiting.items() if key in on]

    async def reconcile(self, disk: Disk) -> Next:
        key, host = disk.key, host_of(disk.metadata.finalizers)
        if host is not None:
            self._settled(key)
            await self._placed.look(disk, host)
            if not (self._one_folder or self._is_gone(host)) and (elsewhere := displaced(disk, host, self._has_host)) is not None:
                await self._tell(disk, elsewhere)  # no host does anything about it
            return Next()
        if disk.deleting and not self._one_folder:
            return Next()
        chosen = await self.choose(disk)
        if chosen is None:  # it was deleted before any host had it
            await self._store.release(key, disk.metadata.uid)
            return GONE
        if isinstance(chosen, Waiting | Stalled):
            await self._tell(disk, chosen)
            return Next(chosen.after if isinstance(chosen, Waiting) and chosen.after else RETRY_SECONDS)
        if await self._store.place(key, disk.metadata.uid, chosen):
            self._settled(key)
            self._placed.note(disk, chosen)
        return Next()

    def forget(self, key: Key) -> None:
        """Forgets a Disk that has gone."""
        self._placed.forget(key)
        self._settled(key)

    # Where it goes ------------------------------------------------------------------------------------------------------

    async def choose(self, disk: Disk) -> str | Waiting | Stalled | None:
        """Returns the host for a Disk that has none, or why it gets none. None: it is being deleted, and nothing of it is
        anywhere."""
        self._waiting[disk.key] = frozenset()
        offers = self._machines.offers()
        known = self._located(disk) or (None if self._one_folder else self._former_host(disk, offers))
        if known is not None or disk.deleting:
            return known
        demands = [selector_of(disk)]
        kept = None if self._one_folder else offers_with_file(disk, offers)
        if isinstance(kept, Waiting | Stalled):
            return kept
        if kept is not None:  # and what it was made from counted once
            offers, demands = kept[0], [*demands, *kept[1]]
        elif isinstance(source := await self._source(disk), Waiting | Stalled):
            return source
        else:
            demands += source
        users = [vm for vm in await self._store.list(VirtualMachine, disk.metadata.namespace) if _names(vm, disk)]
        self._wait_for(disk, [vm.key for vm in users])
        placed = {vm.metadata.name: host for vm in users if (host := host_of(vm.metadata.finalizers)) is not None}
        if placed:
            name = min(placed)
            demands.append(Demand(f"machine {name}, which names it,", host=placed[name]))
        elif coming := sorted((vm for vm in users if not vm.deleting), key=lambda vm: vm.metadata.name):
            return await self._beside(coming, disk, offers, demands)
        elif users == [] and (patience := self._wait_a_little(disk, offers, demands)) is not None:
            return patience
        return _named(choose(0, offers, demands))

    async def _beside(
        self, coming: Sequence[VirtualMachine], disk: Disk, offers: Sequence[Offer], demands: Sequence[Demand]
    ) -> str | Waiting | Stalled:
        """Returns the host for a Disk and the first of the machines that come and name it. One that asks for what no host of the
        Disk's has keeps no other one waiting: it says so itself."""
        reasons: list[Waiting | Stalled] = []
        for vm in coming:
            machine, memory = await self._machines.needs(vm)
            asked = [*demands, *await demands_around(machine, disk.key, self._store)]
            chosen = _named(choose(memory, offers, asked))
            if isinstance(chosen, str) or any(all(not one.unmet(offer.labels) for one in asked) for offer in offers):
                return chosen  # or it waits for a host that has what it asks for
            reasons.append(chosen)
        return reasons[0]

    def _former_host(self, disk: Disk, offers: Sequence[Offer]) -> str | Waiting | None:
        """Returns the host that it was on before somebody removed our finalizer. On another one there would be a second disk, and
        it would be empty."""
        before = self._placed.host_of(disk) or (disk.status.host if disk.status else None)
        if before is None or any(offer.name == before for offer in offers):
            return before
        return Waiting("HostGone", f"it lies on host {before}, which is no more: add the host again, or delete this Disk")

    async def _source(self, disk: Disk) -> list[Demand] | Waiting | Stalled:
        """Returns where the file lies that it is to be a copy of."""
        source, namespace = disk.spec.source, disk.metadata.namespace
        if source is not None and source.disk_ref is not None:
            what, key = f"Disk {source.disk_ref.name}", Key(Disk.KIND, namespace, source.disk_ref.name)
            field, found = "diskRef", await self._store.get(Disk, key)
            host = host_of(found.metadata.finalizers) if found is not None else None
        elif source is not None and source.snapshot_ref is not None:
            what, key = f"Snapshot {source.snapshot_ref.name}", Key(Snapshot.KIND, namespace, source.snapshot_ref.name)
            field, snapshot = "snapshotRef", await self._store.get(Snapshot, key)
            host = host_of(snapshot.metadata.finalizers) if snapshot is not None else None
            found = snapshot  # type: ignore[assignment]
        else:
            return await self._image(disk)
        self._wait_for(disk, [key])
        if found is None or found.deleting:
            why = "is being deleted" if found is not None else f"is not in namespace {namespace}"
            return Waiting(DISK_NOT_READY, f"spec.source.{field}: {what} {why}: name another one")
        if host is None:
            return await in_a_circle(disk, self._store) or Waiting(
                DISK_NOT_READY, f"spec.source.{field}: {what} has no host yet, and a copy is made where its source lies"
            )
        return [Demand(f"its source, {what},", host=host)]

    async def _image(self, disk: Disk) -> list[Demand]:
        """Returns what the Image asks for that it is to be made from. Where it is made, a missing one is reported."""
        image = disk.spec.source.image if disk.spec.source is not None else None
        if image is None or image.image_ref is None:
            return []
        key = Key(Image.KIND, disk.metadata.namespace, image.image_ref.name)
        self._wait_for(disk, [key])
        try:
            found = await self._store.get(Image, key)
        except Unreadable:
            return []
        return [demand_of_image(found)] if found is not None else []

    def _wait_a_little(self, disk: Disk, offers: Sequence[Offer], demands: Sequence[Demand]) -> Waiting | None:
        """Waits a little for a machine, as long as it matters: where it goes may depend on that machine."""
        open_ = [offer for offer in offers if not offer.refuses(0, demands)]
        if len(open_) < 2 or any(demand.host for demand in demands):
            return None
        left = self._since.setdefault(disk.key, self._now()) + self._patience - self._now()
        if left <= 0:
            return None
        return Waiting("NoMachineYet", "no machine names it yet: in a few seconds it goes to any host that may have it", left)

    def _wait_for(self, disk: Disk, keys: Collection[Key]) -> None:
        self._waiting[disk.key] = frozenset({*self._waiting.get(disk.key, ()), *keys})

    def _settled(self, key: Key) -> None:
        self._waiting.pop(key, None)
        self._since.pop(key, None)

    def _has_host(self, name: str) -> bool:
        return any(offer.name == name for offer in self._machines.offers())

    async def _tell(self, disk: Disk, why: Waiting | Stalled) -> None:
        word = STALLED if isinstance(why, Stalled) else RECONCILING
        status = status_with(disk, {READY: "False", word: "True"}, why.reason, why.message)
        if status != disk.status:
            await self._store.write_status(disk.key, disk.metadata.uid, status)


def _named(chosen: Offer | Waiting | Stalled) -> str | Waiting | Stalled:
    return chosen.name if isinstance(chosen, Offer) else chosen


def _names(machine: VirtualMachine, disk: Disk) -> bool:
    return any(device.disk_ref is not None and device.disk_ref.name == disk.metadata.name for device in machine.spec.disks)
