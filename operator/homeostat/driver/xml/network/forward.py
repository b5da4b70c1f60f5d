"""How guests reach what is outside: ``<forward>``. An isolated network has none."""

from __future__ import annotations

from typing import Any

from homeostat.planner.network.config import NetworkConfig

from ..elements import Element, element
from .placing import clear, placed

ISOLATED = "isolated"


def write(root: Element, config: NetworkConfig) -> None:
    forward = root.find("forward")
    if config.mode == ISOLATED and forward is not None:
        root.remove(forward)
    if config.mode == ISOLATED:
        return
    if config.mode is not None:
        if forward is None:
            forward = placed(root, element("forward"), after=("name", "uuid", "metadata"))
        if forward.get("mode") != config.mode:
            forward[:] = []
            forward.set("mode", config.mode)
    if forward is None:
        return
    if config.forward_device is not None or config.mode == "bridge":
        _lead_to(forward, config.forward_device or "")
    if config.nat_ipv6 is not None:
        _translate_ipv6(forward, config.nat_ipv6)


def _lead_to(forward: Element, device: str) -> None:
    clear(forward, "dev")
    for interface in forward.findall("interface"):
        forward.remove(interface)
    if device:
        forward.set("dev", device)


def _translate_ipv6(forward: Element, wanted: bool) -> None:
    nat = forward.find("nat")
    if nat is None and wanted:
        nat = element("nat")
        forward.append(nat)
    if nat is not None and wanted:
        nat.set("ipv6", "yes")
    elif nat is not None:
        clear(nat, "ipv6")
        if not nat.attrib and not len(nat):
            forward.remove(nat)


def parse(root: Element) -> dict[str, Any]:
    forward = root.find("forward")
    if forward is None:
        return {"mode": ISOLATED, "forward_device": "", "nat_ipv6": False}
    device, interface, nat = forward.get("dev"), forward.find("interface"), forward.find("nat")
    if device is None and interface is not None:
        device = interface.get("dev")
    return {
        "mode": forward.get("mode", "nat"),
        "forward_device": device or "",
        "nat_ipv6": nat is not None and nat.get("ipv6") == "yes",
    }
