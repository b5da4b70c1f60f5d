"""The namespace of documents that name none: the one that a command is about, as in kubectl."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from homeostat.models.base import Resource
from homeostat.models.kinds import kind_of

from .errors import CliError
from .given import Given, place_of
from .settings import CliSettings


def in_namespace(settings: CliSettings, given: Sequence[Given], folder: Path | None) -> list[Given]:
    """Returns what was given, each in its namespace. ``folder``: of YAML that an operator reads, where a document without a
    namespace is of ``default``.

    Raises:
        CliError: -n names another namespace than a document has. Then nothing may be done at all.
    """
    about = settings.namespace
    found = [_placed(one, about, folder) for one in given]
    if mistakes := list(_elsewhere(settings.given_namespace, found)):
        raise CliError(
            [mistakes[0], *(f"error: {mistake}" for mistake in mistakes[1:])],
            "nothing was changed: leave -n out, or correct metadata.namespace",
        )
    return found


def _placed(given: Given, namespace: str, folder: Path | None) -> Given:
    meta = given.resource.metadata
    read_there = given.path is not None and folder is not None and inside(given.path, folder)
    names_one = "namespace" in meta.model_fields_set or not _has_one(given.resource)
    if names_one or read_there or meta.namespace == namespace:
        return given
    meta = meta.model_copy(update={"namespace": namespace})
    return replace(given, resource=given.resource.model_copy(update={"metadata": meta}))


def _elsewhere(asked: str | None, given: Sequence[Given]) -> Iterator[str]:
    for one in given:
        namespace = one.resource.metadata.namespace
        if asked and _has_one(one.resource) and namespace != asked:
            yield f"{place_of(one)}: it is of namespace {namespace}, and -n names {asked}"


def _has_one(resource: Resource) -> bool:
    return kind_of(type(resource)).scope == "Namespaced"


def inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
