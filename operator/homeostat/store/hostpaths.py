"""The paths in a spec that name files on the host: images and password files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from homeostat.models.image_source import FileSource
from homeostat.models.machine_display import Vnc

M = TypeVar("M", bound=BaseModel)


def make_absolute(model: M, folder: str) -> M:
    """Returns ``model`` with its relative paths resolved against ``folder``, or ``model`` itself where it has none."""
    changed: dict[str, Any] = {}
    for name in model.model_fields_set:
        before = getattr(model, name)
        after = before
        if isinstance(before, BaseModel):
            after = make_absolute(before, folder)
        elif isinstance(before, tuple) and before and isinstance(before[0], BaseModel):
            parts = tuple(make_absolute(part, folder) for part in before)
            after = parts if any(new is not old for new, old in zip(parts, before, strict=True)) else before
        elif _is_relative(model, name, before):
            after = os.path.normpath(os.path.join(folder, before))
        if after is not before:
            changed[name] = after
    return model.model_copy(update=changed) if changed else model


def relative_paths(model: BaseModel, place: str) -> Iterator[str]:
    """Yields the fields that hold a relative path, such as spec.boot.kernel.path. ``place`` is the path of ``model`` itself."""
    for name in sorted(model.model_fields_set):
        value, field = getattr(model, name), f"{place}.{to_camel(name)}"
        if isinstance(value, BaseModel):
            yield from relative_paths(value, field)
        elif isinstance(value, tuple):
            for number, part in enumerate(value):
                if isinstance(part, BaseModel):
                    yield from relative_paths(part, f"{field}[{number}]")
        elif _is_relative(model, name, value):
            yield field


def _is_relative(model: BaseModel, name: str, value: object) -> bool:
    holds_path = (isinstance(model, FileSource) and name == "path") or (isinstance(model, Vnc) and name == "password_file")
    return holds_path and isinstance(value, str) and not os.path.isabs(value)
