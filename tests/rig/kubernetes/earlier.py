"""The definition of an earlier version, which lacks a field of today's, and of a later one, which has one more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.plane import ControlPlane

DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.homeostat.dev"


def without_the_field(plane: ControlPlane, plural: str, *path: str) -> contextlib.AbstractContextManager[None]:
    """For a while the kind has no such field; ``[]`` in its path stands for an item of a list. The server may need a moment."""
    return _changed(plane, plural, path[:-1], lambda fields: fields.pop(path[-1]))


def with_the_field(plane: ControlPlane, plural: str, *path: str) -> contextlib.AbstractContextManager[None]:
    """For a while the kind has this field, too: a text."""
    return _changed(plane, plural, path[:-1], lambda fields: fields.update({path[-1]: {"type": "string"}}))


@contextlib.contextmanager
def _changed(plane: ControlPlane, plural: str, above: tuple[str, ...], change: Callable[[Any], object]) -> Iterator[None]:
    place = DEFINITION.format(plural=plural)
    version = plane.api("GET", place)["spec"]["versions"][0]
    within: Any = version["schema"]["openAPIV3Schema"]
    for step in above:
        within = within["items"] if step == "[]" else within["properties"][step]
    change(within["properties"])
    plane.api("PATCH", place, {"spec": {"versions": [version]}}, "application/merge-patch+json")
    try:
        yield
    finally:
        install_crds(plane)
