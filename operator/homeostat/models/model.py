"""The base of every model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """Immutable, camelCase on the outside, and strict about unknown fields."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        use_enum_values=False,
        str_max_length=1_000_000,
    )

    def dump(self, *, defaults: bool = False) -> dict[str, Any]:
        """Returns the JSON form as users write it: camelCase, without nulls. With ``defaults`` also what was not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=not defaults)
