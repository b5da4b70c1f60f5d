"""Texts about resources, for readers who know them by the names that they gave."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from homeostat.models.base import Resource
from homeostat.models.kinds import BY_KIND

from ..desk import Desk
from .marks import given_name

# A word that may be a resource's name. What is a part of a path, or of an address, is none.
_WORD = re.compile(
    r"(?<![A-Za-z0-9_./:\[-])(?P<kind>[A-Za-z]+/)?(?P<name>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?![A-Za-z0-9_-]|[./:][\w/])"
)


async def in_given_names(desk: Desk, text: str, asked: Mapping[str, str], called: Callable[[Resource], str] = given_name) -> str:
    """Returns a text with the names that resources were given in place of their own, as far as its reader sees them. ``asked``:
    given names by those of resources, which he has just written himself. ``called``: what a resource was called."""
    words = {found["name"] for found in _WORD.finditer(text)}
    # Outside namespace default a machine's domain has a prefix, and messages name domains.
    prefix = f"{desk.machines.namespace}--"
    domains = {word.removeprefix(prefix): word for word in words if word.startswith(prefix)}
    words |= domains.keys()
    known = {name: given for name, given in asked.items() if name in words}
    for key in desk.asking.workspace.store.named(words - set(known)):
        kind = BY_KIND.get(key.kind)
        if kind is None or key.namespace != desk.of(kind).namespace:
            continue
        found = await desk.of(kind).find(key.name)
        if found is not None and (given := called(found)) != key.name:
            known[key.name] = given
    return renamed(text, known | {word: known[name] for name, word in domains.items() if name in known})


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Returns a text with other names of resources: those that ``names`` has for them."""
    return _WORD.sub(lambda word: names.get(word["name"], word[0]), text) if names else text
