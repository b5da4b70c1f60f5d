"""What goes on while the contract is served: machines whose screen nobody has looked at for long end, and so do those whose guest
has shut down. Overlays go whose machine was deleted by others, and what was left in the middle of a snapshot or an upload."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from homeostat.models.base import Resource
from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.kinds.collection import Collection, R
from homeostat.service.refusals import Refusal
from homeostat.service.service import Service
from homeostat_api.http.contract import AccountsDoor
from homeostat_api.http.errors import Problem

from .errors import StoreError
from .isos import FILE_OF, is_no_iso
from .lab import Lab, has_ended
from .marks import OVERLAY, is_part, vmid_of
from .parts import LabParts
from .snapshots import PATIENCE

log = logging.getLogger("homeostat.api")

TIMEOUT = 1800
"""Seconds, where nothing is configured."""
SETTLES = timedelta(minutes=2)
"""How old an overlay is that has no machine, or an upload that is no ISO: one that is being made has none yet, and whoever takes
the other removes it himself."""
COPIED = timedelta(seconds=2.5 * PATIENCE)
"""How old a Snapshot is that nobody copies from any more: a server waits for it, and then for the copy."""


class Attendance:
    """``timeout``: seconds without anybody at its screen, after which a machine ends. They count from the start of this server
    at the earliest."""

    def __init__(self, service: Service, parts: LabParts, accounts: AccountsDoor, lab: Lab, timeout: float) -> None:
        self._service, self._parts, self._accounts, self._lab = service, parts, accounts, lab
        self._timeout = timeout
        self._seen: dict[str, datetime] = {}  # by the machine's uid

    async def keep(self) -> None:
        """Looks after the machines until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(min(15.0, self._timeout / 4))

    def last_seen(self, machine: VirtualMachine) -> str | None:
        """Returns when somebody was last seen at a machine's screen. None: that was not looked at yet."""
        found = self._seen.get(machine.metadata.uid)
        return found.isoformat(timespec="seconds").replace("+00:00", "Z") if found is not None else None

    async def look(self) -> None:
        """Ends what is due."""
        desk, now = self._service.house, datetime.now(UTC)
        machines = await self._parts.sessions()
        watched = await self._watched() if machines else frozenset()
        seen = {one.metadata.uid: self._seen.get(one.metadata.uid, now) for one in machines}
        self._seen = {uid: now if uid in watched else at for uid, at in seen.items()}
        for machine in machines:
            idle = (now - self._seen[machine.metadata.uid]).total_seconds()
            if idle >= self._timeout or (has_ended(machine) and not machine.deleting):
                log.info("vm-share: %s ends: nobody looked at it for %.0f s, or its guest is off", machine.metadata.name, idle)
                await self._end(desk, machine)
        await self._sweep(desk, now)

    async def _watched(self) -> frozenset[str]:
        reception = await self._accounts.opened()
        return frozenset(one.console.uid for one in await self._accounts.run(reception.consoles.list))

    async def _end(self, desk: Desk, machine: VirtualMachine) -> None:
        try:
            await self._lab.end_one(desk, machine)
        except (Problem, Refusal, StoreError) as error:
            log.warning("vm-share: %s could not be ended: %s", machine.metadata.name, error)

    async def _sweep(self, desk: Desk, now: datetime) -> None:
        """Deletes the overlays of machines that are gone, and what servers that were killed left of the snapshots that they were
        taking, and of uploads that are no ISO."""
        overlays = [one for one in await self._parts.disks() if is_part(one, OVERLAY) and not one.deleting]
        there = {vmid_of(one) for one in await self._parts.sessions()} if overlays else set()
        for disk in overlays:
            if vmid_of(disk) not in there and _older(disk, now, SETTLES):
                await self._delete(desk.disks, disk)
        for moment in await self._parts.moments():
            if not moment.deleting and _older(moment, now, COPIED):
                await self._delete(desk.snapshots, moment)
        for image in await self._parts.images():
            his = FILE_OF in image.metadata.annotations and not image.deleting
            if his and is_no_iso(image) and _older(image, now, SETTLES) and not await desk.images.users(image.metadata.name):
                await self._delete(desk.images, image)

    async def _delete(self, collection: Collection[R], found: R) -> None:
        try:
            await collection.delete(found)
        except (Refusal, StoreError) as error:
            log.warning("vm-share: %s %s could not be deleted: %s", found.kind, found.metadata.name, error)


def _older(found: Resource, now: datetime, than: timedelta) -> bool:
    made = found.metadata.creation_timestamp
    return made is not None and now - datetime.fromisoformat(made) >= than
