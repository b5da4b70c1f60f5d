"""What every machine gets and no spec names: a memory balloon that reports the guest's memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig

from .elements import Element, element

PARENT = "devices"
BALLOON_PERIOD = 10  # seconds between the guest's reports


def build(config: DomainConfig) -> Iterator[Element]:
    yield element("memballoon", None, element("stats", period=str(BALLOON_PERIOD)), model="virtio")


def parse(root: Element) -> dict[str, Any]:
    return {}
