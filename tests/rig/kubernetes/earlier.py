"""The definition of an earlier version, which lacks a field of today's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.plane import ControlPlane

DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.homeostat.dev"


@contextlib.contextmanager
def without_the_field(plane: ControlPlane, plural: str, *path: str) -> Iterator[None]:
    """For a while the kind has no such field; ``[]`` in its path stands for an item of a list. The server may need a moment."""
    place = DEFINITION.format(plural=plural)
    version = plane.api("GET", place)["spec"]["versions"][0]
    within: Any = version["schema"]["openAPIV3Schema"]
    for step in path[:-1]:
        within = within["items"] if step == "[]" else within["properties"][step]
    del within["properties"][path[-1]]
    plane.api("PATCH", place, {"spec": {"versions": [version]}}, "application/merge-patch+json")
    try:
        yield
    finally:
        install_crds(plane)
