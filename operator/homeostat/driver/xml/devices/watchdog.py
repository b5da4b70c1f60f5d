"""The watchdog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, WatchdogConfig

from ..elements import Element, alias_element, alias_name, element

PARENT = "devices"
FAMILY = "watchdog"


def build(config: DomainConfig) -> Iterator[Element]:
    dog = config.watchdog
    if dog is not None:
        yield element("watchdog", None, *alias_element(FAMILY, "dog"), model=dog.model, action=dog.action)


def parse(root: Element) -> dict[str, Any]:
    ours = (device for device in root.iterfind("devices/watchdog") if alias_name(device, FAMILY))
    return {"watchdog": next((WatchdogConfig(dog.get("model", ""), dog.get("action", "")) for dog in ours), None)}
