"""Devices of machines, as single requests: edits of a spec that are refused where they would not do what they say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from homeostat.models.machine import VirtualMachine

from ..refusals import DeviceExists, MustBeOff, NoSuchDevice, OtherMedium
from .collection import Patch, of_spec
from .machines import Machines
from .power import runs

Devices = Literal["disks", "nics"]
DeviceEdit = Callable[[VirtualMachine], Awaitable[Patch]]


class MachineDevices:
    """Makes the edits of single devices, which ``Machines.edit`` carries out. A machine that follows a plugin gets all of the
    devices that the plugin gives it into its own spec with the first of them."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    def attach(self, kind: Devices, device: Mapping[str, Any], *, only_off: bool = False) -> DeviceEdit:
        """Adds a device. ``only_off``: not while a guest runs.

        Raises, when it is carried out:
            DeviceExists: the machine has one of that name.
            MustBeOff: a guest runs.
        """

        async def change(machine: VirtualMachine) -> Patch:
            _check_off(machine, only_off)
            found = await self._listed(machine, kind)
            if any(other["name"] == device.get("name") for other in found):
                raise DeviceExists(machine.metadata.name, kind, str(device.get("name")))
            return of_spec({kind: [*found, dict(device)]})

        return change

    def detach(self, kind: Devices, device: str, *, only_off: bool = False) -> DeviceEdit:
        """Removes a device. The boot order that names it is without it then.

        Raises, when it is carried out:
            NoSuchDevice: the machine has none of that name.
            MustBeOff: a guest runs.
        """

        async def change(machine: VirtualMachine) -> Patch:
            _check_off(machine, only_off)
            found = await self._listed(machine, kind)
            rest = [other for other in found if other["name"] != device]
            if len(rest) == len(found):
                raise NoSuchDevice(machine.metadata.name, kind, device)
            order = machine.spec.boot.order
            boot = {"boot": {"order": [name for name in order if name != device] or None}} if device in order else {}
            return of_spec({kind: rest, **boot})

        return change

    def mount(self, image: Mapping[str, Any] | None, drive: str | None = None, *, only_one: bool = False) -> DeviceEdit:
        """Puts a medium into a cdrom drive, or with None takes it out. ``drive``: None: the first. ``only_one``: refuses
        a medium while another drive of the machine has one.

        Raises, when it is carried out:
            NoSuchDevice: the machine has no such drive.
            OtherMedium: another drive has a medium.
        """

        async def change(machine: VirtualMachine) -> Patch:
            found = await self._listed(machine, "disks")
            drives = [disk for disk in found if disk.get("type") == "cdrom" and drive in (None, disk["name"])]
            if not drives:
                raise NoSuchDevice(machine.metadata.name, "disks", drive or "")
            others = [
                disk["name"] for disk in found if disk.get("type") == "cdrom" and disk is not drives[0] and disk.get("image")
            ]
            if image is not None and only_one and others:
                raise OtherMedium(machine.metadata.name, others[0])
            put = {name: value for name, value in drives[0].items() if name != "image"} | (
                {"image": dict(image)} if image else {}
            )
            return of_spec({"disks": [put if disk is drives[0] else disk for disk in found]})

        return change

    async def _listed(self, machine: VirtualMachine, kind: Devices) -> list[dict[str, Any]]:
        """Returns the machine's devices as its spec has them, or its plugin."""
        effective = await self._machines.effective(machine)
        return list(effective.spec.dump().get(kind) or [])


def _check_off(machine: VirtualMachine, only_off: bool) -> None:
    if only_off and runs(machine):
        raise MustBeOff(machine.metadata.name)
