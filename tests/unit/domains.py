"""What a world keeps of a domain, and what it refuses of one as libvirt does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from homeostat.planner.domain import DiskConfig, DomainConfig, NicConfig, Record
from homeostat.planner.observed import (
    DomainState,
)


class Refused(Exception):
    """What libvirt or the file system would refuse."""


@dataclass
class Domain:
    """``config`` is None for a transient domain: undefined while it runs."""

    uuid: str
    name: str
    config: DomainConfig | None
    record: Record | None
    state: DomainState = DomainState.SHUTOFF
    reason: str = "unknown"
    live: DomainConfig | None = None
    autostart: bool = False
    saved: tuple[DomainConfig, DomainState] | None = None
    asked: bool = False  # to shut down, and has not answered yet
    snapshot: Domain | None = None  # internal, with its memory

    @property
    def active(self) -> bool:
        return self.state.active


def on_file(config: DomainConfig, name: str, file: str) -> DomainConfig:
    return replace(config, disks=tuple(replace(d, source=file) if d.name == name else d for d in config.disks))


def copied(domain: Domain | None) -> Domain | None:
    return replace(domain, snapshot=copied(domain.snapshot)) if domain else None


def nothing() -> DomainConfig:
    raise Refused("there is no such domain")


def sectors(size: int) -> int:
    return -(-size // 512) * 512


def take_port(live: DomainConfig, takes: bool) -> DomainConfig:
    if "q35" not in live.machine or not takes:
        return live
    if live.spare_pci_ports == 0:
        raise Refused("No more available PCI slots")
    return replace(live, spare_pci_ports=live.spare_pci_ports - 1)


def check_free(live: DomainConfig, disk: DiskConfig) -> None:
    if any(d.target == disk.target for d in live.disks):
        raise Refused(f"target {disk.target} already exists")
    check_boot_order(live, disk)


def check_boot_order(live: DomainConfig, device: DiskConfig | NicConfig) -> None:
    taken = {d.boot_order for d in (*live.disks, *live.nics)} - {None}
    if device.boot_order in taken:
        raise Refused(f"boot order {device.boot_order} is already used by another device")
