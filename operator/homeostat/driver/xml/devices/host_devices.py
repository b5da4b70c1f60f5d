"""Devices of the host that the guest has to itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, HostDeviceConfig

from ..elements import Element, alias_element, alias_name, attribute, element

PARENT = "devices"
TAG = "hostdev"
FAMILY = "host"


def build(config: DomainConfig) -> Iterator[Element]:
    for device in config.host_devices or ():
        # Not managed: libvirt takes no PCI device away from a driver of the host, which may be that of its disks.
        made = element(TAG, mode="subsystem", type_=device.kind, managed="no" if device.kind == "pci" else None)
        if device.kind == "mdev":
            made.set("model", "vfio-pci")
            if device.display:
                made.set("display", "on")
                made.set("ramfb", "on")
        made.append(element("source", None, *_source(device)))
        made.extend(alias_element(FAMILY, device.name))
        yield made


def _source(device: HostDeviceConfig) -> Iterator[Element]:
    match device.kind:
        case "pci":
            domain, bus, rest = device.address.split(":")
            slot, _, function = rest.partition(".")
            yield element("address", domain=f"0x{domain}", bus=f"0x{bus}", slot=f"0x{slot}", function=f"0x{function}")
        case "usb" if ":" in device.address:
            vendor, _, product = device.address.partition(":")
            yield element("vendor", id=f"0x{vendor}")
            yield element("product", id=f"0x{product}")
        case "usb":
            bus, _, number = device.address.partition(".")
            yield element("address", bus=bus, device=number)
        case _:
            yield element("address", uuid=device.address)


def parse(root: Element) -> dict[str, Any]:
    found = tuple(_parse(device) for device in root.iterfind(f"devices/{TAG}") if alias_name(device, FAMILY))
    return {"host_devices": found or None}


def _parse(device: Element) -> HostDeviceConfig:
    kind, address = device.get("type", ""), device.find("source/address")
    place: dict[str, str] = {} if address is None else {str(key): str(value) for key, value in address.attrib.items()}
    vendor, product = attribute(device, "source/vendor", "id"), attribute(device, "source/product", "id")
    if kind == "pci":
        domain, bus, slot, function = (int(place.get(name, "0"), 16) for name in ("domain", "bus", "slot", "function"))
        where = f"{domain:04x}:{bus:02x}:{slot:02x}.{function}"
    elif vendor and product:  # libvirt adds the place to what runs
        where = f"{vendor.removeprefix('0x')}:{product.removeprefix('0x')}"
    else:
        where = place.get("uuid") or f"{place.get('bus', '')}.{place.get('device', '')}"
    return HostDeviceConfig(alias_name(device, FAMILY) or "", kind, where, device.get("display") == "on")
