"""What the engine asks of whoever brings the resources of one kind to their desired state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from homeostat.models.base import Key, Resource


@dataclass(frozen=True, slots=True)
class Next:
    """``after``: seconds after which to look again even without an event; None: an event will come."""

    after: float | None = None


GONE = Next()  # the resource is no more

R_contra = TypeVar("R_contra", bound=Resource, contravariant=True)


class Reconciler(Protocol[R_contra]):
    """What converges the resources of one kind."""

    async def reconcile(self, resource: R_contra, /) -> Next:
        """Takes it one step further, and says when to look again. Raises DriverError or StoreFailure: to be tried again."""

    def forget(self, key: Key) -> None:
        """A resource of any kind has gone."""

    @property
    def looks_at_many(self) -> bool:
        """Whether a look at one resource is a look at many others, so that several events are gathered into one."""
