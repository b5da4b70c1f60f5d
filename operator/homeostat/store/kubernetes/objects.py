"""How an object of an API server becomes a row of the index, and what of it is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeostat.models.base import API_GROUP, Key
from homeostat.planner.files.trash import DELETED_BY
from homeostat.runtime.machine.commands import REPLACED, outlived

from ..index.index import compact
from .applied import owner_of, owns

Object = Mapping[str, Any]

GRACE = f"{API_GROUP}/grace-period-seconds"
"""An annotation: 0 powers off at once a machine that is being deleted. The server stores no grace periods of custom resources."""
_DELETED_BY = ("f:metadata", "f:annotations", f"f:{DELETED_BY}")
_AUTHORS = {
    "homeostat-api": "api",
    "homeostat-cli": "cli",
    "homeostat": "operator",
}  # our field managers, in the words of standalone mode
_NOISE = ("kubectl.kubernetes.io/last-applied-configuration",)  # it holds the whole object once more


@dataclass(frozen=True, slots=True)
class Mirrored:
    """An object in the form of the index's columns."""

    key: Key
    uid: str
    generation: int
    resource_version: str
    metadata: str
    spec: str
    status: str | None
    created: str
    deleted: str | None
    grace: int | None
    finalizers: str
    managed: Sequence[Object]

    @property
    def desired(self) -> tuple[object, ...]:
        """Returns what a reconcile may have to act on: everything except the status."""
        return (self.metadata, self.spec, self.deleted, self.grace, self.finalizers)


def key_of(item: Object) -> Key:
    meta = item["metadata"]
    return Key(str(item["kind"]), str(meta.get("namespace") or "default"), str(meta["name"]))


def mirrored(item: Object) -> Mirrored:
    """Returns the object as columns.

    Raises:
        KeyError: it is not an object.
    """
    meta = item["metadata"]
    left_out = (*_NOISE, REPLACED) if _is_void(item) else _NOISE
    annotations = {name: text for name, text in (meta.get("annotations") or {}).items() if name not in left_out}
    shown = {
        "labels": meta.get("labels"),
        "annotations": annotations,
        "ownerReferences": [_owner(o) for o in meta.get("ownerReferences") or ()],
    }
    deleted, status = meta.get("deletionTimestamp"), item.get("status")
    return Mirrored(
        key=key_of(item),
        uid=meta["uid"],
        generation=int(meta.get("generation") or 0),
        resource_version=meta["resourceVersion"],
        metadata=compact({name: value for name, value in shown.items() if value}),
        spec=compact(item.get("spec") or {}),
        status=json.dumps(status, separators=(",", ":"), ensure_ascii=False) if status else None,
        created=meta["creationTimestamp"],
        deleted=deleted,
        # The server says 0 for every object with finalizers.
        grace=_grace(annotations.get(GRACE)) if deleted else None,
        finalizers=json.dumps(meta.get("finalizers") or []),
        managed=meta.get("managedFields") or (),
    )


def _is_void(item: Object) -> bool:
    """Says whether what ``stop`` noted does not count any more: somebody else has written the runStrategy since."""
    managed = item["metadata"].get("managedFields") or ()
    note, strategy = ("f:metadata", "f:annotations", f"f:{REPLACED}"), ("f:spec", "f:runStrategy")
    noted, written = ({entry.get("manager") for entry in managed if owns(entry, field)} for field in (note, strategy))
    return bool(managed and not noted & written) or bool(outlived(None, item))


def _owner(reference: Object) -> dict[str, Any]:
    return {
        **reference,
        "controller": bool(reference.get("controller")),
        "blockOwnerDeletion": bool(reference.get("blockOwnerDeletion")),
    }


def _grace(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def author_of(managed: Sequence[Object], changed: Iterable[str] = ()) -> str:
    """Returns who wrote those fields of the spec (dotted paths), or any of the spec, in the words of standalone mode."""
    for path in changed:
        if owner := owner_of(managed, path):
            return _AUTHORS.get(owner, owner)
    mine = [m for m in managed if "f:spec" in (m.get("fieldsV1") or {})]
    newest = max(mine, key=lambda m: str(m.get("time") or ""), default=None)
    name = str(newest.get("manager") or "unknown") if newest else "unknown"
    return _AUTHORS.get(name, name)


def deleter_of(managed: Sequence[Object]) -> str:
    """Returns who said that he deletes it, in the words of standalone mode. Empty: nobody did, and the server does not say."""
    said = [str(entry.get("manager")) for entry in managed if owns(entry, _DELETED_BY)]
    ours = [_AUTHORS[name] for name in said if name in _AUTHORS]
    return ours[0] if ours else ""
