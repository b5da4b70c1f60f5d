"""A libvirt network's definition from values, and back: one file per concept, each of which writes and reads its elements.

A definition that exists is edited, so that what a spec says nothing of stays as it is, such as the MAC of the bridge.
"""

from __future__ import annotations

from homeostat.planner.network.config import NetworkConfig

from ..elements import Element, element, parse_xml, text_of, to_text
from . import addresses, bridge, dns, forward, record

_CONCEPTS = (record, forward, bridge, dns, addresses)


def build_network(config: NetworkConfig, observed: str | None = None) -> str:
    """Returns the definition. ``observed``: the one that there is.

    Raises:
        ValueError: that cannot be read.
    """
    root = _fresh(config) if observed is None else parse_xml(observed)
    for concept in _CONCEPTS:
        concept.write(root, config)
    return to_text(root)


def _fresh(config: NetworkConfig) -> Element:
    return element("network", None, element("name", config.name), element("uuid", config.uuid))


def parse_network(text: str) -> NetworkConfig:
    """Reads a definition.

    Raises:
        ValueError: it is none that libvirt would give.
    """
    root = parse_xml(text)
    if root.tag != "network":
        raise ValueError(f"{root.tag!r} is not a network")
    read = {name: value for concept in _CONCEPTS for name, value in concept.parse(root).items()}
    return NetworkConfig(text_of(root, "name") or "", text_of(root, "uuid") or "", **read)


def connections(text: str) -> int:
    """Returns how many guests libvirt has plugged into a network that is up."""
    count = parse_xml(text).get("connections", "0")
    return int(count) if count.isdecimal() else 0


def guest_of(port: str) -> str:
    """Returns the name of the domain that a port of a network is of."""
    return text_of(parse_xml(port), "owner/name") or ""
