"""Controllers that have to be named: virtio-scsi, USB, and on q35 the ports that devices are plugged into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.changes.scsi import PLAIN, controllers, scsi_of
from homeostat.planner.domain import DomainConfig, ScsiConfig

from .. import io_threads
from ..elements import Element, attribute, element

PARENT = "devices"

_ALWAYS_PCIE = 2  # USB controller and memory balloon


def build(config: DomainConfig) -> Iterator[Element]:
    if is_q35(config.machine) and config.spare_pci_ports:
        yield element("controller", type_="pci", model="pcie-root")
        for _ in range(ports_in_use(config) + config.spare_pci_ports):
            yield element("controller", type_="pci", model="pcie-root-port")
    yield element("controller", type_="usb", model="qemu-xhci")
    for index in range(controllers(config)):
        yield _scsi(config, index)


def _scsi(config: DomainConfig, index: int) -> Element:
    scsi = scsi_of(config) or PLAIN
    made = element("controller", type_="scsi", index=str(index), model=scsi.model)
    if scsi.io_thread or scsi.queues is not None:
        queues = None if scsi.queues is None else str(scsi.queues)
        made.append(element("driver", queues=queues, iothread=io_threads.of_controllers(config)))
    return made


def parse(root: Element) -> dict[str, Any]:
    """Reads the root ports without a device in them. (A device that is plugged in while running changes that: it is not
    compared.)"""
    devices = root.find("devices")
    if devices is None:
        return {}
    ports = sum(device.get("model") == "pcie-root-port" for device in devices)
    used = sum(map(_takes_port, devices)) + any(map(_is_old_card, devices)) if ports else 0
    return {"spare_pci_ports": max(0, ports - used), "scsi": _parse_scsi(devices)}


def _parse_scsi(devices: Element) -> ScsiConfig | None:
    """Reads what a spec has to ask for: not the plain controller that a disk on bus scsi brings."""
    found = devices.find("controller[@type='scsi']")
    if found is None:
        return None
    queues = attribute(found, "driver", "queues")
    scsi = ScsiConfig(found.get("model", ""), attribute(found, "driver", "iothread") is not None, int(queues) if queues else None)
    return None if scsi == PLAIN and devices.find("disk/target[@bus='scsi']") is not None else scsi


def ports_in_use(config: DomainConfig) -> int:
    """Returns how many root ports the machine's own devices take (the primary video card is on the root itself)."""
    return (
        _ALWAYS_PCIE
        + (config.rng is None or config.rng.enabled)
        + sum(disk.bus == "virtio" for disk in config.disks)
        + (controllers(config) if _is_virtio(scsi_of(config)) else 0)
        + sum(not nic.forwards and nic.model in ("virtio", "e1000e") for nic in config.nics)
        + len(config.filesystems or ())
        + sum(device.kind != "usb" for device in config.host_devices or ())
        + (config.vsock is not None)
        + _has_old_cards(config)  # they share a bridge
        + config.guest_agent  # its virtio-serial controller
    )


def _has_old_cards(config: DomainConfig) -> bool:
    """Tells whether it has cards of the old PCI bus, for which libvirt plugs a bridge into a port."""
    scsi = scsi_of(config)
    return bool(
        config.shared_memory
        or (scsi and not _is_virtio(scsi))
        or config.sound == "ac97"
        or (config.watchdog and config.watchdog.model == "i6300esb")
        or any(not nic.forwards and nic.model not in ("virtio", "e1000e") for nic in config.nics)
    )


def _is_old_card(device: Element) -> bool:
    match device.tag:
        case "interface":
            return attribute(device, "model", "type") not in ("virtio", "e1000e")
        case "controller":
            return device.get("type") == "scsi" and device.get("model") != PLAIN.model
    return device.tag == "shmem" or (device.tag, device.get("model")) in (("sound", "ac97"), ("watchdog", "i6300esb"))


def _is_virtio(scsi: ScsiConfig | None) -> bool:
    return scsi is not None and scsi.model == PLAIN.model


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
            return device.get("type") == "usb" or (device.get("type") == "scsi" and device.get("model") == PLAIN.model)
        case "memballoon":
            return device.get("model") == "virtio"
        case "rng" | "vsock" | "filesystem":
            return True
        case "hostdev":
            return device.get("type") in ("pci", "mdev")
    return False
