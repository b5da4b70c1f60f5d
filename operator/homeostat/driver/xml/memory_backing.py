"""How the guest's memory is kept by its host: shared, where virtiofsd has to reach it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig

from .elements import Element, attribute, element

PARENT = "domain"
TAG = "memoryBacking"


def build(config: DomainConfig) -> Iterator[Element]:
    if config.filesystems:
        yield element(TAG, None, element("source", type_="memfd"), element("access", mode="shared"))


def parse(root: Element) -> dict[str, Any]:
    return {}  # it goes with the folders


def is_ours(child: Element) -> bool:
    """Tells whether a child of the domain is what ``build`` writes, and nothing else."""
    kinds = attribute(child, "source", "type"), attribute(child, "access", "mode")
    return child.tag == TAG and len(child) == 2 and kinds == ("memfd", "shared")
