"""The words of the routes that have resources of any kind, as documents of YAML have them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from homeostat.models.kinds import REGISTRY, Kind
from homeostat.runtime.engine.ports import Event, SpecRevision

from .http.kinds.whole import Named
from .http.requests.spec_changes import SpecChanged
from .http.words import Timestamp, Words


class ColumnServed(Words):
    """A column of a table of resources, as CRDs have it (additionalPrinterColumns)."""

    name: str = Field(examples=["Ready"])
    type: str = Field(examples=["string"])
    path: str = Field(description="A JSONPath in the resource.", examples=[".status.state"])
    description: str
    priority: int = Field(description="0: in each table; 1: in wide ones.")


class KindServed(Words):
    kind: str = Field(examples=["VirtualMachine"])
    plural: str = Field(description="As paths name it.", examples=["virtualmachines"])
    noun: str = Field(description="As commands name it.", examples=["vm"])
    declared: bool = Field(description="Whether people declare it: else it is the operator's own.")
    columns: list[ColumnServed]


class KindsServed(Words):
    namespace: str = Field(description="The one whose resources this server has.")
    kinds: list[KindServed]


class ResourceDocument(Words):
    """A resource of any kind. Its kind's own routes, and docs/spec, say what its spec and status may hold."""

    apiVersion: str
    kind: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: dict[str, Any] | None = None


class ResourceDocuments(Words):
    items: list[ResourceDocument]


class NewMetadata(Words):
    name: Named
    namespace: str = Field(default="", description="Default: the server's, which has no other.")
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class NewResource(Words):
    """A resource as a document has it. What a store sets, such as uid and status, is no part of it."""

    apiVersion: Literal["homeostat.dev/v1alpha1"]
    kind: str
    metadata: NewMetadata
    spec: dict[str, Any] = Field(default_factory=dict)


class MetadataPatch(Words):
    labels: dict[str, str | None] = Field(default_factory=dict)
    annotations: dict[str, str | None] = Field(default_factory=dict)


class ResourcePatch(Words):
    """A merge patch of a resource (RFC 7396): null removes."""

    metadata: MetadataPatch = MetadataPatch()
    spec: dict[str, Any] = Field(default_factory=dict)


class ResourceChanged(SpecChanged):
    """A resource after a change, and what that takes."""

    resource: ResourceDocument


class ResourceApplied(ResourceChanged):
    outcome: Literal["created", "configured", "unchanged"]
    left: list[str] = Field(description="Fields that stay although the document has them not, since nothing was applied before.")


class RevisedField(Words):
    field: str = Field(description="Dotted.")
    old: Any
    new: Any


class RevisionBody(Words):
    generation: int
    time: Timestamp
    author: str
    commit: str | None
    changes: list[RevisedField] | None = Field(description="null: the resource was created.")


class Revisions(Words):
    revisions: list[RevisionBody]


class EventBody(Words):
    id: int = Field(description="Grows with time.")
    time: Timestamp
    kind: str
    namespace: str
    name: str
    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    fields: dict[str, Any] = Field(description="For programs, such as ip or plugin.")
    count: int = Field(description="How often it happened in a row.")


class Events(Words):
    events: list[EventBody]


def kind_words(kind: Kind[Any]) -> dict[str, Any]:
    columns = [column._asdict() for column in kind.columns]
    return {"kind": kind.name, "plural": kind.plural, "noun": kind.noun, "declared": kind.declared, "columns": columns}


def revision_words(revision: SpecRevision) -> dict[str, Any]:
    changes = revision.changes
    return {
        "generation": revision.generation,
        "time": revision.time,
        "author": revision.author,
        "commit": revision.commit,
        "changes": None if changes is None else [{"field": f, "old": old, "new": new} for f, (old, new) in changes.items()],
    }


def event_words(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "time": event.time,
        **event.key._asdict(),
        "type": event.type,
        "reason": event.reason,
        "message": event.message,
        "fields": dict(event.fields),
        "count": event.count,
    }


ALL_KINDS = [kind_words(kind) for kind in REGISTRY.values()]
