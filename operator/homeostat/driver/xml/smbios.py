"""What the guest reads of its mainboard. ``boot`` says in ``<os>`` that it is from here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from homeostat.planner.domain import DomainConfig, SmbiosConfig

from . import arguments
from .elements import Element, attribute, element, text_of

PARENT = "domain"
TAG = "sysinfo"
_ENTRIES = tuple(field.name for field in fields(SmbiosConfig) if field.name != "uuid")  # libvirt's names are the same


def build(config: DomainConfig) -> Iterator[Element]:
    if has_entries(config):
        system = element("system")
        for name in _ENTRIES:
            if (value := getattr(config.smbios, name)) is not None:
                system.append(element("entry", value, name=name))
        yield element(TAG, None, system, type_="smbios")


def has_entries(config: DomainConfig) -> bool:
    """Tells whether it says anything here. Its uuid is an argument: libvirt takes no other than the domain's."""
    return config.smbios is not None and replace(config.smbios, uuid=None) != SmbiosConfig()


def parse(root: Element) -> dict[str, Any]:
    given, uuid = attribute(root, "os/smbios", "mode") == "sysinfo", arguments.guest_uuid(root)
    if not given and uuid is None:
        return {"smbios": None}
    found = {name: text_of(root, f"{TAG}[@type='smbios']/system/entry[@name='{name}']") for name in _ENTRIES} if given else {}
    smbios = SmbiosConfig(**found, uuid=uuid)
    return {"smbios": None if smbios == SmbiosConfig() else smbios}


def is_ours(child: Element) -> bool:
    """Tells whether a child of the domain says what only the spec says."""
    return child.tag == TAG and child.get("type") == "smbios"
