"""JSON Patch (RFC 6902) of a spec: all of its operations, or none."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch
from jsonpointer import JsonPointer, JsonPointerException

from ..refusals import NotAllowed

OPERATIONS_MAX = 500  # a patch of every field of a large machine has fewer
COPIED_MAX = 2**20  # bytes that all copies of a patch may add: each could double the document
SHOWN_MAX = 256  # characters of a path in an error
_WORDS = ("add", "remove", "replace", "move", "copy", "test")


class PatchRefused(NotAllowed):
    """An operation cannot be carried out. Nothing was changed."""

    def __init__(self, index: int, operation: Any, why: str) -> None:
        said = operation if isinstance(operation, Mapping) else {}
        word, path = str(said.get("op", ""))[:SHOWN_MAX], str(said.get("path", ""))[:SHOWN_MAX]
        about = f" ({word} {path or 'the whole spec'})" if word else ""
        super().__init__(
            f"operation {index}{about}: {why}. Nothing was changed",
            {"operation": index, "op": word, "path": path},
        )


def apply_json_patch(document: Mapping[str, Any], operations: Sequence[Any]) -> dict[str, Any]:
    """Returns what the operations make of the document, which stays as it is. Operations count from 0.

    Raises:
        PatchRefused: an operation is none, names a place that is not there, or tests for what is not so.
    """
    if len(operations) > OPERATIONS_MAX:
        raise NotAllowed(f"the patch has {len(operations)} operations; the most are {OPERATIONS_MAX}")
    patched: Any = copy.deepcopy(dict(document))
    copied = 0
    for index, operation in enumerate(operations):
        if why := _malformed(operation):
            raise PatchRefused(index, operation, why)
        copied += _copies(operation, patched)
        if copied > COPIED_MAX:
            raise PatchRefused(index, operation, f"the patch copies more than {COPIED_MAX} bytes")
        missing = _missing(operation, patched)  # before: a move that fails has taken its value away by then
        try:
            patched = jsonpatch.JsonPatch([operation]).apply(patched, in_place=True)
        except jsonpatch.JsonPatchTestFailed:
            raise PatchRefused(index, operation, missing or _differs(operation, patched)) from None
        except RecursionError:
            raise PatchRefused(index, operation, "it is nested too deeply") from None
        except (jsonpatch.JsonPatchException, JsonPointerException, TypeError) as error:
            raise PatchRefused(index, operation, missing or str(error)[:SHOWN_MAX]) from None
    if not isinstance(patched, dict):
        raise PatchRefused(len(operations) - 1, operations[-1], "it leaves a spec that is no object")
    return patched


def _malformed(operation: Any) -> str:
    """Says why this is no operation; empty: it is one."""
    if not isinstance(operation, Mapping):
        return 'an operation is an object, such as {"op": "add", "path": "/suspend", "value": true}'
    if operation.get("op") not in _WORDS:
        return f"op must be one of {', '.join(_WORDS)}"
    needed = ("path", "from") if operation["op"] in ("move", "copy") else ("path",)
    for name in needed:
        pointer = operation.get(name)
        if not isinstance(pointer, str):
            return f"{name} must be a JSON pointer, such as /disks/0/size"
        try:
            JsonPointer(pointer)
        except JsonPointerException:
            return f"{name} must be a JSON pointer: empty, or /names/between/slashes with ~1 for a slash and ~0 for a tilde"
    if operation["op"] in ("add", "replace", "test") and "value" not in operation:
        return f"{operation['op']} needs a value"
    return ""


def _copies(operation: Mapping[str, Any], document: Any) -> int:
    """Returns the bytes that an operation copies."""
    if operation["op"] != "copy":
        return 0
    found = _at(operation["from"], document)
    return len(json.dumps(found)) if found is not None else 0


def _differs(operation: Mapping[str, Any], document: Any) -> str:
    return f"it is {json.dumps(_at(operation['path'], document))[:SHOWN_MAX]}"


def _missing(operation: Mapping[str, Any], document: Any) -> str:
    """Says which part of the places that it names is not there; empty: all of them are."""
    moves, adds = operation["op"] in ("move", "copy"), operation["op"] in ("add", "move", "copy")
    return (_hole(operation["from"], document) if moves else "") or _hole(operation["path"], document, new=adds)


def _hole(pointer: str, document: Any, *, new: bool = False) -> str:
    """Says where a pointer leads nowhere; empty: it leads somewhere. ``new``: its last part need not be there yet."""
    parts, found, way = JsonPointer(pointer).parts, document, ""
    for number, part in enumerate(parts, 1):
        if not isinstance(found, dict | list):
            return f"{way[:SHOWN_MAX]} is {json.dumps(found)[:SHOWN_MAX]}, and has nothing below it"
        way += "/" + part.replace("~", "~0").replace("/", "~1")
        if new and number == len(parts):
            return ""
        here = _at(way, document, _NOWHERE)
        if here is _NOWHERE:
            first = " (what the spec does not say has its default: add it first)" if isinstance(found, dict) else ""
            return f"there is no {way[:SHOWN_MAX]} in the spec{first}"
        found = here
    return ""


_NOWHERE = object()


def _at(pointer: str, document: Any, otherwise: Any = None) -> Any:
    try:
        return JsonPointer(pointer).resolve(document, otherwise)
    except JsonPointerException:
        return otherwise
