"""Questions about the models themselves."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Returns the model inside Optional, tuple[..., ...] or Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, list, Union, types.UnionType) or hasattr(annotation, "__metadata__"):
        return next((found for part in get_args(annotation) if (found := model_in(part))), None)
    return None


def maps_to_text(annotation: Any) -> bool:
    """Tells whether it is a map of texts to texts, such as labels."""
    if hasattr(annotation, "__metadata__"):
        return maps_to_text(annotation.__origin__)
    if get_origin(annotation) is dict:
        value = get_args(annotation)[1]
        return getattr(value, "__origin__", value) is str
    return False
