"""Suggests what was probably meant by a word that names nothing."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .introspection import model_in


class NamesNothing(ValueError):
    """A reference within a spec to something that it does not have. ``path``: of the reference, from the model that refuses."""

    def __init__(self, path: tuple[str | int, ...], what: str, name: str, known: Iterable[str]) -> None:
        names = tuple(sorted(known))
        there = f"; there are: {', '.join(names)}" if names else ""
        self.path = path
        self.words = f"there is no {what} named {name!r}{nearest(name, names) or there}"
        super().__init__(f"{'.'.join(part for part in path if isinstance(part, str))}: {self.words}")


@functools.lru_cache(maxsize=1024)
def nearest(word: str, known: tuple[str, ...], likeness: float = 0.6) -> str:
    """Says which of the words that are known is like one that is not, behind a semicolon; empty: none is."""
    lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=likeness)
    return f"; did you mean {lower[near[0]]}?" if near else ""


def suggest_field(model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    """Says which field was probably meant by one that the model does not have, or which fields there are."""
    owner = _model_at(model, path[:-1])
    if owner is None or not path:
        return ""
    known = sorted(name for name, field in _fields(owner).items() if not field.exclude)
    if hint := nearest(str(path[-1]), tuple(known), 0.8):
        return hint
    if elsewhere := _below(owner, path) or _places(model).get(str(path[-1])):
        return f"; did you mean {elsewhere}?"
    return nearest(str(path[-1]), tuple(known)) or f"; the fields here are {', '.join(known)}"


def _below(owner: type[BaseModel], path: tuple[str | int, ...]) -> str:
    """Returns where the field is one level further down; empty: nowhere, or in several places."""
    *above, word = (step for step in path if isinstance(step, str))
    below = {name: model_in(field.annotation) for name, field in _fields(owner).items()}
    found = [name for name, child in below.items() if child is not None and word in _fields(child)]
    return ".".join((*above, *found, word)) if len(found) == 1 else ""


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Returns the fields by what they are called in YAML."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


@functools.cache
def _places(model: type[BaseModel]) -> dict[str, str]:
    """Returns where in the model fields are, for those who wrote one at the wrong level. Of each name only the
    outermost counts."""
    found: dict[str, str] = {}
    level: list[tuple[type[BaseModel], str]] = [(model, "")]
    for _ in range(4):
        below: list[tuple[type[BaseModel], str]] = []
        for owner, prefix in level:
            for alias, field in _fields(owner).items():
                place = f"{prefix}.{alias}" if prefix else alias
                if prefix.startswith(("metadata", "spec")):
                    found.setdefault(alias, place)
                child = model_in(field.annotation)
                if child is not None and alias != "status":
                    below.append((child, place))
        level = below
    return found


def _model_at(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for step in path:
        if isinstance(step, int):
            continue
        if current is None:
            return None
        fields: Mapping[str, Any] = current.model_fields
        current = next((model_in(f.annotation) for n, f in fields.items() if step in (f.alias, n)), None)
    return current
