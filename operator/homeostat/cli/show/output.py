"""The output forms of kubectl: table, wide, name, json, yaml."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from homeostat.models.base import Resource
from homeostat.models.outside import printable

from ..references import full_name
from ..terminal import emit, say
from .tables import table_lines


def as_document(resource: Resource) -> dict[str, Any]:
    """Returns the resource as JSON: the spec as it is written, and the status in full."""
    document = resource.dump()
    document = {"apiVersion": resource.api_version, "kind": resource.kind, **document}
    if resource.status is not None:
        document["status"] = resource.status.dump(defaults=True)
    return document


class _OutputDumper(yaml.SafeDumper):
    """Writes YAML without aliases, which would be correct but hard to read. What a terminal obeys is spelled out, as in quoted
    texts of YAML."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        self.allow_unicode = printable(text) == text
        super().write_double_quoted(text, split)
        self.allow_unicode = True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if printable(text) != text else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_OutputDumper.add_representer(str, _represent_text)


def to_yaml(value: Any) -> str:
    """Returns block style, with keys in their order and long texts as they are. Words such as yes are quoted, so that every
    reader of YAML takes them for strings."""
    return yaml.dump(value, Dumper=_OutputDumper, sort_keys=False, default_flow_style=False, width=4096, allow_unicode=True)


def print_resources(
    resources: Sequence[Resource], form: str | None, *, all_namespaces: bool = False, single: bool = False, headers: bool = True,
    prefixed: bool = False,
) -> None:  # fmt: skip
    """Prints resources. ``single``: one was asked for by name, so it is printed by itself and not as a list."""
    match form:
        case "json" | "yaml":
            emit(_dumped(resources, form, single))
        case "name":
            for resource in resources:
                say(full_name(resource.key))
        case _:
            wide = form == "wide"
            for line in table_lines(resources, wide=wide, all_namespaces=all_namespaces, headers=headers, prefixed=prefixed):
                say(line)


def _dumped(resources: Sequence[Resource], form: str, single: bool) -> str:
    items = [as_document(resource) for resource in resources]
    value: Any = items[0] if single and len(items) == 1 else {"apiVersion": "v1", "kind": "List", "items": items}
    return json.dumps(value, indent=2) + "\n" if form == "json" else to_yaml(value)
