"""QEMU arguments of ours that are no device: the spec's own, and the uuid that a guest sees.

libvirt knows only one list, ``<qemu:commandline>``, which others may add to. So the words that are ours stand in our metadata,
too, and only they are read back, and replaced. libvirt's test driver drops QEMU arguments and keeps metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, DomainType

from . import forwards
from .elements import Element, listing

PARENT = "metadata"
NAMESPACE = "https://homeostat.dev/arguments/1"
TAG = f"{{{NAMESPACE}}}arguments"
_ARGUMENT = f"{{{NAMESPACE}}}arg"
_UUID = re.compile(r"^type=1,uuid=([0-9a-f-]{36})$")


def build(config: DomainConfig) -> Iterator[Element]:
    if words := _words(config):
        yield listing(TAG, _ARGUMENT, "arguments", NAMESPACE, words)


def build_commandline(config: DomainConfig) -> Iterator[Element]:
    """Builds libvirt's list, which holds those of nics, too."""
    words = [*forwards.words(config), *_words(config)]
    if words and config.type is not DomainType.TEST:
        yield listing(forwards.COMMANDLINE, forwards.ARGUMENT, "qemu", forwards.QEMU_NAMESPACE, words)


def parse(root: Element) -> dict[str, Any]:
    return {"qemu_arguments": tuple(_without_uuid(_present(root))) or None}


def guest_uuid(root: Element) -> str | None:
    """Reads the uuid that the guest sees, where it is not the domain's."""
    words = _present(root)
    found = _UUID.match(words[1]) if words[:1] == ["-smbios"] and len(words) > 1 else None
    return found[1] if found else None


def without_ours(words: list[str], root: Element) -> list[str]:
    """Returns the words of libvirt's list without those that ``root`` records as ours."""
    ours = _recorded(root)
    place = _place(ours, words)
    return words if place is None else words[:place] + words[place + len(ours) :]


def _words(config: DomainConfig) -> list[str]:
    uuid = config.smbios.uuid if config.smbios else None
    return [*(("-smbios", f"type=1,uuid={uuid}") if uuid else ()), *(config.qemu_arguments or ())]


def _without_uuid(words: list[str]) -> list[str]:
    return words[2:] if words[:1] == ["-smbios"] and len(words) > 1 and _UUID.match(words[1]) else words


def _present(root: Element) -> list[str]:
    """Returns the recorded words where QEMU gets them, one after another."""
    ours, commandline = _recorded(root), root.find(forwards.COMMANDLINE)
    if root.get("type") == DomainType.TEST:
        return ours
    given = [] if commandline is None else [child.get("value", "") for child in commandline.iterfind(forwards.ARGUMENT)]
    return ours if _place(ours, given) is not None else []


def _recorded(root: Element) -> list[str]:
    return [child.get("value", "") for child in root.iterfind(f"metadata/{TAG}/{_ARGUMENT}")]


def _place(ours: list[str], words: list[str]) -> int | None:
    found = (start for start in range(len(words) - len(ours) + 1) if ours and words[start : start + len(ours)] == ours)
    return next(found, None)
