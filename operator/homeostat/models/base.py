"""The base of every model, and what all resources share: metadata, keys, owner references."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

API_GROUP = "homeostat.dev"
API_VERSION = f"{API_GROUP}/v1alpha1"

# RFC 1123 label, as Kubernetes requires of object names that become host names.
NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
NAME_MAX = 63


def _check_name(name: str) -> str:
    if len(name) > NAME_MAX:
        raise ValueError(f"is {len(name)} characters long; a name has at most {NAME_MAX}")
    if not re.fullmatch(NAME_PATTERN, name):
        raise ValueError(
            "must consist of lower-case letters, digits and '-', and start and end with a letter or digit (RFC 1123 label)"
        )
    return name


Name = Annotated[
    str,
    AfterValidator(_check_name),
    Field(json_schema_extra={"pattern": NAME_PATTERN, "maxLength": NAME_MAX, "minLength": 1}),
]


class Model(BaseModel):
    """Immutable, camelCase on the outside, and strict about unknown fields."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        use_enum_values=False,
        str_max_length=1_000_000,
    )

    def dump(self, *, defaults: bool = False) -> dict[str, Any]:
        """The JSON form as users write it: camelCase, without nulls; with ``defaults`` also what was not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=not defaults)


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
    labels: dict[str, str] = Field(default_factory=dict, description="For selecting resources.")
    annotations: dict[str, str] = Field(default_factory=dict, description="Notes that nothing selects by.")
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
    # What an API server adds and we pass over.
    managed_fields: Any = Field(default=None, exclude=True)
    self_link: Any = Field(default=None, exclude=True)
    generate_name: Any = Field(default=None, exclude=True)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Names one resource."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """Reads back what ``str`` wrote.

        Raises:
            ValueError: not of the form kind/namespace/name.
        """
        kind, namespace, name = text.split("/")
        return cls(kind, namespace, name)


class Resource(Model):
    """One object: apiVersion, kind, metadata, spec and, where it was observed, status."""

    KIND: ClassVar[str]
    PLURAL: ClassVar[str]
    SHORT: ClassVar[tuple[str, ...]]
    SCOPE: ClassVar[Literal["Namespaced", "Cluster"]] = "Namespaced"
    """Objects of a cluster-wide kind have no namespace in Kubernetes; their keys say "default"."""

    api_version: str
    kind: str
    metadata: ObjectMeta

    @property
    def key(self) -> Key:
        return Key(self.kind, self.metadata.namespace, self.metadata.name)

    @property
    def deleting(self) -> bool:
        return self.metadata.deletion_timestamp is not None
