"""What pydantic writes in JSON Schema 2020-12, as OpenAPI 3.0 has it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter

from homeostat_api.openapi import downgrade


@pytest.mark.parametrize(
    ("described", "schema"),
    [
        (int | None, {"type": "integer", "nullable": True}),
        (Literal["a"], {"type": "string", "enum": ["a"]}),
        (Annotated[int, Field(gt=0)], {"type": "integer", "minimum": 0, "exclusiveMinimum": True}),
        (
            tuple[int, str],
            {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "minItems": 2, "maxItems": 2},
        ),
        (
            int | str | None,
            {"anyOf": [{"type": "integer"}, {"type": "string"}], "nullable": True},
        ),
    ],
)
def test_the_older_dialect(described: Any, schema: dict[str, Any]) -> None:
    assert downgrade(TypeAdapter(described).json_schema()) == schema


def test_null_beside_a_reference() -> None:
    given = {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}], "default": None, "description": "d"}
    assert downgrade(given) == {"allOf": [{"$ref": "#/components/schemas/A"}], "nullable": True, "description": "d"}


def test_a_property_may_be_called_title() -> None:
    given = {"type": "object", "title": "X", "properties": {"title": {"type": "string", "title": "Title"}}}
    assert downgrade(given) == {"type": "object", "properties": {"title": {"type": "string"}}}
