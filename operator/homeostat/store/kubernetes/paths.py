"""Where each kind is on an API server."""

from __future__ import annotations

from dataclasses import dataclass

from homeostat.models.base import API_GROUP, API_VERSION, Key, Resource
from homeostat.models.kinds import STORED, kind_of


@dataclass(frozen=True, slots=True)
class ApiPath:
    """The path of one kind. ``group`` empty: the core group, under /api."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def root(self) -> str:
        """Returns the path of the group's version, where the server lists its kinds."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def definition(self) -> str:
        """Returns the name of the kind's definition (CRD)."""
        return f"{self.plural}.{self.group}".rstrip(".")

    def collection(self, namespace: str | None = None) -> str:
        """Returns the path of all objects in one namespace, or in all namespaces."""
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.root}{within}/{self.plural}"

    def of(self, key: Key) -> str:
        return f"{self.collection(key.namespace)}/{key.name}"


def path_of(kind: type[Resource]) -> ApiPath:
    return ApiPath(API_GROUP, API_VERSION.partition("/")[2], kind_of(kind).plural, kind_of(kind).scope == "Namespaced")


PATHS: dict[str, ApiPath] = {name: path_of(kind) for name, kind in STORED.items()}
EVENTS = ApiPath("", "v1", "events")
NAMESPACES = ApiPath("", "v1", "namespaces", namespaced=False)
LEASES = ApiPath("coordination.k8s.io", "v1", "leases")
