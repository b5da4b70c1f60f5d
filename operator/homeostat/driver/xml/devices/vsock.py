"""A socket between the guest and its host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, VsockConfig

from ..elements import Element, alias_element, alias_name, attribute, element

PARENT = "devices"
TAG = "vsock"
FAMILY = "vsock"


def build(config: DomainConfig) -> Iterator[Element]:
    if config.vsock is not None:
        cid = config.vsock.cid
        place = element("cid", auto="yes") if cid is None else element("cid", auto="no", address=str(cid))
        yield element(TAG, None, place, *alias_element(FAMILY, "card"), model="virtio")


def parse(root: Element) -> dict[str, Any]:
    ours = next((device for device in root.iterfind(f"devices/{TAG}") if alias_name(device, FAMILY)), None)
    if ours is None:
        return {"vsock": None}
    chosen = attribute(ours, "cid", "auto") == "yes"  # then libvirt adds to what runs the one that it chose
    return {"vsock": VsockConfig(None if chosen else int(attribute(ours, "cid", "address") or 0))}
