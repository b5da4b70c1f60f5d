"""Threads of QEMU that serve disks, beside those of the vCPUs: the first one the SCSI controllers, the next ones a disk each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DiskConfig, DomainConfig

from .elements import Element, element

PARENT = "domain"
TAG = "iothreads"


def build(config: DomainConfig) -> Iterator[Element]:
    if count := _of_controllers(config) + sum(bool(disk.io_thread) for disk in config.disks):
        yield element(TAG, str(count))


def parse(root: Element) -> dict[str, Any]:
    return {}  # each device names its own


def of_controllers(config: DomainConfig) -> str | None:
    """Returns the number of the thread that serves the SCSI controllers; None: they have none."""
    return "1" if _of_controllers(config) else None


def of_disk(config: DomainConfig, disk: DiskConfig) -> str | None:
    """Returns the number of the thread that serves the disk; None: it has none."""
    if not disk.io_thread:
        return None
    before = sum(bool(other.io_thread) for other in config.disks[: config.disks.index(disk)])
    return str(_of_controllers(config) + before + 1)


def carry(built: Element) -> None:
    """Keeps as many threads in ``built`` as its devices name: others may have added some that have one."""
    named = [int(driver.get("iothread", "0")) for driver in built.iterfind("devices/*/driver[@iothread]")]
    found = built.find(TAG)
    if named and found is None:
        found = element(TAG)
        built.append(found)
    if found is not None:
        found.text = str(max([int(found.text or 0), *named]))


def _of_controllers(config: DomainConfig) -> int:
    return int(config.scsi is not None and config.scsi.io_thread)
