"""The sound card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig

from ..elements import Element, alias_element, alias_name, element
from .controllers import is_q35

PARENT = "devices"
FAMILY = "sound"
_HDA = "hda"


def build(config: DomainConfig) -> Iterator[Element]:
    if config.sound is None:
        return
    chip = "ich9" if is_q35(config.machine) else "ich6"  # the one of its chipset
    yield element("sound", None, *alias_element(FAMILY, "card"), model=chip if config.sound == _HDA else config.sound)


def parse(root: Element) -> dict[str, Any]:
    ours = (device for device in root.iterfind("devices/sound") if alias_name(device, FAMILY))
    model = next((device.get("model") for device in ours), None)
    return {"sound": _HDA if model in ("ich6", "ich9") else model}
