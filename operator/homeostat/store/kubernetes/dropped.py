"""What an API server leaves out of what it is sent, without a word: the fields that its definition (CRD) of the kind, as that of
an earlier version, does not have.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

from homeostat.store.errors import DocumentProblem, Invalid

from .objects import Object
from .paths import PATHS

log = logging.getLogger(__name__)

_UNDECLARED = re.compile(r"\.(\S+): field not declared in schema")
Path = tuple[str, ...]
"""The names down to a field; ITEMS for each item of a list."""
ITEMS = "[]"
ADVICE = "apply those of this version (`homeostat crds | kubectl apply -f -`)"
REMEMBERED = 600.0
"""Seconds for which it counts that a field was dropped. Then it is sent once more: the definitions may be newer by now."""


async def written_whole(kind: str, sent: Mapping[str, Any], write: Callable[..., Awaitable[Object]], *, dry: bool) -> Object:
    """Writes what the server would keep all of. It is asked first, since a spec that lacks a field is acted on at once.

    Raises:
        Invalid: it would drop a field of the spec. Nothing was written.
    """
    if not sent.get("spec"):
        return await write(dry=dry)
    foreseen = await write(dry=True)
    if lost := sorted(set(dropped({"spec": sent["spec"]}, foreseen))):
        raise not_defined(kind, map(in_words, lost))
    return foreseen if dry else await write(dry=False)


def undeclared(message: str) -> list[str]:
    """Returns the fields that a server-side apply was refused for, which takes none that the definition does not have: 500, and
    nothing but its message says why."""
    return _UNDECLARED.findall(message)


def not_defined(kind: str, fields: Iterable[str]) -> Invalid:
    why = f"is not in the cluster's definition of {PATHS[kind].definition}, which is older than this version: {ADVICE}"
    return Invalid([DocumentProblem(field, why) for field in fields], kind)


class DroppedFields:
    """Remembers of each kind which fields were dropped, so that they are not sent again and again."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._fields: dict[str, dict[Path, float]] = {}  # by kind: since when
        self._said = set[str]()

    def note(self, kind: str, sent: Mapping[str, Any], kept: Object) -> None:
        """Notes what was dropped, and logs it once for each kind."""
        lost = set(dropped(sent, kept))
        if not lost:
            return
        self._fields.setdefault(kind, {}).update(dict.fromkeys(lost, self._now()))
        if kind not in self._said:
            self._said.add(kind)
            fields = ", ".join(map(in_words, sorted(lost)))
            log.warning(
                "the cluster's definition of %s is older than this operator, and drops %s: %s",
                PATHS[kind].definition,
                fields,
                ADVICE,
            )

    def kept(self, kind: str, part: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns what is kept of a ``part`` of an object, such as its status, as far as we know."""
        recent = self._now() - REMEMBERED
        for path, since in self._fields.get(kind, {}).items():
            if path[0] == part and since > recent:
                value = _without(value, path[1:])
        return value


def dropped(sent: Any, kept: Any, above: Path = ()) -> Iterator[Path]:
    """Yields the fields that were sent and are not in what was kept. A null asks for none."""
    if isinstance(sent, Mapping) and isinstance(kept, Mapping):
        for name, value in sent.items():
            if name in kept:
                yield from dropped(value, kept[name], (*above, name))
            elif value is not None:
                yield (*above, name)
    elif isinstance(sent, list) and isinstance(kept, list):
        for number, item in enumerate(sent):
            yield from dropped(item, _counterpart(number, item, kept), (*above, ITEMS))


def in_words(path: Path) -> str:
    """Returns it as people write it: spec.disks[].size."""
    return ".".join(path).replace(f".{ITEMS}", ITEMS)


def _counterpart(number: int, item: Any, kept: list[Any]) -> Any:
    """Returns what became of an item: it is where it was, or beside those of other appliers, by its name."""
    there = kept[number] if number < len(kept) else None
    name = item.get("name") if isinstance(item, Mapping) else None
    if name is None or (isinstance(there, Mapping) and there.get("name") == name):
        return there
    return next((one for one in kept if isinstance(one, Mapping) and one.get("name") == name), None)


def _without(value: Any, path: Path) -> Any:
    step, rest = path[0], path[1:]
    if step == ITEMS:
        return [_without(item, rest) for item in value] if isinstance(value, list) else value
    if not isinstance(value, Mapping) or step not in value:
        return value
    left = {name: part for name, part in value.items() if name != step}
    return {**left, step: _without(value[step], rest)} if rest else left
