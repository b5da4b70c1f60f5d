"""The bridge device, and the size of packets: ``<bridge>`` and ``<mtu>``."""

from __future__ import annotations

from typing import Any

from homeostat.planner.network.config import NetworkConfig

from ..elements import Element, attribute, element
from .placing import clear, placed

_BEFORE = ("name", "uuid", "metadata", "forward")
_OF_OUR_OWN = ("stp", "delay", "zone", "macTableManager")  # a bridge of the host is configured on the host


def write(root: Element, config: NetworkConfig) -> None:
    bridge = root.find("bridge")
    if config.bridge is not None:
        if bridge is None:
            bridge = placed(root, element("bridge"), after=_BEFORE)
        bridge.set("name", config.bridge)
    if config.mode == "bridge":
        if bridge is not None:
            clear(bridge, *_OF_OUR_OWN)
        for path in ("mac", "mtu"):
            for found in root.findall(path):
                root.remove(found)
    elif config.mtu is not None:
        for found in root.findall("mtu"):
            root.remove(found)
        if config.mtu:
            placed(root, element("mtu", size=str(config.mtu)), after=(*_BEFORE, "bridge"))


def parse(root: Element) -> dict[str, Any]:
    size = attribute(root, "mtu", "size") or "0"
    return {"bridge": attribute(root, "bridge", "name"), "mtu": int(size)}
