"""PCI ports of a running q35 machine. A device that is plugged in takes a free port; only a start makes new ones. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..domain import DiskConfig, DomainConfig, NicConfig
from ..plan import Change, Disruption

HELD = "the running guest does not let go"
NO_PORT = "added (no PCI port is free)"


def within_ports(changes: Sequence[Change], live: DomainConfig, want: DomainConfig) -> tuple[Change, ...]:
    """Returns the differences to what runs. A device for which no port is left waits for a restart."""
    if "q35" not in live.machine:
        return tuple(changes)
    devices: dict[str, DiskConfig | NicConfig] = {f"disks[{disk.name}]": disk for disk in want.disks}
    devices |= {f"nics[{nic.name}]": nic for nic in want.nics}
    found: list[Change] = []
    for change in changes:
        device = devices.get(change.field) if change.disruption is Disruption.LIVE else None
        if device is not None and _ports_of(device) > live.spare_pci_ports:
            change = replace(change, new=NO_PORT, disruption=Disruption.NEEDS_RESTART)
        elif device is not None:
            live = plugged(device, live)
        found.append(change)
    return tuple(found)


def plugged(device: DiskConfig | NicConfig, live: DomainConfig) -> DomainConfig:
    """Returns what runs once a device has been attached to it."""
    left = max(0, live.spare_pci_ports - _ports_of(device))
    if isinstance(device, NicConfig):
        return replace(live, nics=(*live.nics, device), spare_pci_ports=left)
    return replace(live, disks=(*live.disks, device), spare_pci_ports=left)


def unplugged_nic(name: str, live: DomainConfig) -> DomainConfig:
    """Returns what runs once a nic has been detached from it."""
    rest = tuple(nic for nic in live.nics if nic.name != name)
    freed = sum(_ports_of(nic) for nic in live.nics) - sum(_ports_of(nic) for nic in rest)
    return replace(live, nics=rest, spare_pci_ports=live.spare_pci_ports + freed)


def unplugged_disk(target: str, live: DomainConfig) -> DomainConfig:
    """Returns what runs once a disk has been detached from it."""
    rest = tuple(disk for disk in live.disks if disk.target != target)
    freed = sum(_ports_of(disk) for disk in live.disks) - sum(_ports_of(disk) for disk in rest)
    return replace(live, disks=rest, spare_pci_ports=live.spare_pci_ports + freed)


def _ports_of(device: DiskConfig | NicConfig) -> int:
    """Counts the ports of a device, like driver.xml.devices.controllers. A disk on bus scsi is plugged into a controller."""
    if isinstance(device, NicConfig):
        return int(device.model in ("virtio", "e1000e"))
    return int(device.bus == "virtio")
