"""Pictures of machines' screens: for whoever may look at them, as at a console."""

from __future__ import annotations

import socket

from homeostat.accounts.consoles import ConsoleKind, ConsoleMode, ConsoleOf
from homeostat.consoles.film import Film, WatchedScreen
from homeostat.consoles.frames import Frames, NoFrame, NoRoom
from homeostat.consoles.pictures import Picture, PictureSize, dummy_picture
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec

from ..kinds.machines import Machines
from ..refusals import ConsoleUnavailable, Refusal, TooManyScreens
from .consoles import NO_SCREEN, MachineConsoles, uuid_of


class MachineScreens:
    """The screens of the machines of one namespace, for one actor."""

    def __init__(self, machines: Machines, consoles: MachineConsoles, frames: Frames) -> None:
        self._machines, self._consoles, self._frames = machines, consoles, frames

    async def picture(self, name: str, size: PictureSize, dummy: bool = False) -> Picture:
        """Returns a picture of a machine's screen, half a second old at most. With ``dummy`` one that says nothing, where
        there is none for the actor.

        Raises:
            NoSuchResource: he does not see the machine.
            ConsoleUnavailable: there is nothing to see, or not for him.
            TooManyScreens: as many are watched as may be.
            OnAnotherApi: another API server is beside the machine's host.
        """
        machine = await self._machines.get(name)
        try:
            return await self._picture(machine, size)
        except ConsoleUnavailable:
            if dummy:
                return dummy_picture(size)
            raise

    async def _picture(self, machine: VirtualMachine, size: PictureSize) -> Picture:
        watched = await self._watched(machine)
        name = machine.metadata.name
        try:
            return await self._frames.picture(watched.domain, watched.open, size)
        except NoRoom as error:
            raise TooManyScreens(name, str(error)) from error
        except NoFrame as error:
            raise ConsoleUnavailable(name, str(error)) from error

    def film(self, console: ConsoleOf) -> Film:
        """Returns what a console shows, as a film."""

        async def found() -> WatchedScreen:
            try:
                machine = await self._machines.get(console.machine)
                if machine.metadata.uid != console.uid:
                    raise NoFrame("it is another machine now")
                return await self._watched(machine)
            except Refusal as error:
                raise NoFrame(str(error)) from error

        return Film(self._frames, found)

    async def _watched(self, machine: VirtualMachine) -> WatchedScreen:
        meta = machine.metadata
        if why := why_dark(await self._consoles.screen_spec(machine)):
            raise ConsoleUnavailable(meta.name, why)
        domain = f"{meta.uid} {uuid_of(machine)}"
        if not self._frames.reads(domain):  # else it has been found before
            await self._consoles.libvirt_of(machine)
        console = ConsoleOf(meta.namespace, meta.name, meta.uid, ConsoleKind.VNC, ConsoleMode.VIEW)

        async def opened() -> socket.socket | None:
            try:
                return await self._consoles.screen(console)
            except ConsoleUnavailable as error:
                raise NoFrame(error.why) from error

        return WatchedScreen(domain, opened)


def why_dark(spec: VirtualMachineSpec) -> str:
    """Returns why a machine's screen shows nothing, whatever its guest does. Empty: it shows something."""
    if not spec.display.vnc.enabled:
        return NO_SCREEN
    if spec.display.video == "none" and not any(device.mdev and device.mdev.display for device in spec.host_devices):
        return "it shows nothing: its spec says display.video: none"
    return ""
