"""Controllers that have to be named: virtio-scsi, USB, and on q35 the ports that devices are plugged into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig

from .elements import Element, element

PARENT = "devices"

# USB controller, memory balloon, random number generator: every machine has them.
_ALWAYS_PCIE = 3


def build(config: DomainConfig) -> Iterator[Element]:
    if is_q35(config.machine) and config.spare_pci_ports:
        yield element("controller", type_="pci", model="pcie-root")
        for _ in range(ports_in_use(config) + config.spare_pci_ports):
            yield element("controller", type_="pci", model="pcie-root-port")
    yield element("controller", type_="usb", model="qemu-xhci")
    if any(disk.bus == "scsi" for disk in config.disks):
        yield element("controller", type_="scsi", index="0", model="virtio-scsi")


def parse(root: Element) -> dict[str, Any]:
    """Reads the root ports without a device in them. (A device that is plugged in while running changes that: it is not
    compared.)"""
    devices = root.find("devices")
    if devices is None:
        return {}
    ports = sum(device.get("model") == "pcie-root-port" for device in devices)
    used = sum(1 for device in devices if _takes_port(device)) if ports else 0
    return {"spare_pci_ports": max(0, ports - used)}


def ports_in_use(config: DomainConfig) -> int:
    """Returns how many root ports the machine's own devices take (the primary video card is on the root itself)."""
    return (
        _ALWAYS_PCIE
        + sum(disk.bus == "virtio" for disk in config.disks)
        + any(disk.bus == "scsi" for disk in config.disks)
        + sum(not nic.forwards and nic.model in ("virtio", "e1000e") for nic in config.nics)
        + config.guest_agent  # its virtio-serial controller
    )


def is_q35(machine: str) -> bool:
    return "q35" in machine


def _takes_port(device: Element) -> bool:
    match device.tag:
        case "disk":
            return device.find("target[@bus='virtio']") is not None
        case "interface":
            return device.find("model[@type='virtio']") is not None or device.find("model[@type='e1000e']") is not None
        case "channel":
            return device.find("target[@type='virtio']") is not None
        case "controller":
            return device.get("type") in ("usb", "scsi")
        case "memballoon":
            return device.get("model") == "virtio"
        case "rng":
            return True
    return False
