"""Memory that the guest and programs of its host both see (ivshmem)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, SharedMemoryConfig

from ..elements import Element, alias_element, alias_name, element
from ..general import read_bytes

PARENT = "devices"
TAG = "shmem"
FAMILY = "memory"


def build(config: DomainConfig) -> Iterator[Element]:
    for memory in config.shared_memory or ():
        made = element(TAG, name=f"{prefix(config.uuid)}{memory.name}")
        made.append(element("model", type_="ivshmem-plain"))
        made.append(element("size", str(memory.size // 2**20), unit="M"))
        made.extend(alias_element(FAMILY, memory.name))
        yield made


def prefix(uuid: str) -> str:
    """Returns what the names in /dev/shm of a domain's memory begin with."""
    return f"homeostat-{uuid}-"


def parse(root: Element) -> dict[str, Any]:
    ours = (device for device in root.iterfind(f"devices/{TAG}") if alias_name(device, FAMILY))
    found = tuple(SharedMemoryConfig(alias_name(device, FAMILY) or "", read_bytes(device, "size")) for device in ours)
    return {"shared_memory": found or None}
