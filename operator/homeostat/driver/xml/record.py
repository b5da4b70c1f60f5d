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


def has_record(root: Element) -> bool:
    """Tells whether the domain is ours."""
    return _find(root) is not None


def parse(root: Element) -> dict[str, Any]:
    found = _find(root)
    if found is None:
        return {"record": None}
    given = dict(found.items())
    values: dict[str, Any] = {name: given.get(key, "") for name, key in _ATTRIBUTES.items()}
    generation = values["generation"]
    values["generation"] = int(generation) if generation.isdecimal() else 0
    return {"record": Record(**values)}


def _find(root: Element) -> Element | None:
    """Returns our element. One that names nobody is not ours."""
    found = root.find(f"metadata/{TAG}")
    return found if found is not None and found.get("uid") else None


def _values(record: Record) -> Iterator[tuple[str, str]]:
    for name, key in _ATTRIBUTES.items():
        value = getattr(record, name)
        if value:  # empty is the default; leaving it out keeps the definition short
            yield key, str(value)
