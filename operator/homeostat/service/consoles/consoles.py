"""Who may look at which machine's console, and how it is reached."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from homeostat.accounts.consoles import SCREENS, ConsoleKind, ConsoleMode, ConsoleOf, OpenConsole
from homeostat.accounts.rights import Right
from homeostat.consoles.serial_relay import LineAway, LineHeld
from homeostat.consoles.webrtc import WebRtcMissing, load_peer
from homeostat.driver.errors import DomainGone, DriverError, HostUnreachable, Refused, ResourceInUse
from homeostat.driver.guests.calls import GuestCalls, GuestHangs
from homeostat.driver.guests.console import NoConsole
from homeostat.driver.guests.console_log import LogFollower
from homeostat.driver.guests.screen import open_screen
from homeostat.driver.guests.serial_line import SerialLine, open_line
from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.store.files.state import StateFolder

from ..files.host_reach import HostReach, OnAnotherApi
from ..kinds.machines import Machines
from ..kinds.power import runs
from ..limits import ServerLimits
from ..refusals import ConsoleUnavailable, ExportRefused, NoConsoleSize, Refusal, ScreenPrivate, WebRtcUnavailable
from .console_logs import ConsoleLogs

if TYPE_CHECKING:
    from homeostat.consoles.peer import Peer

log = logging.getLogger(__name__)

RIGHTS = {ConsoleMode.CONTROL: Right.CHANGE, ConsoleMode.VIEW: Right.SEE}
"""What each mode asks for. Whoever sees a machine may look at its screen, as he may read its log."""


SCROLLBACK = 64 * 1024
"""Bytes of the log that a serial line begins with."""
NO_SCREEN = "it has no screen: its spec says display.vnc.enabled: false"
AWAY = "its serial line cannot be opened, and what you type is lost: the API server's log says why"
HELD = (
    "another program has the serial line (`homeostat console` or `virsh console` on the host, say): you see what the guest "
    "writes, and what you type does not reach it; take control to disconnect that program"
)


class MachineConsoles:
    """The consoles of the machines of one namespace, for one actor."""

    def __init__(self, machines: Machines, limits: ServerLimits, calls: GuestCalls) -> None:
        self._machines = machines
        self.calls = calls
        self._logs = ConsoleLogs(machines, limits)
        self._limits = limits

    @cached_property
    def _reach(self) -> HostReach:
        return HostReach(StateFolder.named(self._limits.state), self._machines.store, self._limits.clustered)

    async def wanted(self, name: str, kind: ConsoleKind, mode: ConsoleMode | None = None, passed_on: bool = False) -> ConsoleOf:
        """Returns a console that the actor may open. ``mode`` None: control, if he may have it. ``passed_on``: it may be beside
        another API server (see ``elsewhere``).

        Raises:
            NoSuchResource, NotYours: it is not his to open.
            ConsoleUnavailable: there is nothing to look at.
            LogUnavailable: what the guest writes on its serial line is not to be read here.
            WebRtcUnavailable: this server does not speak it.
        """
        if mode is None:
            may = await self._machines.asking.may_use(Right.CHANGE, self._machines.key(name))
            mode = ConsoleMode.CONTROL if may else ConsoleMode.VIEW
        async with self._machines.asking.noting("open", VirtualMachine.KIND, name, f"its {kind} console, to {mode}"):
            return await self._wanted(name, kind, mode, passed_on)

    async def elsewhere(self, console: ConsoleOf) -> OnAnotherApi | None:
        """Returns who is beside the machine's host. None: this server is, or nobody who is known."""
        machine = await self._machine_of(console)
        try:
            if machine is not None:
                await self.libvirt_of(machine)
        except OnAnotherApi as there:
            return there
        except ConsoleUnavailable:
            pass
        return None

    async def _wanted(self, name: str, kind: ConsoleKind, mode: ConsoleMode, passed_on: bool) -> ConsoleOf:
        machine = await self._machines.get(name, RIGHTS[mode])
        if kind in SCREENS and not (await self.screen_spec(machine)).display.vnc.enabled:
            raise ConsoleUnavailable(name, NO_SCREEN)
        uuid_of(machine)
        wanted = ConsoleOf(machine.metadata.namespace, name, machine.metadata.uid, kind, mode)
        if passed_on and await self.elsewhere(wanted) is not None:
            return wanted
        await self._uri(machine)
        if kind is ConsoleKind.WEBRTC:
            await webrtc_peers()
        if kind is ConsoleKind.SERIAL:
            await self._logs.place(machine)
        return wanted

    async def screen_spec(self, machine: VirtualMachine) -> VirtualMachineSpec:
        """Returns what a machine is, its plugin's part included, for an actor who sees the machine and looks at its screen.

        Raises:
            ScreenPrivate: he may not.
        """
        spec = (await self._machines.effective(machine)).spec
        if spec.display.private and not await self._machines.asking.may_to(Right.CHANGE, machine):
            raise ScreenPrivate(machine.metadata.name)
        return spec

    async def still(self, console: ConsoleOf) -> bool:
        """Tells whether the machine is still that one, and the actor may still look."""
        return await self._machine_of(console) is not None

    async def fate(self, console: ConsoleOf) -> str:
        """Says what became of the machine of a console; empty: nothing that the actor sees."""
        try:
            machine = await self._machines.get(console.machine, Right.SEE)
        except Refusal:
            return f"{console.machine} is gone, or not yours to look at any more"
        if machine.metadata.uid != console.uid:
            return f"{console.machine} was deleted, and another machine has its name: connect again for that one"
        return f"{console.machine} is being deleted" if machine.deleting else ""

    async def screen(self, console: ConsoleOf) -> socket.socket | None:
        """Opens the machine's screen. None: it does not run now.

        Raises:
            ConsoleUnavailable: it cannot be reached from here.
        """
        machine = await self._machine_of(console)
        if machine is None or machine.status is None or machine.status.domain_uuid is None:
            return None
        uri, uuid = await self._uri(machine), machine.status.domain_uuid
        try:
            return await self.calls.call(uuid, lambda: open_screen(uri, uuid), socket.socket.close)
        except (DomainGone, Refused, HostUnreachable, GuestHangs):
            return None
        except DriverError as error:
            raise ConsoleUnavailable(console.machine, str(error)) from error

    async def serial_log(self, console: ConsoleOf) -> LogFollower:
        """Returns what the guest writes on its serial line, from the last 64 KB on.

        Raises:
            ConsoleUnavailable: it is not that machine any more.
            LogUnavailable: it is not to be read here.
        """
        machine = await self._machine_of(console)
        if machine is None:
            raise ConsoleUnavailable(console.machine, "it is gone, or not yours any more")
        return LogFollower(await self._logs.place(machine), SCROLLBACK)

    async def serial_line(self, console: ConsoleOf, force: bool) -> SerialLine | None:
        """Opens the machine's serial line, for whoever types. None: it does not run now. With ``force``, another
        program loses it.

        Raises:
            LineHeld: another program has it.
            LineAway: the machine has none, or its host cannot open it.
            ConsoleUnavailable: it cannot be reached from here.
        """
        machine = await self._machine_of(console)
        if machine is None or machine.status is None or machine.status.domain_uuid is None:
            return None
        uri, uuid = await self._uri(machine), machine.status.domain_uuid
        try:
            return await self.calls.call(uuid, lambda: open_line(uri, uuid, force), SerialLine.close)
        except ResourceInUse as error:
            raise LineHeld(HELD) from error
        except NoConsole as error:
            log.warning("%s", error)
            raise LineAway(AWAY) from error
        except (DomainGone, Refused, HostUnreachable, GuestHangs):
            return None
        except DriverError as error:
            raise ConsoleUnavailable(console.machine, str(error)) from error

    def resize(self, console: ConsoleOf, rows: int, columns: int) -> None:
        """Gives a console another size, in characters.

        Raises:
            NoConsoleSize: it has none. A serial line carries bytes alone: only who is signed in there can say it.
        """
        if console.kind is ConsoleKind.SERIAL:
            raise NoConsoleSize(console.machine, f"type `stty rows {rows} columns {columns}` there, in the guest")
        raise NoConsoleSize(console.machine, "a viewer asks for one in RFB (SetDesktopSize), in pixels")

    async def visible(self, consoles: Sequence[OpenConsole]) -> list[OpenConsole]:
        """Returns those that the actor may know of: his own, and those of machines that he may change; a moderator sees all."""
        return [one for one in consoles if await self.may_end(one)]

    async def may_end(self, console: OpenConsole) -> bool:
        """Tells whether the actor may know of a console, and end it."""
        actor = self._machines.asking.actor
        if actor.everywhere(Right.MODERATE) or (actor.name and actor.name == console.bearer.account):
            return True
        of = console.console
        return await self._machines.asking.may_use(Right.CHANGE, Key(VirtualMachine.KIND, of.namespace, of.machine))

    async def _machine_of(self, console: ConsoleOf) -> VirtualMachine | None:
        try:
            machine = await self._machines.get(console.machine, RIGHTS[console.mode])
            if console.kind in SCREENS and console.mode is ConsoleMode.VIEW:  # who may control it sees it anyway
                await self.screen_spec(machine)
        except Refusal:
            return None
        same = machine.metadata.uid == console.uid and not machine.deleting
        return machine if same else None

    async def _uri(self, machine: VirtualMachine) -> str:
        """Returns the libvirt of a machine's host.

        Raises:
            ConsoleUnavailable: this server is not beside it.
        """
        try:
            return await self.libvirt_of(machine)
        except OnAnotherApi as error:
            raise ConsoleUnavailable(machine.metadata.name, f"{error}: ask for it there") from error

    async def libvirt_of(self, machine: VirtualMachine) -> str:
        """Returns the libvirt of a machine's host.

        Raises:
            ConsoleUnavailable: nobody who is known here is beside it.
            OnAnotherApi: another API server is beside it.
        """
        name, host = machine.metadata.name, machine.status.host if machine.status else None
        try:
            return await self._reach.libvirt_of(host, name)
        except ExportRefused as error:
            raise ConsoleUnavailable(name, str(error)) from error


async def webrtc_peers() -> type[Peer]:
    """Returns what viewers are that speak WebRTC.

    Raises:
        WebRtcUnavailable: this server does not speak it.
    """
    try:
        return await load_peer()
    except WebRtcMissing as error:
        raise WebRtcUnavailable(str(error)) from error


def uuid_of(machine: VirtualMachine) -> str:
    """Returns the uuid of a machine's domain, which runs as far as is known.

    Raises:
        ConsoleUnavailable: it is off.
    """
    if machine.status is None or machine.status.domain_uuid is None or not runs(machine):
        raise ConsoleUnavailable(machine.metadata.name, "it is off: start it first")
    return machine.status.domain_uuid
