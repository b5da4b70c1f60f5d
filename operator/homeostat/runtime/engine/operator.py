"""The operator turns changes into keys, and keys into reconciles, until it is stopped. It knows no kind of resource."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key, Resource
from homeostat.models.kinds import kind_of

from ..metrics import OperatorMetrics
from .chores import Chore
from .clock import OwnClock
from .dependencies import AnyOf, Dependencies, Node
from .ports import ResourceStore, StoreFailure
from .queue import WorkQueue
from .reconciler import GONE, Next, Reconciler
from .supervise import Supervisor

log = logging.getLogger(__name__)

RESTLESS = 10  # plans in a row that each left something to do
GATHER = 0.05  # seconds in which the events of many resources cause one reconcile of what they belong to or are made from
GATHER_SHARE = 3.0  # but at least this many times what that reconcile takes: for a thousand machines it takes a tenth of a second
SPEC = "spec"  # why a resource rests on what its kind says; see models.kinds

Reconcilers = Mapping[type[Resource], Reconciler[Any]]
Waker = Callable[[Key], Collection[Key]]
"""Returns what must be reconciled since a resource changed, where that takes more than to know what rests on it."""


class Operator:
    """The loop over one store. ``take_up`` says what it does; then call ``run``."""

    def __init__(
        self,
        store: ResourceStore,
        metrics: OperatorMetrics | None = None,
        supervisor: Supervisor | None = None,
        *,
        name: str = "",
        workers: int = 16,
    ) -> None:
        """Takes a store. ``name``: of this loop among those of one process; its tasks have it in their names. ``workers``: how
        many reconciles run at the same time."""
        self.store = store
        self.metrics = metrics or OperatorMetrics()
        self.supervisor = supervisor or Supervisor()
        self.queue: WorkQueue[Key] = WorkQueue()
        self.dependencies = Dependencies()
        self.clock = OwnClock(self.look_at_all)  # windows and schedules wait for a time of day
        self.seen: set[Key] = set()
        """Every resource that exists, as far as the store has reported."""
        self._name = name
        self._workers = workers
        self._reconcilers: Reconcilers = {}
        self._kinds: frozenset[str] = frozenset()
        self._many: frozenset[str] = frozenset()
        self._jobs: dict[str, Callable[[], Awaitable[None]]] = {}
        self._noticed: Callable[[], None] = lambda: None
        self._wakers: tuple[Waker, ...] = ()
        self._looked_at: set[Key] = set()
        self._restless: dict[Key, int] = {}
        self._took: dict[Key, float] = {}  # seconds that the last reconcile of each resource took that stands for many

    def take_up(
        self,
        reconcilers: Reconcilers,
        chores: Sequence[Chore] = (),
        jobs: Mapping[str, Callable[[], Awaitable[None]]] | None = None,
        noticed: Callable[[], None] = lambda: None,
        wakers: Sequence[Waker] = (),
    ) -> None:
        """Takes up the work. ``reconcilers``: by the kind that they reconcile. Resources of other kinds only wake what rests on
        them. ``jobs``: tasks that never end, by name. ``noticed`` is called whenever a resource came or went. ``wakers``: see
        Waker."""
        self._reconcilers = dict(reconcilers)
        self._kinds = frozenset(kind.KIND for kind in reconcilers)
        self._many = frozenset(kind.KIND for kind, reconciler in reconcilers.items() if reconciler.looks_at_many)
        self._jobs = {**{chore.name: chore.keep for chore in chores}, **(jobs or {})}
        self._noticed = noticed
        self._wakers = tuple(wakers)

    @property
    def looked_at(self) -> Collection[Key]:
        """Returns what was reconciled in this run. The status of everything else may be left from an earlier operator."""
        return self._looked_at

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until ``stop`` is set. A reconcile that is under way then is finished first."""
        async with asyncio.TaskGroup() as tasks:
            jobs = {"feed": self.feed, "dispatch": lambda: self._dispatch(tasks), **self._jobs}
            running = [
                tasks.create_task(self.supervisor.keep(name, job), name=name)
                for name, job in ((f"{self._name}{short}", job) for short, job in jobs.items())
            ]
            with self.clock.ticking():
                await self.until_done(stop)
            for task in running:
                task.cancel()

    async def until_done(self, stop: asyncio.Event) -> None:
        """Returns once there is nothing more to do."""
        await stop.wait()

    # What wakes whom ----------------------------------------------------------------------------------------------------

    async def feed(self) -> None:
        """Receives the changes of resources, for ever."""
        async for key in self.store.changes():
            self.resource_changed(key)

    def resource_changed(self, key: Key) -> None:
        """Wakes a resource that changed, and whatever rests on it."""
        known = key in self.seen
        self.seen.add(key)
        if not known:
            self._noticed()
        self.wake(key, self._gathering(key) if known else 0.0)
        self.changed(key)
        self.changed(AnyOf(key.kind))
        for woken_by in self._wakers:
            for woken in woken_by(key):
                self.wake(woken)

    def changed(self, node: Node) -> bool:
        """Wakes everything that rests on a node. Returns whether anything does."""
        resting = self.dependencies.resting_on(node)
        for key in resting:
            self.wake(key)
        return bool(resting)

    def wake(self, key: Key, after: float = 0.0) -> None:
        """Queues a resource, to be reconciled in at most ``after`` seconds, where its kind is reconciled here."""
        if key.kind in self._kinds:
            self.queue.add(key, after)

    def look_at_all(self) -> None:
        for key in list(self.seen):
            self.wake(key)

    def _gathering(self, key: Key) -> float:
        """Returns the seconds to wait for more events of one resource: a multiple of what its reconcile takes."""
        return GATHER_SHARE * self._took.get(key, 0.0)

    # What is done ---------------------------------------------------------------------------------------------------------

    async def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        """Starts a task for each key that is due."""
        slots = asyncio.Semaphore(self._workers)
        while True:
            await slots.acquire()
            key = await self.queue.get()
            tasks.create_task(self._work(key, slots), name=str(key))

    async def _work(self, key: Key, slots: asyncio.Semaphore) -> None:
        try:
            await self._reconcile(key)
        except Exception as error:  # an error around the reconcile, not in it: the loop goes on, and this key is reconciled again
            self.supervisor.failed(f"{self._name}reconcile", error)
            self.queue.retry(key)
        else:
            self.supervisor.recovered(f"{self._name}reconcile")
        finally:
            self.queue.done(key)
            slots.release()

    async def _reconcile(self, key: Key) -> None:
        """Reconciles one key. Every error ends here: in the log, in the metrics, and as a retry with backoff."""
        start = time.perf_counter()
        try:
            step = await self._take_further(key)
        except DriverError as error:
            if error.told:
                self._looked_at.add(key)
            delay = self.queue.retry(key)
            self.metrics.errors.labels(key.kind, error.reason).inc()
            self.changed(key)  # its status says so, and what rests on it may tell
            log.info("%s: trying again in %.0f s: %s", key, delay, error)
        except StoreFailure as error:
            delay = self.queue.retry(key)
            self.metrics.errors.labels(key.kind, type(error).__name__).inc()
            log.info("%s: trying again in %.0f s: %s", key, delay, error)
        except Exception:  # a defect of ours: it must not stop the other resources
            delay = self.queue.retry(key)
            self.metrics.errors.labels(key.kind, "Defect").inc()
            log.exception("%s: unexpected failure, trying again in %.0f s", key, delay)
        else:
            self.queue.forgive(key)
            if step.after == 0:
                self.queue.add(key, self._calmed(key))
            else:
                self._restless.pop(key, None)
                if step.after is not None:
                    self.queue.add(key, step.after)
        finally:
            took = time.perf_counter() - start
            self.metrics.reconcile.labels(key.kind).observe(took)
            if key.kind in self._many:
                self._took[key] = took

    def _calmed(self, key: Key) -> float:
        """Returns the seconds until the next reconcile where a plan left something to do. That is at once, but it becomes slower
        when it happens again and again: then something undoes what the plan does."""
        rounds = self._restless[key] = self._restless.get(key, 0) + 1
        if rounds == RESTLESS:
            log.warning("%s: %d plans in a row were carried out and more is to do; looking less often", key, rounds)
        return 0.0 if rounds < RESTLESS else min(2.0 ** min(rounds - RESTLESS, 8), 60.0)

    async def _take_further(self, key: Key) -> Next:
        resource = await self.store.get(Resource, key)
        if resource is None:
            self._forget(key)
            return GONE
        self._counted(self.dependencies.rest(key, SPEC, [*kind_of(resource).rests_on(resource)]))
        reconciler = self._reconcilers.get(type(resource))
        step = Next() if reconciler is None else await reconciler.reconcile(resource)
        if step is GONE:
            self._forget(key)
        else:
            self._looked_at.add(key)
            if step.moved:
                self.changed(key)
        if (owner := resource.owner) is not None:  # its status says what it owns
            self.wake(owner, max(GATHER, self._gathering(owner)))
        return step

    def _forget(self, key: Key) -> None:
        """Forgets a resource that has gone."""
        for reconciler in self._reconcilers.values():
            reconciler.forget(key)
        self._counted(self.dependencies.forget(key))
        self.seen.discard(key)
        self._restless.pop(key, None)
        self._took.pop(key, None)
        self._looked_at.discard(key)
        self._noticed()

    def _counted(self, nodes: Collection[Node]) -> None:
        """Wakes the resources at these nodes. Each may report who rests on it, and may go with the last of them."""
        for node in nodes:
            if isinstance(node, Key):
                self.wake(node, GATHER)
