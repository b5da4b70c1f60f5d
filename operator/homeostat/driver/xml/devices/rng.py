"""Random numbers of the host for the guest. Every machine has them, unless its spec says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, RngConfig

from ..elements import Element, attribute, element, text_of

PARENT = "devices"
_SOURCE = "/dev/urandom"
_PERIOD = 1000  # milliseconds


def build(config: DomainConfig) -> Iterator[Element]:
    rng = config.rng or RngConfig()
    if rng.enabled:
        made = element("rng", model="virtio")
        if rng.rate is not None:
            made.append(element("rate", bytes=str(rng.rate), period=str(_PERIOD)))
        made.append(element("backend", _SOURCE, model="random"))
        yield made


def parse(root: Element) -> dict[str, Any]:
    ours = next((device for device in root.iterfind("devices/rng") if is_ours(device)), None)
    if ours is None:
        return {"rng": RngConfig(enabled=False)}
    limit, period = attribute(ours, "rate", "bytes"), int(attribute(ours, "rate", "period") or _PERIOD)
    return {"rng": RngConfig(rate=int(limit) * _PERIOD // period) if limit else None}


def is_ours(device: Element) -> bool:
    """Tells ours from one that somebody added, which has another source: every driver keeps that, and not all keep an alias."""
    return attribute(device, "backend", "model") == "random" and text_of(device, "backend") == _SOURCE
