"""Our own element in ``<metadata>``: whose domain this is. See planner.domain.Record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from lxml import etree
from pydantic.alias_generators import to_camel

from homeostat.planner.domain import DomainConfig, Record

from .elements import Element, element

PARENT = "metadata"
NAMESPACE = "https://homeostat.dev/domain/1"
PREFIX = "homeostat"
TAG = f"{{{NAMESPACE}}}machine"

_ATTRIBUTES = {field.name: to_camel(field.name) for field in fields(Record)}


def build(config: DomainConfig) -> Iterator[Element]:
    if config.record is not None:
        made = etree.Element(TAG, nsmap={PREFIX: NAMESPACE})
        for name, value in _values(config.record):
            made.set(name, value)
        yield made


def build_plain(record: Record) -> Element:
    """Builds it without namespace, as virDomainSetMetadata wants it: libvirt adds prefix and namespace itself."""
    return element("machine", **dict(_values(record)))


def parse(root: Element) -> dict[str, Any]:
    return {"record": parse_record(root)}


def parse_record(root: Element) -> Record | None:
    """Reads the record; None where the domain is not ours, or where the record names nobody."""
    found = root.find(f"metadata/{TAG}")
    if found is None or not found.get("uid"):
        return None
    given = dict(found.items())
    values: dict[str, Any] = {name: given.get(key, "") for name, key in _ATTRIBUTES.items()}
    generation = values["generation"]
    values["generation"] = int(generation) if generation.isdecimal() else 0
    return Record(**values)


def _values(record: Record) -> Iterator[tuple[str, str]]:
    for name, key in _ATTRIBUTES.items():
        value = getattr(record, name)
        if value:  # empty is the default; leaving it out keeps the definition short
            yield key, str(value)
