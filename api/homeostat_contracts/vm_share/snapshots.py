"""The snapshots of users: each is a Disk of its own, a copy of what a machine's root disk was at one time, so that it outlives
the machine. A machine that is run from a snapshot writes to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from homeostat.models.condition import READY, STALLED, holds
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import ROOT_DISK
from homeostat.models.snapshot import MachineRef, Snapshot, SnapshotSpec
from homeostat.service.desk import Desk
from homeostat.service.naming.given_names import renamed
from homeostat.service.naming.marks import Marks

from .errors import NotFound, bad, conflict, failed, not_found, too_much
from .lab import has_overlay
from .marks import CHARGED, MOMENT, SNAPSHOT, fresh, is_part, marks, os_of, turn_of, user_of, vmid_of
from .parts import LabParts, seen_newest_first
from .people import LabUser
from .words import megabytes

FOLDER = "/snapshots/"
REMOVAL = 30.0  # seconds for a file to go
PATIENCE = 300.0  # seconds for a disk to be copied
_NAME = re.compile(r"(?P<user>[0-9]{1,12})__(?P<os>[A-Za-z0-9.-]{1,24})__(?P<vmid>[A-Za-z0-9]{1,32})\.qcow2")


@dataclass(frozen=True, slots=True)
class SnapshotName:
    """What the name of a snapshot says."""

    user: str
    os_type: str
    vmid: str

    def __str__(self) -> str:
        return f"{self.user}__{self.os_type}__{self.vmid}.qcow2"

    @property
    def handle(self) -> str:
        return f"{FOLDER}{self}"


def name_from(text: str) -> SnapshotName:
    """Reads the name of a snapshot, or its handle.

    Raises:
        Problem: 400, it is none.
    """
    found = _NAME.fullmatch(text.removeprefix(FOLDER))
    if found is None:
        raise bad(f"{text[:100]!r} is no snapshot: write USER__OS__VMID.qcow2")
    return SnapshotName(found["user"], found["os"], found["vmid"])


def name_of(disk: Disk) -> SnapshotName:
    return SnapshotName(user_of(disk), os_of(disk), vmid_of(disk))


def charged(disk: Disk) -> int:
    """Returns the bytes that its user is charged with for a snapshot."""
    return int(disk.metadata.annotations.get(CHARGED, "0"))


class SavedDisks:
    """``cap``: bytes that the snapshots of one user may be charged with."""

    def __init__(self, parts: LabParts, cap: int) -> None:
        self._parts, self.cap = parts, cap

    async def list(self, desk: Desk, user: LabUser) -> list[Disk]:
        """Returns the snapshots of a user, the newest first."""
        his = (one for one in await self._parts.disks() if is_part(one, SNAPSHOT, user.login))
        return await seen_newest_first(desk.disks, [one for one in his if not one.deleting and holds(one.status, READY)])

    async def _going(self, user: LabUser, name: SnapshotName) -> Sequence[Disk]:
        """Returns what of a user is being removed under that name."""
        return [
            one
            for one in await self._parts.disks()
            if is_part(one, SNAPSHOT, user.login) and one.deleting and name_of(one) == name
        ]

    async def find(self, desk: Desk, user: LabUser, name: SnapshotName) -> Disk | None:
        """Returns the snapshot of that name. None: the user has none."""
        return next((one for one in await self.list(desk, user) if name_of(one) == name), None)

    async def charged(self, desk: Desk, user: LabUser) -> int:
        """Returns the bytes that a user is charged with."""
        return sum(charged(one) for one in await self.list(desk, user))

    async def take(self, desk: Desk, user: LabUser, machine: VirtualMachine) -> dict[str, Any]:
        """Takes a snapshot of a machine, in place of one of the same name. Returns the answer.

        Raises:
            Problem: 409, there is nothing to take; 413, it would be too much; 500, it was not taken. Then nothing has changed.
            Refusal: it may not be taken.
        """
        name = SnapshotName(str(user.id), os_of(machine), vmid_of(machine))
        there = await self.list(desk, user)
        before = next((one for one in there if name_of(one) == name), None)
        size = await desk.snapshots.charge_of_next(machine.metadata.name) if has_overlay(machine) else None
        source = "base+overlay" if size is not None else "snapshot"
        if size is None:
            if before is None:
                raise conflict("The VM has neither an overlay nor a snapshot to take another one from")
            size = charged(before)
        others = sum(charged(one) for one in there if name_of(one) != name)
        check_fits(others, size, self.cap)
        if source == "base+overlay":
            turn = 1 + max((turn_of(one) for one in there if name_of(one) == name), default=0)
            await self._copy(desk, machine, name, marks(SNAPSHOT, user.id, name.vmid, name.os_type, size, turn))
            await self._keep_newest(desk, user, name)
        return {
            "status": "ok",
            "snapshot": str(name),
            "path": name.handle,
            "size_mb": megabytes(size),
            "charged_from": source,
            "total_mb": megabytes(others + size),
            "cap_mb": megabytes(self.cap),
        }

    async def _keep_newest(self, desk: Desk, user: LabUser, name: SnapshotName) -> None:
        """Deletes what has that name beside the newest. Of two that were taken at once both calls keep the same one."""
        found = [one for one in await self.list(desk, user) if name_of(one) == name]  # of one turn the first is kept
        newest = max(found, key=turn_of, default=None)
        for earlier in (one for one in found if one is not newest):
            with suppress(NotFound):  # the other call was quicker
                await desk.disks.delete(earlier)

    async def _copy(self, desk: Desk, machine: VirtualMachine, name: SnapshotName, made: Marks) -> None:
        """Copies a machine's root disk as it is now. ``made``: the marks of the Disk."""
        called, disk, taken = f"vmshare-{fresh()}", None, None
        try:
            spec = SnapshotSpec(machine_ref=MachineRef(name=machine.metadata.name))
            taken = await desk.snapshots.take(called, spec, marks=marks(MOMENT, int(name.user), name.vmid))
            _, moment = await desk.snapshots.wait(called, _is_done, PATIENCE)
            _check(moment, {called: str(name), machine.metadata.name: name.vmid})
            source = {"source": {"snapshotRef": {"name": called, "disk": ROOT_DISK}}}
            disk = await desk.disks.make(called, source, marks=made)
            _, copy = await desk.disks.wait(called, _is_done, PATIENCE)
            _check(copy, {called: str(name)})
        except BaseException:
            if disk is not None:
                await desk.disks.delete(disk)
            raise
        finally:
            if taken is not None:
                await desk.snapshots.delete(taken)

    async def remove(self, desk: Desk, user: LabUser, name: SnapshotName) -> dict[str, Any]:
        """Removes a snapshot, if it is there. Returns the answer.

        Raises:
            Problem: 500, its file does not go.
            Refusal: a machine runs from it, or it is not the actor's to delete.
        """
        found = await self.find(desk, user, name)
        if found is not None:
            await desk.disks.delete(found)
        for going in await self._going(user, name):
            gone, _ = await desk.disks.wait_gone(going, REMOVAL)
            if not gone:
                raise failed(f"The snapshot {name} is not removed yet: ask again, and an administrator where that goes on")
        return {
            "status": "ok",
            "removed": found is not None,
            "snapshot": str(name),
            "freed_mb": megabytes(charged(found) if found is not None else 0),
            "total_mb": megabytes(await self.charged(desk, user)),
        }

    async def must_be(self, desk: Desk, user: LabUser, name: SnapshotName) -> Disk:
        """Returns the snapshot of that name.

        Raises:
            Problem: 404, the user has none.
        """
        found = await self.find(desk, user, name)
        if found is None:
            raise not_found(f"There is no snapshot {name}")
        return found


