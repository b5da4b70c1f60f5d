"""One resource as the index holds it: a row of texts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from homeostat.models.base import API_VERSION, Key, Resource
from homeostat.models.introspection import model_in
from homeostat.models.kinds import STORED

COLUMNS = (
    "kind, namespace, name, uid, generation, version, changed, metadata, spec, status, source, document, item, line, hash, "
    "created, deleted, grace, finalizers"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One resource as it is stored. ``metadata``, ``spec`` and ``status`` are JSON texts."""

    kind: str
    namespace: str
    name: str
    uid: str
    generation: int
    version: int
    changed: int
    metadata: str
    spec: str
    status: str | None
    file: str | None  # the column source: relative to the folder. None: the operator made the resource itself
    document: int | None
    item: int | None
    line: int | None
    hash: str
    created: str
    deleted: str | None
    grace: int | None
    finalizers: str

    @property
    def key(self) -> Key:
        return Key(self.kind, self.namespace, self.name)

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.file else "no file"

    @property
    def shown_version(self) -> str:
        """Returns the resourceVersion that readers see. Where the row mirrors an object of a cluster it is the cluster's."""
        return self.hash if self.hash and self.file is None else str(self.version)

    def said(self, *path: str) -> Any:
        """Returns what the spec has at a path of fields; None: nothing. What a loose CRD let in may be no object anywhere."""
        found = json.loads(self.spec)
        for field in path:
            found = found.get(field) if isinstance(found, dict) else None
        return found

    def meta(self) -> dict[str, Any]:
        """Returns the metadata as the API shows it."""
        meta: dict[str, Any] = {
            "name": self.name,
            "namespace": self.namespace,
            **json.loads(self.metadata),
            "uid": self.uid,
            "generation": self.generation,
            "resourceVersion": self.shown_version,
            "creationTimestamp": self.created,
            "finalizers": json.loads(self.finalizers),
        }
        if self.deleted is not None:
            meta["deletionTimestamp"] = self.deleted
        if self.grace is not None:
            meta["deletionGracePeriodSeconds"] = self.grace
        return meta

    def document_form(self) -> dict[str, Any]:
        """Returns the whole object as JSON values, without defaults. Readers show this, and no model is built for it."""
        return self._form(json.loads(self.spec))

    def resource(self) -> Resource:
        """Returns the model of the row.

        Raises:
            pydantic.ValidationError: the models have become stricter since the row was written.
        """
        return STORED[self.kind].model_validate(self._form(_spec(self.kind, self.spec)))

    def _form(self, spec: Any) -> dict[str, Any]:
        shown = {"apiVersion": API_VERSION, "kind": self.kind, "metadata": self.meta(), "spec": spec}
        if self.status is not None:
            shown["status"] = json.loads(self.status)
        return shown


@lru_cache(16)
def _spec(kind: str, text: str) -> Any:
    """Returns the model of a spec, which the machines of one template share, since models never change. Where the models refuse
    it: its values, of which the resource's model says what is wrong."""
    values, model = json.loads(text), model_in(STORED[kind].model_fields["spec"].annotation)
    assert model is not None
    try:
        return model.model_validate(values)
    except ValidationError:
        return values
