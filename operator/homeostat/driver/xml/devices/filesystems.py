"""Folders of the host that the guest mounts (virtiofs)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, FilesystemConfig

from ..elements import Element, alias_element, alias_name, attribute, element

PARENT = "devices"
TAG = "filesystem"
FAMILY = "fs"


def build(config: DomainConfig) -> Iterator[Element]:
    for folder in config.filesystems or ():
        made = element(TAG, None, element("driver", type_="virtiofs"), type_="mount", accessmode="passthrough")
        made.append(element("source", dir=folder.path))
        made.append(element("target", dir=folder.name))
        made.extend(alias_element(FAMILY, folder.name))
        yield made


def parse(root: Element) -> dict[str, Any]:
    ours = (device for device in root.iterfind(f"devices/{TAG}") if alias_name(device, FAMILY))
    found = tuple(FilesystemConfig(alias_name(d, FAMILY) or "", attribute(d, "source", "dir") or "") for d in ours)
    return {"filesystems": found or None}
