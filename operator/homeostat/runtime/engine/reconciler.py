"""What the engine needs of each kind: a reconciler that brings its resources to their desired state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from homeostat.models.base import Key, Resource


@dataclass(frozen=True, slots=True)
class Next:
    """When to reconcile again. ``after``: in so many seconds even without an event. None: an event will come. ``moved``: whether
    what rests on the resource is to be reconciled, since steps were taken or its status says something else. No event tells of
    our own doing."""

    after: float | None = None
    moved: bool = False


GONE = Next()  # the resource has gone

R_contra = TypeVar("R_contra", bound=Resource, contravariant=True)


class Reconciler(Protocol[R_contra]):
    """Reconciles the resources of one kind."""

    async def reconcile(self, resource: R_contra, /) -> Next:
        """Takes the resource one step further, and returns when to reconcile it again.

        Raises:
            DriverError, StoreFailure: it will be tried again.
        """

    def forget(self, key: Key) -> None:
        """Forgets a resource of any kind that has gone."""

    @property
    def looks_at_many(self) -> bool:
        """Tells whether the reconcile of one resource reads many others. Then several events are gathered into one."""
