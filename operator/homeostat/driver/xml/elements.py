"""The few things that every device family needs: safe parsing, and elements made and read in one line."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

Element = etree._Element

# What libvirt accepts in a user's alias (virDomainDeviceInfoParseXML). Elsewhere names are plain text.
ALIAS_PREFIX = "ua-"

# Anybody may have written domain XML: no entities, no network, no documents of absurd size.
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
)


def parse_xml(text: str) -> Element:
    """Returns the root element.

    Raises:
        ValueError: not well-formed, or it declares a document type.
    """
    try:
        root = etree.fromstring(text, _PARSER)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not well-formed XML: {error}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a document type has no place in domain XML")
    return root


def to_text(element: Element) -> str:
    return etree.tostring(element, encoding="unicode")


def element(tag: str, text: str | None = None, /, *children: Element, **attributes: str | None) -> Element:
    """Makes an element. Attributes that are None are left out, and a trailing underscore (``type_``) is dropped."""
    made = etree.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_"), value)
    if text is not None:
        made.text = text
    made.extend(children)
    return made


def listing(tag: str, item: str, prefix: str, namespace: str, values: Iterable[str]) -> Element:
    """Makes a list of values in a namespace of its own."""
    made = etree.Element(tag, nsmap={prefix: namespace})
    made.extend(element(item, value=value) for value in values)
    return made


def first(parent: Element, path: str) -> Element | None:
    """Returns the first element at ``path``. A plain tag, which most paths are, takes a third of the time that ``find`` takes."""
    return next(parent.iterchildren(path), None) if path.isalpha() else parent.find(path)


def attribute(parent: Element, path: str, name: str) -> str | None:
    """Returns ``name`` of the first element at ``path``; None when either is missing."""
    found = first(parent, path)
    return None if found is None else found.get(name)


def text_of(parent: Element, path: str) -> str | None:
    found = first(parent, path)
    return None if found is None else (found.text or "")


def boot_order(device: Element) -> int | None:
    order = attribute(device, "boot", "order")
    return int(order) if order else None


def boot_element(order: int | None) -> list[Element]:
    return [] if order is None else [element("boot", order=str(order))]


def alias_element(family: str, name: str) -> list[Element]:
    """Returns our alias: libvirt has no names for devices, and every driver keeps an alias."""
    valid = name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name)
    return [element("alias", name=f"{ALIAS_PREFIX}{family}-{name}")] if valid else []


def alias_name(device: Element, family: str) -> str | None:
    alias = attribute(device, "alias", "name") or ""
    prefix = f"{ALIAS_PREFIX}{family}-"
    return alias[len(prefix) :] if alias.startswith(prefix) else None
