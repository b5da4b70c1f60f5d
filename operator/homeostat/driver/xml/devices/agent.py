"""The channel that the QEMU guest agent listens on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig

from ..elements import Element, element

PARENT = "devices"
CHANNEL = "org.qemu.guest_agent.0"


def build(config: DomainConfig) -> Iterator[Element]:
    if config.guest_agent:
        yield element("channel", None, element("target", type_="virtio", name=CHANNEL), type_="unix")


def agent_connected(root: Element) -> bool:
    """Tells, of a running domain, whether the guest has opened the channel, as libvirt notes there."""
    return root.find(f"devices/channel/target[@name='{CHANNEL}'][@state='connected']") is not None


def parse(root: Element) -> dict[str, Any]:
    return {"guest_agent": root.find(f"devices/channel/target[@name='{CHANNEL}']") is not None}
