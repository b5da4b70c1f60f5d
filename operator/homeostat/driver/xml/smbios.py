"""What the guest reads of its mainboard. ``boot`` says in ``<os>`` that it is from here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from homeostat.planner.domain import DomainConfig, SmbiosConfig

from .elements import Element, attribute, element, text_of

PARENT = "domain"
TAG = "sysinfo"
_ENTRIES = tuple(field.name for field in fields(SmbiosConfig))  # libvirt's names are the same


def build(config: DomainConfig) -> Iterator[Element]:
    if config.smbios is not None:
        system = element("system")
        for name in _ENTRIES:
            if (value := getattr(config.smbios, name)) is not None:
                system.append(element("entry", value, name=name))
        yield element(TAG, None, system, type_="smbios")


def parse(root: Element) -> dict[str, Any]:
    given = f"{TAG}[@type='smbios']/system/entry"
    found = {name: text_of(root, f"{given}[@name='{name}']") for name in _ENTRIES}
    if attribute(root, "os/smbios", "mode") != "sysinfo" or not any(found.values()):
        return {"smbios": None}
    return {"smbios": SmbiosConfig(**found)}


def is_ours(child: Element) -> bool:
    """Tells whether a child of the domain says what only the spec says."""
    return child.tag == TAG and child.get("type") == "smbios"
