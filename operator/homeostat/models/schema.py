"""JSON Schemas (draft 2020-12) of the kinds, for editors and validators.

They show what to write in the shortest true form. Fields that the operator sets are read-only. Null, which means "not given", is
left out of the alternatives.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .base import API_VERSION, Resource

DIALECT = GenerateJsonSchema.schema_dialect  # https://json-schema.org/draft/2020-12/schema
_WRITTEN_METADATA = frozenset({"name", "namespace", "labels", "annotations"})
_IGNORED_METADATA = ("managedFields", "selfLink", "generateName")
# What the models check across several fields, where JSON Schema can say it too.
EXACTLY_ONE: dict[str, tuple[str, ...]] = {
    "DiskOrigin": ("blank", "image", "diskRef", "snapshotRef"),
    "ImageSource": ("url", "path", "imageRef"),
    "ImageOrigin": ("url", "path", "upload"),
    "Nic": ("network", "networkRef", "bridge", "tap", "user"),
    "Probe": ("httpGet", "tcpSocket", "guestAgentPing", "exec"),
}


def json_schema(kind: type[Resource]) -> dict[str, Any]:
    """Returns the schema of one kind's documents."""
    schema: dict[str, Any] = without_null(kind.model_json_schema(by_alias=True, mode="validation"))
    properties = schema["properties"]
    properties["apiVersion"] = {"const": API_VERSION, "description": "Which version of the API."}
    properties["kind"] = {"const": kind.KIND, "description": "Which kind of resource."}
    if "status" in properties:
        properties["status"] |= {"readOnly": True, "description": "What was observed. Written by the operator."}
    definitions = schema["$defs"]
    for name in {"ObjectMeta", "HostMeta"} & definitions.keys():
        _mark_metadata(definitions[name])
    for part in (schema, *definitions.values()):
        _entitle(part)
    for name, fields in EXACTLY_ONE.items():
        if name in definitions:
            definitions[name]["oneOf"] = [{"required": [field]} for field in fields]
    return {
        "$schema": DIALECT,
        "title": kind.KIND,
        "description": (kind.__doc__ or f"A {kind.KIND} of {API_VERSION}.").strip(),
        **{k: v for k, v in schema.items() if k not in ("title", "description", "required")},
        "required": ["apiVersion", "kind", "metadata"],
    }


def _mark_metadata(metadata: dict[str, Any]) -> None:
    properties = metadata["properties"]
    for field in _IGNORED_METADATA:
        properties.pop(field, None)
    for field, schema in properties.items():
        if field not in _WRITTEN_METADATA:
            schema["readOnly"] = True


def _entitle(part: dict[str, Any]) -> None:
    """Gives ``gracePeriodSeconds`` the title "Grace period seconds", which pydantic cannot derive from our aliases."""
    for field, schema in part.get("properties", {}).items():
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", field)
        schema["title"] = words[:1].upper() + words[1:].lower()


def without_null(node: Any) -> Any:
    """Returns the schema without ``null`` as an alternative, and without defaults of null."""
    if isinstance(node, list):
        return [without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    cleaned = {key: without_null(value) for key, value in node.items() if not (key == "default" and value is None)}
    choices = cleaned.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        del cleaned["anyOf"]
        cleaned = {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), **cleaned}
    return cleaned
