"""What cannot be looked at says so. Its status would else show what held before, for ever."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key, Resource, Status
from homeostat.models.condition import READY, RECONCILING
from homeostat.models.disk import Disk
from homeostat.models.snapshot import Snapshot

from .engine.ports import ResourceStore
from .engine.reconciler import Next, Reconciler
from .host.deserted import status_with

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Resource)


def unknown(resource: Disk | Snapshot, error: DriverError) -> Status:
    """Returns the last status, marked as unknown now."""
    return status_with(resource, {READY: "Unknown", RECONCILING: "True"}, error.reason, str(error))


class SaysSo(Generic[R]):
    """Reconciles as another reconciler does. What that could not look at twice in a row is Unknown. Once is nothing: that
    passes."""

    def __init__(self, reconciler: Reconciler[R], store: ResourceStore, unknown: Callable[[R, DriverError], Status]) -> None:
        """Takes ``unknown``: the status of what cannot be looked at, and why."""
        self._reconciler, self._store, self._unknown = reconciler, store, unknown
        self._unseen: set[Key] = set()  # what could not be looked at the last time
        self.looks_at_many = reconciler.looks_at_many

    async def reconcile(self, resource: R) -> Next:
        """Takes the resource one step further.

        Raises:
            DriverError: it could not be looked at, or a step failed.
        """
        key = resource.key
        try:
            step = await self._reconciler.reconcile(resource)
        except DriverError as error:
            if error.told:  # it was looked at, and a step failed
                self._unseen.discard(key)
            elif key in self._unseen:
                await self._say(resource, error)
            else:
                self._unseen.add(key)
            raise
        self._unseen.discard(key)
        return step

    def forget(self, key: Key) -> None:
        """Forgets a resource that has gone."""
        self._unseen.discard(key)
        self._reconciler.forget(key)

    async def _say(self, resource: R, error: DriverError) -> None:
        status = self._unknown(resource, error)
        if status != resource.status:
            log.warning("%s cannot be looked at: %s", resource.key, error)
            await self._store.report(resource.key, resource.metadata.uid, status, ())
        error.told = True
