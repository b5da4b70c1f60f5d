"""Which devices of its host a machine gets, and what is wrong where it gets none. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.models.machine_host import HostDevice

from ...domain import DomainConfig, HostDeviceConfig
from ...observed import HostFacts, PassedDevice


def host_device(wish: HostDevice, host: HostFacts, known: DomainConfig | None) -> HostDeviceConfig:
    """Returns the device as it is defined. One of PCI or mdev that is only said to be what it is keeps the place that was found.

    Raises:
        LookupError: it has no place. The error says why.
    """
    kind, asked = wish.asked
    display = bool(wish.mdev and wish.mdev.display)
    if wish.is_placed:
        return HostDeviceConfig(wish.name, kind, asked, display)
    found = [device.address for device in _fitting(wish, host, known)]
    if len(found) == 1:
        return HostDeviceConfig(wish.name, kind, found[0], display)
    there = {device.address for device in host.devices or ()}
    if (had := _had(wish, known)) and had not in there and not found:
        return HostDeviceConfig(wish.name, kind, had, display)  # it is away just now
    if host.devices is None:
        raise LookupError(f"hostDevices[{wish.name}]: host {host.name} does not say which devices it has: say which by its place")
    raise LookupError(_wrong(wish, host, known))


def as_asked(*machines: VirtualMachine) -> frozenset[PassedDevice]:
    """Returns devices, one for each that the machines ask for, which are what they are asked to be: for comparing specs alone."""
    wishes = (wish for machine in machines for wish in machine.spec.host_devices)
    return frozenset(PassedDevice(*wish.asked, wish.asked[1]) for wish in wishes)


def lacking(spec: VirtualMachineSpec, host: HostFacts, known: DomainConfig | None) -> Iterator[tuple[str, str]]:
    """Yields what keeps it from its devices: reason and message."""
    for wish in spec.host_devices:
        if host.devices is not None and (message := _wrong(wish, host, known)):
            yield "HostDeviceMissing", message
    if spec.vsock is not None and host.vsock is False:
        load = "load its module there (modprobe vhost_vsock)"
        yield "VsockMissing", f"vsock: host {host.name} has no /dev/vhost-vsock: {load}, or take vsock away"
    if spec.filesystems and host.virtiofs is False:
        mend = "its QEMU is too old, or without vhost-user-fs"
        yield "VirtiofsMissing", f"filesystems: host {host.name} has no virtiofs: {mend}"


def _had(wish: HostDevice, known: DomainConfig | None) -> str | None:
    """Returns the place of the device of that name and kind, as it is defined."""
    devices = known.host_devices or () if known else ()
    return next((device.address for device in devices if (device.name, device.kind) == (wish.name, wish.asked[0])), None)


def _fitting(wish: HostDevice, host: HostFacts, known: DomainConfig | None) -> list[PassedDevice]:
    """Returns the devices that are what is asked for: the one that it has, where that is among them."""
    kind, asked = wish.asked
    found = [device for device in host.devices or () if device.kind == kind and asked in (device.address, device.model)]
    had = [] if wish.is_placed else [device for device in found if device.address == _had(wish, known)]
    return had or found


def _wrong(wish: HostDevice, host: HostFacts, known: DomainConfig | None) -> str:
    kind, asked = wish.asked
    found, field = _fitting(wish, host, known), f"hostDevices[{wish.name}]"
    if not found:
        others = ", ".join(sorted(f"{device.address} ({device.model})" for device in host.devices or () if device.kind == kind))
        return f"{field}: host {host.name} has no {kind} device {asked}: plug it in, or name one of: {others or 'none'}"
    if len(found) > 1:
        places = ", ".join(sorted(device.address for device in found))
        return f"{field}: host {host.name} has {len(found)} {kind} devices {asked}: say which by its address: {places}"
    if kind == "pci" and found[0].driver not in ("", "vfio-pci"):
        detach = f"virsh nodedev-detach pci_{found[0].address.replace(':', '_').replace('.', '_')}"
        return f"{field}: {found[0].address} is used by host {host.name} itself ({found[0].driver}): release it with `{detach}`"
    return ""
