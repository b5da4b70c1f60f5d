"""Which devices of its host a machine gets, and what is wrong where it gets none. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from homeostat.models.machine import VirtualMachineSpec
from homeostat.models.machine_host import HostDevice

from ..domain import DomainConfig, HostDeviceConfig
from ..observed import HostFacts, PassedDevice


def host_device(wish: HostDevice, host: HostFacts, known: DomainConfig | None) -> HostDeviceConfig:
    """Returns the device as it is defined. A PCI device that is only said to be what it is keeps the place that was found before.

    Raises:
        LookupError: it has no place. The error says why.
    """
    kind, asked = wish.asked
    display = bool(wish.mdev and wish.mdev.display)
    if kind != "pci" or wish.pci is None or wish.pci.address is not None:
        return HostDeviceConfig(wish.name, kind, asked, display)
    found = [device.address for device in _fitting(kind, asked, host)]
    had = [device.address for device in (known.host_devices or () if known else ()) if device.name == wish.name]
    if len(found) == 1 or set(had) & set(found):
        return HostDeviceConfig(wish.name, kind, (had if set(had) & set(found) else found)[0], display)
    if had:
        return HostDeviceConfig(wish.name, kind, had[0], display)  # it is away just now
    raise LookupError(_wrong(wish, host) or f"hostDevices[{wish.name}]: host {host.name} does not say which devices it has")


def lacking(spec: VirtualMachineSpec, host: HostFacts) -> Iterator[tuple[str, str]]:
    """Yields what keeps it from its devices: reason and message."""
    for wish in spec.host_devices:
        if host.devices is not None and (message := _wrong(wish, host)):
            yield "HostDeviceMissing", message
    if spec.vsock is not None and host.vsock is False:
        load = "load its module there (modprobe vhost_vsock)"
        yield "VsockMissing", f"vsock: host {host.name} has no /dev/vhost-vsock: {load}, or take vsock away"
    if spec.filesystems and host.virtiofs is False:
        mend = "its QEMU is too old, or without vhost-user-fs"
        yield "VirtiofsMissing", f"filesystems: host {host.name} has no virtiofs: {mend}"


def _fitting(kind: str, asked: str, host: HostFacts) -> list[PassedDevice]:
    return [device for device in host.devices or () if device.kind == kind and asked in (device.address, device.model)]


def _wrong(wish: HostDevice, host: HostFacts) -> str:
    kind, asked = wish.asked
    found, field = _fitting(kind, asked, host), f"hostDevices[{wish.name}]"
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
