"""What all resources share: metadata, keys, owner references, a spec and a status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from pydantic import AfterValidator, Field, Strict

from .bounds import NAMED_MAX, check_free
from .condition import Condition
from .model import Model as Model  # noqa: PLC0414 - most import it from here

API_GROUP = "homeostat.dev"
API_VERSION = f"{API_GROUP}/v1alpha1"
OWNER = f"{API_GROUP}/owner"
"""The label that names the account which a resource belongs to. Only the service writes it; whoever edits the folder, or may
write the cluster's resources, is trusted with it."""
IDENTITY = f"{API_GROUP}/identity"
"""An annotation that `homeostat migrate` writes: namespace/name/uid."""


def is_mark(name: str) -> bool:
    """Tells whether a label or an annotation is one that Homeostat itself goes by: only the server and the operator set it."""
    return name.startswith(f"{API_GROUP}/")


def without_marks(notes: Mapping[str, str]) -> dict[str, str]:
    """Returns the labels or annotations that anybody may set: what a template gives to what is made of it."""
    return {name: text for name, text in notes.items() if not is_mark(name)}


# RFC 1123 label, as Kubernetes requires of object names that become host names.
NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
NAME_MAX = 63


def check_name(name: str) -> str:
    """Returns the name.

    Raises:
        ValueError: it cannot be a name. Says what one is.
    """
    if len(name) > NAME_MAX:
        raise ValueError(f"is {len(name)} characters long; a name has at most {NAME_MAX}")
    if not re.fullmatch(NAME_PATTERN, name):
        raise ValueError(
            "must consist of lower-case letters, digits and '-', and start and end with a letter or digit (RFC 1123 label)"
        )
    return name


Name = Annotated[
    str,
    AfterValidator(check_name),
    Field(json_schema_extra={"pattern": NAME_PATTERN, "maxLength": NAME_MAX, "minLength": 1}),
]


Flag = Annotated[bool, Strict()]
"""YAML 1.2 and JSON know true and false. What an API server refuses, such as a quoted "yes", is refused everywhere."""

LABEL_PATTERN = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
LABEL_MAX = 63

