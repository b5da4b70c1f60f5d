"""Where an element goes that a definition does not have yet, and what goes from one."""

from __future__ import annotations

from collections.abc import Collection

from ..elements import Element


def placed(root: Element, made: Element, after: Collection[str]) -> Element:
    """Puts an element behind the last of those named ``after``, or first, and returns it."""
    place = max((i for i, child in enumerate(root, 1) if child.tag in after), default=0)
    root.insert(place, made)
    return made


def clear(found: Element, *names: str) -> None:
    """Removes attributes, as far as it has them."""
    for name in names:
        if name in found.attrib:
            del found.attrib[name]
