"""The machines of users, one for each. A user's machine has the same name each time, so that of two who make it at once one does.
Nobody can guess that name: whoever had a machine of it first would bar its user for good."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from homeostat.accounts.actor import Actor
from homeostat.models.base import OWNER, Key
from homeostat.models.condition import READY, STALLED, Condition, find_condition, holds
from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineStatus
from homeostat.models.plugin import ROOT_DISK
from homeostat.service.desk import Desk
from homeostat.service.kinds.power import is_current
from homeostat.service.naming.given_names import renamed
from homeostat.service.refusals import NoSuchResource, SourceRefused
from homeostat_api.http.contract import AccountsDoor

from .errors import AlreadyExists, NotFound, failed
from .marks import OVERLAY, SESSION, is_part, marks, user_of, vmid_of
from .parts import LabParts, seen_newest_first
from .people import LabUser

log = logging.getLogger("homeostat.api")

NAMES = "vm-share/names"
"""The setting that the names of machines are made from."""
PATIENCE = 120.0  # seconds for a machine to run, its image to be fetched included
_ENDED = frozenset({MachineState.STOPPED, MachineState.SUCCEEDED})
_BROKEN = frozenset({MachineState.FAILED, MachineState.CRASH_LOOP})


@dataclass(frozen=True, slots=True)
class MachineAsked:
    """A machine to make. ``overlay``: the spec of the Disk that is made for it alone. ``needed``: what it is made of, and has to
    be there."""

    vmid: str
    os_type: str
    spec: Mapping[str, Any]
    overlay: Mapping[str, Any] | None = None
    needed: Collection[Key] = ()


def machine_name(user: int, drawn: str) -> str:
    """Returns what a new machine of a user is called. ``drawn``: what nobody else knows."""
    return f"vmshare-{user}-{hmac.new(drawn.encode(), str(user).encode(), hashlib.sha256).hexdigest()[:12]}"


def overlay_name(vmid: str) -> str:
    return f"vmshare-{vmid}"


def has_overlay(machine: VirtualMachine) -> bool:
    """Tells whether a machine has a root disk that was made for it alone."""
    named = next((disk.disk_ref for disk in machine.spec.disks if disk.name == ROOT_DISK), None)
    return named is not None and named.name == overlay_name(vmid_of(machine))


def has_ended(machine: VirtualMachine) -> bool:
    """Tells whether its guest has shut down by itself, or it is going."""
    status = machine.status
    return machine.deleting or (status is not None and is_current(machine) and status.state in _ENDED)


class Lab:
    """``margin``: seconds for a machine to be gone."""

    def __init__(self, margin: float, parts: LabParts, accounts: AccountsDoor) -> None:
        self._margin = margin
        self._parts, self._accounts = parts, accounts

    async def of(self, desk: Desk, user: LabUser) -> VirtualMachine | None:
        """Returns the machine of a user. None: he has none that runs, or will."""
        return _going_on(await self._all_of(desk, user))

    async def _all_of(self, desk: Desk, user: LabUser) -> Sequence[VirtualMachine]:
        """Returns the machines of a user, whatever they are called."""
        his = [one for one in await self._parts.sessions() if is_part(one, SESSION, user.login) and user_of(one) == str(user.id)]
        return await seen_newest_first(desk.machines, his)

    async def _name(self, user: LabUser) -> str:
        reception = await self._accounts.opened()
        return machine_name(user.id, await self._accounts.run(lambda: reception.settings.drawn(NAMES)))

    async def launch(self, desk: Desk, user: LabUser, asked: MachineAsked) -> tuple[VirtualMachine, bool]:
        """Returns the machine of a user once it runs, and whether it is new: he has one at a time.

        Raises:
            Problem: 500, it does not run; nothing of it is left.
            NotSignedIn: he has signed out meanwhile; neither is.
            Refusal, StoreError: it may not be made.
        """
        there = await self._all_of(desk, user)
        if (found := _going_on(there)) is not None:
            return await self.running(desk, found), False
        for ended in there:
            await self.end_one(desk, ended)
        name, overlay = await self._name(user), await self._overlay(desk, user, asked)
        try:
            made = await desk.machines.make(
                name,
                asked.spec,
                marks=marks(SESSION, user.id, asked.vmid, asked.os_type),
                needed=asked.needed,
            )
        except BaseException as error:
            await _remove(desk, overlay)
            if not isinstance(error, AlreadyExists):
                raise
            await desk.machines.wait(name, lambda there: there is not None, self._margin)  # where another server has made it
            found = await self.of(desk, user)
            if found is None:
                raise
            return await self.running(desk, found), False  # somebody else of him was quicker
        try:
            await self._must_be_signed_in(desk.actor)  # who signs out ends what there is by then
            return await self.running(desk, made), True
        except BaseException:
            await self.end_one(desk, made)
            raise

    async def _must_be_signed_in(self, actor: Actor) -> None:
        if actor.session:
            reception = await self._accounts.opened()
            await self._accounts.run(lambda: reception.recognition.of_session(actor.session))

    async def _overlay(self, desk: Desk, user: LabUser, asked: MachineAsked) -> Disk | None:
        if asked.overlay is None:
            return None
        marked = marks(OVERLAY, user.id, asked.vmid, asked.os_type)
        try:
            return await desk.disks.make(overlay_name(asked.vmid), asked.overlay, marks=marked)
        except SourceRefused as error:
            log.error("vm-share: machines of os_type %s cannot be made: %s", asked.os_type, error)
            raise failed("The VM was not launched: its profile's image is not there, an administrator has to look") from error

    async def running(self, desk: Desk, machine: VirtualMachine) -> VirtualMachine:
        """Waits until a machine runs, and returns it.

        Raises:
            Problem: 500, it does not.
        """
        name, vmid = machine.metadata.name, vmid_of(machine)

        def stalled(status: DiskStatus | VirtualMachineStatus | None) -> str | None:
            said = _stalled(status.conditions) if status is not None else None  # as its user calls it: soon nobody can tell
            return renamed(said, {overlay_name(vmid): vmid, name: vmid}) if said is not None else None

        if has_overlay(machine):
            ready, disk = await desk.disks.wait(overlay_name(vmid), _is_settled, PATIENCE)
            if not ready or disk is None or (why := stalled(disk.status)) is not None:
                raise failed(f"The VM {vmid} was not launched: {why if ready and disk else 'its disk is not there in time'}")
        _, found = await desk.machines.wait(name, lambda now: _is_decided(now, vmid), PATIENCE)
        if found is None or vmid_of(found) != vmid or found.deleting:
            raise failed(f"The VM {vmid} was ended before it ran")
        status = found.status
        if status is None or status.state is not MachineState.RUNNING or not is_current(found):
            raise failed(f"The VM {vmid} was not launched: {stalled(status) or 'it does not run'}")
        return found

    async def end(self, desk: Desk, user: LabUser) -> None:
        """Ends the machine of a user, if he has one; all of them, should he have several.

        Raises:
            Problem: 500, it is not gone in time.
            Refusal, StoreError: it may not be deleted.
        """
        for found in await self._all_of(desk, user):
            await self.end_one(desk, found)

    async def end_one(self, desk: Desk, machine: VirtualMachine) -> None:
        """Ends that machine. Raises what ``end`` does."""
        if not machine.deleting:
            with suppress(NotFound):  # somebody else has ended it meanwhile
                await desk.machines.delete(machine, True)
        gone, _ = await desk.machines.wait_gone(machine, self._margin)
        if not gone:
            raise failed(f"The VM {vmid_of(machine)} is still being ended: ask again")
        overlay = await desk.disks.find(overlay_name(vmid_of(machine)))
        if overlay is not None and is_part(overlay, OVERLAY, machine.metadata.labels.get(OWNER, "")):
            await _remove(desk, overlay)


def _going_on(machines: Sequence[VirtualMachine]) -> VirtualMachine | None:
    return next((one for one in machines if not has_ended(one)), None)


async def _remove(desk: Desk, overlay: Disk | None) -> None:
    if overlay is not None and is_part(overlay, OVERLAY) and not overlay.deleting:
        with suppress(NoSuchResource, NotFound):
            await desk.disks.delete(overlay)


def _is_settled(disk: Disk | None) -> bool:
    return disk is None or holds(disk.status, READY) or holds(disk.status, STALLED)


def _is_decided(machine: VirtualMachine | None, vmid: str) -> bool:
    if machine is None or vmid_of(machine) != vmid or machine.deleting:
        return True
    status = machine.status
    if status is None or not is_current(machine):
        return False
    return status.state is MachineState.RUNNING or status.state in _BROKEN or holds(status, STALLED)


def _stalled(conditions: tuple[Condition, ...]) -> str | None:
    """Returns why nothing goes on. None: it does."""
    found = find_condition(conditions, STALLED)
    return (found.message or found.reason) if found is not None and found.status == "True" else None
