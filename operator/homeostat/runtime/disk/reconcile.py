"""One reconcile of one Disk, on one page: observe → plan → execute → write status once."""

from __future__ import annotations

import logging
from collections.abc import Callable

from homeostat.driver import faults
from homeostat.driver.errors import DriverError, ResourceInUse
from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.disk import plan_disk
from homeostat.planner.disk.observed import DiskSeen
from homeostat.planner.files.disk_file import named_disk_path
from homeostat.planner.machine.storage.disk_source import FILE_POLL_SECONDS, OF_FILES
from homeostat.planner.plan import Converged, Plan, Waiting

from ..engine.clock import timestamp
from ..engine.ports import Happening, ResourceStore
from ..engine.reconciler import GONE, Next
from ..hypervisor import HostDriver
from ..machine.claims import Claims
from ..machine.images import ImageUse
from ..machine.named import KeptOff, kept_here
from .observe import observe_disk
from .status import disk_happenings, disk_status

log = logging.getLogger(__name__)

LOOK_AGAIN = 300.0  # seconds: what its file takes grows without an event


class DiskReconciler:
    """Reconciles the Disks of one host."""

    def __init__(
        self,
        store: ResourceStore,
        host: HostDriver,
        images: ImageUse,
        claims: Claims,
        fence: Callable[[], None] = lambda: None,
        kept_off: KeptOff = kept_here,
    ) -> None:
        """Takes ``claims``, those of the machines of this host. ``kept_off``: see KeptOff."""
        self._store = store
        self._host = host
        self._images = images
        self._claims = claims
        self._fence = fence
        self._kept_off = kept_off

    looks_at_many = True

    async def reconcile(self, disk: Disk) -> Next:
        """Takes the Disk one plan further, and returns when to reconcile it again.

        Raises:
            DriverError: a step failed. The status says which one, and the caller retries with backoff.
        """
        if self._kept_off(disk):
            return GONE  # from this host's view: another one keeps it
        seen = await self._observe(disk)
        plan = plan_disk(disk, seen)
        error, done = await self._execute(disk, seen, plan)
        if error is None and any(isinstance(action, act.ReleaseResource) for action in plan.actions):
            await self._release(disk, done)
            return GONE
        if plan.actions:
            seen = await self._observe(disk)
            plan = plan_disk(disk, seen)
        moved = await self._report(disk, seen, plan, error, done)
        if error is not None:
            error.told = True
            raise error
        return Next(0.0 if plan.actions else self._look_after(plan), moved)

    def forget(self, key: Key) -> None:
        """Forgets a Disk that has gone."""
        if key.kind == Disk.KIND:
            self._claims.release(key)
            self._images.forget(key)

    async def _observe(self, disk: Disk) -> DiskSeen:
        return await observe_disk(disk, self._host, self._store, self._images, self._claims)

    async def _execute(self, disk: Disk, seen: DiskSeen, plan: Plan) -> tuple[DriverError | None, list[Happening]]:
        """Carries the plan out in order. The first failure ends it, and is returned with what happened until then."""
        done: list[Happening] = []
        for action in plan.actions:
            if isinstance(action, act.ReleaseResource):
                continue
            log.debug("%s: %s: %s", disk.key, type(action).__name__, action.reason)
            self._fence()
            try:
                self._hold(disk, action)
                await self._host.execute(action)
            except DriverError as error:
                log.warning("%s: %s failed: %s", disk.key, type(action).__name__, error)
                return error, done
            finally:
                if not isinstance(action, act.CopyDisk):
                    self._claims.release(disk.key)
            done += disk_happenings(action)
        return None, done

    def _hold(self, disk: Disk, action: Action) -> None:
        """Keeps machines from starting with a file that the action opens. A copy holds its source until it has ended.

        Raises:
            ResourceInUse: a machine was started with it meanwhile.
        """
        match action:
            case act.GrowDisk(path=path, target=None) | act.SetAside(disks=((_, path),)) | act.RemoveDisk(path=path):
                files = [path]
            case act.CopyDisk(path=path, source=source, tag=tag):
                files = [path] if tag else [path, source]  # what is in a snapshot does not change
            case _:
                return
        if holder := self._claims.hold(disk.key, files):
            raise ResourceInUse(f"{', '.join(files)}: taken by {holder} meanwhile")

    async def _report(
        self, disk: Disk, seen: DiskSeen, plan: Plan, error: DriverError | None, happenings: list[Happening]
    ) -> bool:
        """Writes the status and the events. Returns whether there was anything to write."""
        status = disk_status(disk, seen, plan, error, timestamp())
        changed = status if status != disk.status else None
        if happenings or changed:
            await self._store.report(disk.key, disk.metadata.uid, changed, happenings)
        return bool(happenings or changed)

    async def _release(self, disk: Disk, happenings: list[Happening]) -> None:
        if happenings:
            await self._store.report(disk.key, disk.metadata.uid, None, happenings)
        path = named_disk_path(self._host.facts.storage_root, disk.metadata.namespace, disk.metadata.name)
        left = f"its file stays: {path}" if disk.spec.reclaim_policy == "Retain" else "it is gone"
        await self._store.record_event(disk.key, "Normal", "Deleted", left)
        with faults.around(act.ReleaseResource("it may go")):
            await self._store.release(disk.key, disk.metadata.uid)

    def _look_after(self, plan: Plan) -> float | None:
        if isinstance(plan.outcome, Waiting):
            return plan.outcome.after
        if plan.outcome.reason in OF_FILES:
            return FILE_POLL_SECONDS
        return LOOK_AGAIN if isinstance(plan.outcome, Converged) else None
