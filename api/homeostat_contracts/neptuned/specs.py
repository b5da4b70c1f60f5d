"""What a configured machine stands for: the spec of a VirtualMachine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import singledispatch
from typing import Any

from homeostat.models.machine import VirtualMachineSpec
from homeostat.service.naming.marks import resource_name

from .words.devices import (
    AnyDevice,
    AudioDevice,
    CommandDevice,
    CpuDevice,
    Device,
    DisplayDevice,
    DriveDevice,
    HbaDevice,
    NetworkDevice,
    NicDevice,
    two_numbers,
)
from .words.machines import MachineEntry

GRACE = 10  # seconds that a guest which was made here may take to shut down
AGENT = {"name": "agent", "size": "16Mi"}
"""The memory that qemu_enable_agent stands for."""
MODELS = {"host": "host-passthrough", "max": "maximum"}
"""CPU models that QEMU and libvirt call otherwise."""
ADDRESSES = ("http://", "https://", "file://")
IMAGE = "image:"
"""Begins a drive_image that names an Image."""
SpecPart = dict[str, Any]


def spec_of(entry: MachineEntry, memory: int) -> SpecPart:
    """Returns the spec that an entry stands for. ``memory``: MiB of a machine that says nothing of it."""
    return {
        "runStrategy": "Always" if entry.autostart else "Halted",
        "machine": {"type": entry.qemu_machine_type, **_given(version=entry.qemu_machine_version)},
        "firmware": {"type": "UEFI" if entry.qemu_use_uefi else "BIOS"},
        "shutdown": {"gracePeriodSeconds": GRACE},
        **({"smbios": {"uuid": entry.qemu_uuid}} if entry.qemu_uuid else {}),
        **({"sharedMemory": [AGENT]} if entry.qemu_enable_agent else {}),
        **devices_spec(entry.qemu_devices, entry.qemu_machine_type, entry.qemu_memory_mb or memory, entry.private),
    }


def devices_spec(devices: Sequence[AnyDevice], chipset: str, memory: int, private: bool) -> SpecPart:
    """Returns the part of a spec that devices stand for."""
    spec: SpecPart = {
        "resources": {"memory": f"{memory}Mi"},
        "display": {"video": "vga", **({"private": True} if private else {})},  # as QEMU has it where nothing is said
    }
    networks = {device.id: device for device in devices if isinstance(device, NetworkDevice)}
    for device in devices:
        if isinstance(device, NicDevice):
            spec.setdefault("nics", []).append(_nic(device, networks[device.nic_netdev]))
            continue
        for field, value in _parts(device, chipset):
            if isinstance(value, list):
                spec.setdefault(field, []).extend(value)
            else:
                spec[field] = {**spec.get(field, {}), **value}
    return spec


def same_devices(spec: VirtualMachineSpec, part: Mapping[str, Any]) -> bool:
    """Tells whether a spec has exactly what devices stand for. ``part``: see ``devices_spec``."""
    wanted = VirtualMachineSpec.model_validate({**part, "machine": spec.machine.dump()})
    fields = ("resources", "display", "disks", "scsi", "sound", "nics", "host_devices", "qemu_arguments")
    return all(getattr(spec, field) == getattr(wanted, field) for field in fields)


def difference(has: Mapping[str, Any], before: SpecPart, after: SpecPart) -> SpecPart:
    """Returns the merge patch of a spec for a change of what it stands for, which touches nothing else. ``has``: the spec;
    ``before``, ``after``: what is said of it, and will be."""
    patch: SpecPart = {}
    for field in dict.fromkeys((*before, *after)):
        old, new = before.get(field), after.get(field)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            patch[field] = _merging(old, new)
        elif isinstance(new, list) and all(isinstance(one, dict) for one in new):
            patch[field] = _with_kept(has.get(field) or [], old or [], new)
        else:
            patch[field] = new
    return patch


def _merging(old: SpecPart, new: SpecPart) -> SpecPart:
    """Returns the merge patch from one to the other."""
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    both = {name: _merging(old[name], value) for name, value in changed.items() if isinstance(old.get(name), dict)}
    return {**{name: None for name in old if name not in new}, **changed, **both}


def _with_kept(has: Sequence[SpecPart], before: Sequence[SpecPart], after: Sequence[SpecPart]) -> list[SpecPart]:
    """Returns the devices of a list after a change. One that is said to be as it was stays as it is."""
    said, real = {one["name"]: one for one in before}, {one["name"]: one for one in has}
    return [real[one["name"]] if said.get(one["name"]) == one and one["name"] in real else one for one in after]


@singledispatch
def _parts(device: Device, chipset: str) -> Iterator[tuple[str, Any]]:
    """Yields what a device is of a spec, by field."""
    raise AssertionError(f"{type(device).__name__} stands for nothing")


@_parts.register
def _(device: CpuDevice, chipset: str) -> Iterator[tuple[str, Any]]:
    model = MODELS.get(device.cpu_model, device.cpu_model)
    cpu = {**_given(model=model), **_given(features=device.cpu_features)}
    yield "resources", {"vcpu": device.cpu_cores, **({"cpu": cpu} if cpu else {})}


@_parts.register
def _(device: DriveDevice, chipset: str) -> Iterator[tuple[str, Any]]:
    bus = "sata" if device.drive_bus == "ide" and chipset == "q35" else device.drive_bus  # QEMU's IDE there is AHCI
    cdrom = device.drive_type == "cdrom"
    yield (
        "disks",
        [
            {
                "name": resource_name(device.id),
                "type": "cdrom" if cdrom else "disk",
                "bus": bus,
                **_image(device),
                **_given(cache=device.drive_cache_type),
                **({"io": "io_uring"} if device.drive_use_io_uring else {}),
                **({"rotationRate": 1} if device.drive_type == "ssd" and bus not in ("virtio", "usb") else {}),
                **_given(limits=_limits(device)),
            }
        ],
    )


@_parts.register
def _(device: HbaDevice, chipset: str) -> Iterator[tuple[str, Any]]:
    if device.hba_type == "lsi":
        yield "scsi", {"model": "lsilogic"}
    else:
        yield "scsi", {"model": "virtio-scsi", **_given(ioThread=device.hba_add_iothread, queues=device.hba_num_queues)}


@_parts.register
def _(device: AudioDevice, chipset: str) -> Iterator[tuple[str, Any]]:
    yield "sound", {"model": device.audio_type}


@_parts.register
def _(device: DisplayDevice, chipset: str) -> Iterator[tuple[str, Any]]:
    if device.display_type == "mdev":
        yield "display", {"video": "none"}
        mdev = {"profile": device.display_mdev_profile, "display": True}
        yield "hostDevices", [{"name": resource_name(device.id), "mdev": mdev}]
    else:
        memory = f"{device.display_vgamem_mb}Mi" if device.display_vgamem_mb else None
        yield "display", {"video": device.display_type, **_given(videoMemory=memory)}


@_parts.register
def _(device: NetworkDevice, chipset: str) -> Iterator[tuple[str, Any]]:
    yield from ()  # each card says what it is plugged into


@_parts.register
def _(device: CommandDevice, chipset: str) -> Iterator[tuple[str, Any]]:
    yield "qemuArguments", [device.command_line]


def _nic(device: NicDevice, network: NetworkDevice) -> SpecPart:
    tap = network.network_type == "tap"
    vhost = network.tap_use_vhost if tap and device.nic_type == "virtio" else None
    return {
        "name": resource_name(device.id),
        "model": device.nic_type,
        **_given(mac=device.nic_mac),
        **({"vhost": vhost} if vhost is not None else {}),
        **({"tap": {"name": network.tap_interface_name, "existing": True}} if tap else {"user": {}}),
    }


def _image(device: DriveDevice) -> SpecPart:
    image, kind = device.drive_image or "", _given(format=device.drive_format)
    if not image:
        return {}
    if image.startswith(ADDRESSES):
        return {"image": {"url": image, **kind}}
    if image.startswith(IMAGE):
        return {"image": {"imageRef": {"name": image.removeprefix(IMAGE)}}}
    if image.startswith("/") or device.drive_type == "cdrom":
        return {"image": {"path": image, **kind}}
    return {"diskRef": {"name": image}}


def _limits(device: DriveDevice) -> SpecPart:
    found: SpecPart = {}
    for name, said in (("bytesPerSecond", device.drive_bps_limit), ("iops", device.drive_iops_limit)):
        if (pair := two_numbers(said or "")) is not None:
            found |= {name: pair[0], f"{name}Burst": pair[1]}
    return found


def _given(**values: Any) -> SpecPart:
    """Leaves out what is empty."""
    return {name: value for name, value in values.items() if value}
