"""Network cards on a libvirt network, on a bridge, on a tap, or in user mode. Those with port forwards are in forwards.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, NicConfig
from homeostat.planner.observed import Tap

from .. import forwards
from ..elements import Element, alias_element, alias_name, attribute, boot_element, boot_order, element

PARENT = "devices"
TAP = "ethernet"
_DRIVERS = {True: "vhost", False: "qemu"}


def build(config: DomainConfig) -> Iterator[Element]:
    for nic in config.nics:
        if not nic.forwards:
            yield build_nic(nic)


def build_nic(nic: NicConfig) -> Element:
    """Builds a nic.

    Raises:
        ValueError: it forwards ports, which libvirt 9.0 cannot express as a device.
    """
    if nic.forwards:
        raise ValueError(f"nic {nic.name!r} forwards ports: it cannot be attached or detached while the machine runs")
    made = element("interface", type_=nic.kind)
    made.append(element("mac", address=nic.mac))
    if nic.kind == TAP:
        made.append(element("target", dev=nic.source, managed="no" if nic.existing else None))
    elif nic.kind != "user":
        made.append(element("source", **{nic.kind: nic.source}))
    made.append(element("model", type_=nic.model))
    if nic.queues is not None or nic.vhost is not None:
        queues = None if nic.queues is None else str(nic.queues)
        made.append(element("driver", name=None if nic.vhost is None else _DRIVERS[nic.vhost], queues=queues))
    if nic.mtu is not None:
        made.append(element("mtu", size=str(nic.mtu)))
    if nic.down:
        made.append(element("link", state="down"))
    made.extend(boot_element(nic.boot_order))
    made.extend(alias_element("nic", nic.name))
    return made


def parse(root: Element) -> dict[str, Any]:
    nics = [parse_nic(nic) for nic in root.iterfind("devices/interface")]
    for position, nic in forwards.parse_nics(root):
        nics.insert(position, nic)
    return {"nics": tuple(nics)}


def parse_taps(root: Element) -> tuple[Tap, ...]:
    """Reads the taps of what runs: libvirt names the device on the host, and the bridge that it is plugged into. Open vSwitch has
    no bridge of the kernel's, and macvtap none at all."""
    taps = []
    for nic in root.iterfind("devices/interface"):
        device, bridge = attribute(nic, "target", "dev"), attribute(nic, "source", "bridge")
        if device and bridge and nic.find("virtualport") is None:
            taps.append(Tap(parse_nic(nic).name, device, bridge))
    return tuple(taps)


def parse_nic(nic: Element) -> NicConfig:
    """Reads a nic. One without our alias is somebody else's: it is named by its MAC. libvirt says of what runs on a network that
    leads to a bridge of the host that it is on that bridge, and names the network beside it."""
    kind = "network" if attribute(nic, "source", "network") else nic.get("type", "")
    driver, queues, mtu = (attribute(nic, *path) for path in (("driver", "name"), ("driver", "queues"), ("mtu", "size")))
    mac = (attribute(nic, "mac", "address") or "").lower()
    return NicConfig(
        name=alias_name(nic, "nic") or mac,
        kind=kind,
        source=(attribute(nic, "target", "dev") if kind == TAP else attribute(nic, "source", kind)) or "",
        mac=mac,
        model=attribute(nic, "model", "type") or "",
        boot_order=boot_order(nic),
        queues=int(queues) if queues else None,
        vhost=None if driver is None else driver == _DRIVERS[True],
        mtu=int(mtu) if mtu else None,
        existing=True if attribute(nic, "target", "managed") == "no" else None,
        down=True if attribute(nic, "link", "state") == "down" else None,
    )
