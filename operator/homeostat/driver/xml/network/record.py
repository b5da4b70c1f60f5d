"""Our own element in a network's ``<metadata>``: whose it is. See planner.network.config.NetworkRecord."""

from __future__ import annotations

from typing import Any

from lxml import etree

from homeostat.planner.network.config import NetworkConfig, NetworkRecord

from ..elements import Element, element
from .placing import placed

NETWORK_NAMESPACE = "https://homeostat.dev/network/1"
TAG = f"{{{NETWORK_NAMESPACE}}}network"
_FIELDS = ("uid", "namespace", "name", "instance")


def write(root: Element, config: NetworkConfig) -> None:
    if config.record is None:
        return
    metadata = root.find("metadata")
    if metadata is None:
        metadata = placed(root, element("metadata"), after=("name", "uuid"))
    for old in metadata.findall(TAG):
        metadata.remove(old)
    made = etree.SubElement(metadata, TAG, nsmap={"homeostat": NETWORK_NAMESPACE})
    for field in _FIELDS:
        if value := getattr(config.record, field):
            made.set(field, value)


def parse(root: Element) -> dict[str, Any]:
    found = root.find(f"metadata/{TAG}")
    if found is None or not found.get("uid"):
        return {"record": None}
    return {"record": NetworkRecord(*(found.get(field, "") for field in _FIELDS))}