ANNOTATIONS_MAX = 256 * 1024
"""Bytes of all annotations together, as an API server counts them."""
_DNS = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def _check_label_key(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if not name or len(name) > LABEL_MAX or not re.fullmatch(LABEL_PATTERN, name):
        raise ValueError(
            f"the key {key[:80]!r} must be at most {LABEL_MAX} letters, digits, '-', '_' and '.', with a letter or digit first "
            "and last, as Kubernetes has it"
        )
    if slash and (len(prefix) > 253 or not _DNS.fullmatch(prefix)):
        raise ValueError(f"the key {key[:80]!r} must have a DNS name in lower case before its slash")
    return key


def _check_label(value: str) -> str:
    if len(value) > LABEL_MAX or not re.fullmatch(LABEL_PATTERN, value):
        raise ValueError(
            f"is {value[:80]!r}; a label's value is at most {LABEL_MAX} letters, digits, '-', '_' and '.', with a letter or "
            "digit first and last (annotations take any text)"
        )
    return value


def _check_annotations(found: dict[str, str]) -> dict[str, str]:
    for key, value in found.items():
        _check_label_key(key.lower())  # as an API server, which is less strict about annotations
        check_free(value, 1)
    if sum(len(key.encode()) + len(value.encode()) for key, value in found.items()) > ANNOTATIONS_MAX:
        raise ValueError(f"are too long: at most {ANNOTATIONS_MAX // 1024} KiB in all")
    return found


LabelValue = Annotated[
    str, AfterValidator(_check_label), Field(json_schema_extra={"pattern": LABEL_PATTERN, "maxLength": LABEL_MAX})
]
Labels = Annotated[dict[Annotated[str, AfterValidator(_check_label_key)], LabelValue], Field(max_length=NAMED_MAX)]
Annotations = Annotated[dict[str, str], AfterValidator(_check_annotations)]


class Status(Model):
    """What was last observed of a resource. Each kind declares these fields where they read best among its own."""

    if TYPE_CHECKING:
        observed_generation: int
        conditions: tuple[Condition, ...]


ORPHANING = "orphan"
"""The finalizer of an owner that kubectl delete --cascade=orphan deleted. It stays until what it owned has no owner any more."""


class OwnerReference(Model):
    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = True
    block_owner_deletion: bool = True


class ObjectMeta(Model):
    """Kubernetes' object metadata, the part of it that both modes use."""

    name: Name = Field(description="Unique among the resources of one kind in one namespace.")
    namespace: Name = Field(default="default", description="A space for names. Default: default.")
    labels: Labels = Field(default_factory=dict, description="For selecting resources.")
    annotations: Annotations = Field(default_factory=dict, description="Notes that nothing selects by.")
    uid: str = Field(default="", description="Set by the store: this resource's identity.")
    generation: int = Field(default=0, description="Set by the store: grows by one with every change of spec.")
    resource_version: str = Field(default="", description="Set by the store: changes with every write.")
    creation_timestamp: str | None = Field(default=None, description="Set by the store (RFC 3339, UTC).")
    deletion_timestamp: str | None = Field(default=None, description="Set by the store once deletion was asked for.")
    deletion_grace_period_seconds: int | None = Field(
        default=None, description="Set by a forced deletion: 0 powers the machine off instead of shutting it down."
    )
    finalizers: tuple[str, ...] = Field(default=(), description="Set by the store: who still has to clean up.")
    owner_references: tuple[OwnerReference, ...] = Field(default=(), description="Set by the store: who made this.")
    # What an API server adds, and we ignore.
    managed_fields: Any = Field(default=None, exclude=True)
    self_link: Any = Field(default=None, exclude=True)
    generate_name: Any = Field(default=None, exclude=True)


class Key(NamedTuple):
    """The name of one resource."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """Reads back what ``str`` wrote.

        Raises:
            ValueError: the text is not of the form kind/namespace/name.
        """
        kind, namespace, name = text.split("/")
        return cls(kind, namespace, name)


class Resource(Model):
    """One object: apiVersion, kind, metadata, spec and, where it was observed, status."""

    KIND: ClassVar[str]
    """Its name; what else is to be known of a kind stands in ``kinds``."""

    api_version: str
    kind: str
    metadata: ObjectMeta

    if TYPE_CHECKING:  # each kind declares its own; one without a status has a property that says None

        @property
        def spec(self) -> Model: ...

        @property
        def status(self) -> Status | None: ...

    @property
    def key(self) -> Key:
        return Key(self.kind, self.metadata.namespace, self.metadata.name)

    @property
    def identity(self) -> str:
        """What all that is made of it on a host is known by: its uid, or the one that it had where it was migrated from."""
        meta = self.metadata
        given = meta.annotations.get(IDENTITY)
        if given is None:
            return meta.uid
        namespace, _, rest = given.partition("/")
        name, _, uid = rest.partition("/")
        # On a resource of another name it is a copy, and there may be many copies.
        return uid if uid and (namespace, name) == (meta.namespace, meta.name) else meta.uid

    @property
    def owner(self) -> Key | None:
        """The resource of ours that made this one, and looks after it."""
        ours = (o for o in self.metadata.owner_references if o.controller and o.api_version.startswith(f"{API_GROUP}/"))
        return next((Key(o.kind, self.metadata.namespace, o.name) for o in ours), None)

    @property
    def deleting(self) -> bool:
        return self.metadata.deletion_timestamp is not None


def in_natural_order(key: Key) -> tuple[str, tuple[tuple[str, int], ...], str]:
    """Returns the sort key for people: web-2 comes before web-10."""
    return key.namespace, natural(key.name), key.name


def by_name(resource: Resource) -> tuple[str, tuple[tuple[str, int], ...], str]:
    return in_natural_order(resource.key)


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """Splits a name so that the numbers in it sort as numbers."""
    return tuple((word, int(number or -1)) for word, number in re.findall(r"([^0-9]*)([0-9]*)", name))
