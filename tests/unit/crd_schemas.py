"""The schemas of the CustomResourceDefinitions as JSON Schemas, so that documents can be checked without an API server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema

from homeostat.models.crd import schema_of
from homeostat.models.kinds import CLUSTER_KINDS

Schema = dict[str, Any]
SCHEMAS: dict[str, Schema] = {kind.KIND: schema_of(kind) for kind in CLUSTER_KINDS}


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema in ``schema``, with the path of what it is about; not those inside anyOf and oneOf."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


def _closed(schema: Schema) -> Schema:
    """With what an API server prunes as an error: a field that is not in the schema would be lost."""
    closed = dict(schema)
    if "properties" in schema:
        closed["properties"] = {
            name: {"type": "object"} if name == "metadata" and "apiVersion" in schema["properties"] else _closed(field)
            for name, field in schema["properties"].items()
        }
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            closed[inner] = _closed(schema[inner])
    kept = "additionalProperties" in schema or "x-kubernetes-preserve-unknown-fields" in schema
    return closed if kept or schema.get("type") != "object" else {**closed, "additionalProperties": False}


VALIDATORS = {
    kind: jsonschema.Draft4Validator(_closed(schema), format_checker=jsonschema.FormatChecker(["ipv4", "ipv6"]))
    for kind, schema in SCHEMAS.items()
}


def refusals(document: dict[str, Any]) -> list[str]:
    """What the API server would say, or silently drop."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATORS[document["kind"]].iter_errors(document)]


def is_let_in(document: dict[str, Any]) -> bool:
    """Whether there are no refusals; sooner known than which."""
    return bool(VALIDATORS[document["kind"]].is_valid(document))