def check_fits(used: int, size: int, cap: int) -> None:
    """Checks that a snapshot of so many bytes fits beside those that are ``used``.

    Raises:
        Problem: 413, it does not.
    """
    if used + size > cap:
        raise too_much(
            f"Snapshot quota exceeded: {megabytes(used)} MB are used, this one takes {megabytes(size)} MB, and the most is "
            f"{megabytes(cap)} MB: remove snapshots first"
        )


def shown(disk: Disk) -> dict[str, Any]:
    name, size = name_of(disk), disk.status.allocated if disk.status is not None else None
    return {
        "name": str(name),
        "os_type": name.os_type,
        "vmid": name.vmid,
        "size_mb": megabytes(charged(disk) if size is None else size),
        "modified": disk.metadata.creation_timestamp,
        "path": name.handle,
    }


def _is_done(made: Snapshot | Disk | None) -> bool:
    """Tells whether nothing more is to be waited for."""
    return made is None or holds(made.status, READY) or holds(made.status, STALLED)


def _check(made: Snapshot | Disk | None, names: Mapping[str, str]) -> None:
    """Checks that something is there by now. ``names``: what its user calls what resources have their own names for.

    Raises:
        Problem: 500, it is not.
    """
    status = made.status if made is not None else None
    if not holds(status, READY):
        said = status.conditions if status is not None else ()
        why = next((one.message for one in said if one.status == "True" and one.message), "it takes too long")
        raise failed(f"Snapshot error: {renamed(why, names)}")
