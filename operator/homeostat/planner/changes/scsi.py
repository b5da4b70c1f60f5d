"""SCSI controllers of a machine: how many there are, and what they are. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..domain import DiskConfig, DomainConfig, ScsiConfig

PLAIN = ScsiConfig()
UNITS = 7  # disks of one controller, by their device names: libvirt's virDomainDiskDefAssignAddress


def scsi_of(config: DomainConfig) -> ScsiConfig | None:
    """Returns what its controllers are; None where it has none."""
    return config.scsi or (PLAIN if any(disk.bus == "scsi" for disk in config.disks) else None)


def controllers(config: DomainConfig) -> int:
    """Counts its controllers."""
    return max(int(config.scsi is not None), *(controller_of(disk) + 1 for disk in on_scsi(config.disks)), 0)


def on_scsi(disks: Iterable[DiskConfig]) -> list[DiskConfig]:
    return [disk for disk in disks if disk.bus == "scsi"]


def controller_of(disk: DiskConfig) -> int:
    """Returns the number of the controller that libvirt plugs it into, by its device name: sda to sdg are on the first one."""
    number = 0
    for letter in disk.target[2:]:
        number = number * 26 + ord(letter) - ord("a") + 1
    return max(number - 1, 0) // UNITS


def fits_running(disk: DiskConfig, have: DomainConfig, want: DomainConfig) -> bool:
    """Tells whether a disk on bus scsi can be plugged into what runs. libvirt itself would add a controller of another model."""
    return scsi_of(have) == scsi_of(want) and controller_of(disk) < controllers(have)
