"""Name, uuid, memory, vCPUs, and what every machine gets: ACPI, a UTC clock, and what ends a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, DomainType

from .elements import Element, attribute, element, first, text_of

PARENT = "domain"

_TYPES = {type.value: type for type in DomainType}
_UNITS = {
    "b": 1, "bytes": 1, "KB": 10**3, "k": 2**10, "KiB": 2**10, "MB": 10**6, "M": 2**20, "MiB": 2**20,
    "GB": 10**9, "G": 2**30, "GiB": 2**30, "TB": 10**12, "T": 2**40, "TiB": 2**40,
}  # fmt: skip


def build(config: DomainConfig) -> Iterator[Element]:
    kib = str(-(-config.memory // 1024))  # libvirt counts in KiB
    yield element("name", config.name)
    yield element("uuid", config.uuid)
    yield element("memory", kib, unit="KiB")
    yield element("currentMemory", str(-(-config.left_memory // 1024)), unit="KiB")
    plugged = config.vcpus_left or config.vcpus
    current = {"current": str(plugged)} if plugged < config.vcpus else {}
    yield element("vcpu", str(config.vcpus), placement="static", **current)
    if config.vcpus_hotplug:  # QEMU takes out only what it did not start with: libvirt plugs these in before the guest boots
        yield element("vcpus", None, *(_vcpu(number, plugged) for number in range(config.vcpus)))
    features = element("features", None, element("acpi"), element("apic"))
    if config.secure_boot:
        features.append(element("smm", state="on"))  # this keeps the guest out of the variables
    yield features
    yield element("clock", offset="utc")
    # A guest that ends stays off. Whether it starts again is the planner's decision, never QEMU's.
    yield element("on_poweroff", "destroy")
    yield element("on_reboot", "restart")
    yield element("on_crash", "destroy")


def _vcpu(number: int, plugged: int) -> Element:
    enabled, hotplug = "yes" if number < plugged else "no", "yes" if number else "no"
    return element("vcpu", id=str(number), enabled=enabled, hotpluggable=hotplug)


def parse_balloon(root: Element) -> int:
    """Returns the bytes that are left to a running guest; 0: all of its memory."""
    current, whole = read_bytes(root, "currentMemory"), read_bytes(root, "memory")
    return current if 0 < current < whole else 0


def read_bytes(root: Element, tag: str) -> int:
    """Reads a size, in whatever unit it is."""
    found = first(root, tag)
    return 0 if found is None else int(found.text or 0) * _UNITS[found.get("unit", "KiB")]


def parse(root: Element) -> dict[str, Any]:
    kind = root.get("type", "")
    vcpus, left = int(text_of(root, "vcpu") or 1), int(attribute(root, "vcpu", "current") or 0)
    return {
        "name": text_of(root, "name") or "",
        "uuid": text_of(root, "uuid") or "",
        # Xen, lxc and others are never our machines; they are not compared.
        "type": _TYPES.get(kind, DomainType.QEMU),
        "memory": read_bytes(root, "memory"),
        "vcpus": vcpus,
        "vcpus_left": left if 0 < left < vcpus else None,
        "vcpus_hotplug": True if root.find("vcpus/vcpu[@hotpluggable='yes']") is not None else None,
        "balloon": parse_balloon(root) or None,
    }
