"""The operator: turns changes of resources and hosts into keys, and keys into reconciles, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.orphans import Orphan

from .clock import OwnClock
from .deployments import DeploymentReconciler, Keepers
from .effective import plugin_key
from .images import ImageUse
from .metrics import Metrics, Watched
from .orphans import OrphanWatch
from .ownership import owner_key
from .plugins import PluginReconciler, images_named
from .ports import HostDriver, ResourceStore, StoreFailure
from .probing import Prober
from .queue import WorkQueue
from .reconcile import GONE, Admits, MachineReconciler, Next, Reconciler
from .rivals import Rivals, this_run
from .supervise import STATE, TAKING_IN, Supervisor
from .trash import empty_trash

log = logging.getLogger(__name__)

RESTLESS = 10  # plans in a row that each left something to do
GATHER = 0.05  # seconds in which the news of many machines become one look at their deployment or plugin
GATHER_SHARE = 3.0  # but at least so many times what such a look takes: of a thousand machines it takes a tenth of a second
PROGRESS_EACH = 0.02  # seconds per machine between two looks at an image that is being fetched: 50 machines a second
PRUNE_EVERY = 3600.0  # seconds
TRASH_EVERY = 60.0  # seconds between looks through the trash: space may run low fast
TRASH_LOOK = 1.0  # seconds until it is asked again whether all that is desired is known
GATHERED = frozenset({VirtualMachineDeployment.KIND, Plugin.KIND})  # a look at one of these looks at all its machines


ALL_KINDS = frozenset({VirtualMachine.KIND, VirtualMachineDeployment.KIND, Plugin.KIND})


@dataclass(frozen=True, slots=True)
class OperatorConfig:
    """``workers``: reconciles at the same time; libvirt calls are bounded per host besides.

    ``teardown``: take every machine away, whatever its spec says, and return when all have gone.

    ``kinds``: what is reconciled here; news of the others only wakes what rests on them.

    ``reconcilers``: of further kinds, or instead of ours.

    ``keepers``: see DeploymentReconciler.

    ``fence`` is asked before each act on a host, and raises StoreFailure where we may not act.

    ``takes_turns``: with other operators of this identity, by a lease.

    ``name``: of this loop among those of one process; its tasks carry it.

    ``taken_in``: whether all that is desired was read once.

    ``admits``: see MachineReconciler.

    ``orphans`` looks for what belongs to no resource, and hears of what comes and goes.
    """

    instance: str
    workers: int = 16
    teardown: bool = False
    kinds: frozenset[str] = ALL_KINDS
    reconcilers: Mapping[str, Reconciler[Any]] = field(default_factory=dict)
    keepers: Keepers = lambda deployment: ()
    fence: Callable[[], None] = lambda: None
    takes_turns: bool = False
    name: str = ""
    taken_in: Callable[[], bool] = lambda: True
    orphans: OrphanWatch | None = None
    admits: Admits = lambda machine, made_here: None


class Operator:
    """Needs a store and a host that has been started."""

    def __init__(
        self,
        store: ResourceStore,
        host: HostDriver,
        config: OperatorConfig,
        metrics: Metrics | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        self.store = store
        self.metrics = metrics or Metrics()
        self.supervisor = supervisor or Supervisor()
        self.queue: WorkQueue[Key] = WorkQueue()
        self._host = host
        self._config = config
        self._clock = OwnClock()
        self._prober = Prober(self.queue.add, self.metrics.tried, self._clock)
        self._images = ImageUse()
        writer = this_run(host.facts.storage_root)
        self.rivals = Rivals(config.instance, writer, alone=not config.takes_turns, noticed=self._stop_acting)
        self._machines = MachineReconciler(
            store,
            host,
            self._prober,
            self._images,
            self.rivals,
            self._clock,
            config.teardown,
            config.fence,
            self.queue.add,
            config.admits,
        )
        self._reconcilers: dict[str, Reconciler[Any]] = {
            VirtualMachine.KIND: self._machines,
            VirtualMachineDeployment.KIND: DeploymentReconciler(
                store, host, config.keepers, lambda: self.rivals.found, self._is_known, self._clock
            ),
            Plugin.KIND: PluginReconciler(store, host, self._images),
            **config.reconcilers,
        }
        self._seen: set[Key] = set()
        self._looked_at: set[Key] = set()  # deployments and plugins
        self._restless: dict[Key, int] = {}
        self._took: dict[Key, float] = {}  # seconds of the last look at each deployment and plugin
        self._made_from: dict[Key, Key] = {}  # machine or deployment -> plugin
        self._listed = asyncio.Event()
        self._watched = Watched(self.queue.depth, host, lambda: list(self._machines.summaries.values()), self._orphans)
        self._host.subscribe(self._host_changed)
        self._host.subscribe_images(self._image_changed)

    def _orphans(self) -> Collection[Orphan]:
        return self._config.orphans.found if self._config.orphans is not None else ()

    @property
    def looked_at(self) -> Collection[Key]:
        """What was reconciled in this run; the status of everything else may be what an earlier operator left."""
        return self._machines.summaries.keys() | self._looked_at

    def _is_known(self, machine: Key) -> bool:
        """Whether its status says what was seen since its host can be asked. Of what others reconcile, the status says so."""
        others = self._reconcilers[VirtualMachine.KIND] is not self._machines
        return others or machine in self._machines.known

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set (or, tearing down, until nothing is left); guests run on."""
        self.metrics.watch(self._watched)
        try:
            async with asyncio.TaskGroup() as tasks:
                jobs = {
                    "feed": self._feed,
                    "dispatch": lambda: self._dispatch(tasks),
                    "prune-images": self._prune_images,
                    "empty-trash": self._empty_trash,
                }
                if self._config.orphans is not None:
                    jobs["orphans"] = self._look_for_orphans
                running = [
                    tasks.create_task(self.supervisor.keep(name, job), name=name)
                    for name, job in ((f"{self._config.name}{short}", job) for short, job in jobs.items())
                ]
                with self._clock.ticking():
                    await self._until_done(stop)
                for task in running:
                    task.cancel()
        finally:
            self.metrics.unwatch(self._watched)
            await self._prober.close()

    async def _until_done(self, stop: asyncio.Event) -> None:
        if not self._config.teardown:
            await stop.wait()
            return
        await self._listed.wait()
        while self._machines_left() and not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), 0.1)
            except TimeoutError:
                continue

    def _machines_left(self) -> bool:
        return any(key.kind == VirtualMachine.KIND for key in self._seen)

    async def _feed(self) -> None:
        if self._config.teardown:
            self._seen.update(machine.key for machine in await self.store.list(VirtualMachine))
            self._listed.set()
        async for key in self.store.changes():
            self._enqueue(key)

    def _enqueue(self, key: Key) -> None:
        """A change of a resource concerns it, its deployment, and whatever is made from it."""
        if self._config.teardown and key.kind != VirtualMachine.KIND:
            return  # nothing is to be made, or made anew
        known = key in self._seen
        self._seen.add(key)
        if not known:
            self._poke()
        self._add(key, self._gathering(key) if known else 0.0)
        for reconciler in self._reconcilers.values():
            for woken in reconciler.woken_by(key):
                self._add(woken)

    def _add(self, key: Key, after: float = 0.0) -> None:
        """While machines are taken away nothing else is looked at: a deployment would make them anew."""
        if key.kind in self._config.kinds and (key.kind == VirtualMachine.KIND or not self._config.teardown):
            self.queue.add(key, after)

    def _gathering(self, key: Key) -> float:
        """Seconds to wait for more news of one resource: what a look at a deployment takes, some times over."""
        return GATHER_SHARE * self._took.get(key, 0.0)

    def _host_changed(self, uuid: str | None) -> None:
        if uuid is None:
            self._machines.known.clear()
            self.look_at_all()
            self._poke()
        elif owner := self._machines.uuids.get(uuid):
            self.queue.add(owner)
        else:  # somebody else's: its name may be free now
            self._poke()
            for key in self._machines.nameless():
                self.queue.add(key)

    async def _look_for_orphans(self) -> None:
        """Not while another acts on our machines."""
        assert self._config.orphans is not None
        await self._config.orphans.run(lambda: self.rivals.found is None)

    def _poke(self) -> None:
        if self._config.orphans is not None:
            self._config.orphans.poke()

    def _stop_acting(self) -> None:
        """Beside another operator of our identity: every machine says so, and so does all that tells of failing tasks."""
        assert self.rivals.found is not None
        self.supervisor.failed(f"{self._config.name}acting", StoreFailure(self.rivals.found.message), quiet=True)
        self.look_at_all()

    def look_at_all(self) -> None:
        for key in list(self._seen):
            self._add(key)

    def _image_changed(self, image: str, fetching: bool) -> None:
        """Progress is worth less the more machines show it."""
        users = self._images.users(image)
        for key in users:
            self.queue.add(key, PROGRESS_EACH * len(users) if fetching else 0.0)

    async def _prune_images(self) -> None:
        """Not while the images of any machine or plugin are unknown, nor while machines are taken away."""
        while True:
            await asyncio.sleep(PRUNE_EVERY)
            if self._config.teardown:
                continue
            naming = {
                key for key in self._seen if key.kind in (VirtualMachine.KIND, Plugin.KIND) and key.kind in self._config.kinds
            }
            if self.rivals.found is not None or not self._images.knows(naming):
                continue
            try:
                if removed := await self._host.prune_images(await self._images_in_use()):
                    log.info("removed images that nothing uses: %s", ", ".join(removed))
            except (DriverError, StoreFailure) as error:
                log.info("the image cache was not looked through: %s", error)  # the next round follows

    async def _empty_trash(self) -> None:
        """Where machines are reconciled; not while they are taken away, nor while what came back may not be known."""
        while True:
            ours = not self._config.teardown and self._reconcilers[VirtualMachine.KIND] is self._machines
            if ours and (self._blind() or not self._config.taken_in()):
                await asyncio.sleep(TRASH_LOOK)
                continue
            if ours:
                try:
                    for erasure in await empty_trash(self.store, self._host, self._may_erase, self.metrics):
                        log.info("erased trash entry %s: %s", erasure.entry.entry, erasure.reason)
                except (DriverError, StoreFailure) as error:
                    log.info("the trash was not looked through: %s", error)  # the next round follows
            await asyncio.sleep(TRASH_EVERY)

    def _may_erase(self) -> None:
        """Asked right before each erasure, since the looks before it take their time. Raises StoreFailure."""
        self._config.fence()
        if self._blind():
            raise StoreFailure("what came back may not be known now")

    def _blind(self) -> bool:
        """Whether what the folder says cannot be taken in."""
        return any(self.supervisor.fails(task) for task in (TAKING_IN, STATE))

    async def _images_in_use(self) -> Callable[[], frozenset[str]]:
        """Of all that is reconciled here, and of all that others reconcile: hosts may share a cache."""
        others: set[str] = set()
        if Plugin.KIND not in self._config.kinds:
            for resource in (*await self.store.list(VirtualMachine), *await self.store.list(Plugin)):
                others |= {image.key for image in images_named(resource)}

        def in_use() -> frozenset[str]:
            self._config.fence()  # asked just before each removal
            return self._images.in_use() | others

        return in_use

    async def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        """Hands each due key to a task of its own; a reconcile that is under way when we are stopped is finished first."""
        slots = asyncio.Semaphore(self._config.workers)
        while True:
            await slots.acquire()
            key = await self.queue.get()
            tasks.create_task(self._work(key, slots), name=str(key))

    async def _work(self, key: Key, slots: asyncio.Semaphore) -> None:
        try:
            await self._reconcile(key)
        except Exception as error:  # around the reconcile, not in it: the loop goes on, and this key is looked at again
            self.supervisor.failed(f"{self._config.name}reconcile", error)
            self.queue.retry(key)
        else:
            self.supervisor.recovered(f"{self._config.name}reconcile")
        finally:
            self.queue.done(key)
            slots.release()

    async def _reconcile(self, key: Key) -> None:
        """One key. Every error ends here: in the log, in the metrics, and as a retry with backoff."""
        start = time.perf_counter()
        try:
            step = await self._take_further(key)
        except DriverError as error:
            delay = self.queue.retry(key)
            self.metrics.errors.labels(key.kind, error.reason).inc()
            log.info("%s: trying again in %.0f s: %s", key, delay, error)
        except StoreFailure as error:
            delay = self.queue.retry(key)
            self.metrics.errors.labels(key.kind, type(error).__name__).inc()
            log.info("%s: trying again in %.0f s: %s", key, delay, error)
        except Exception:  # a defect of ours: one resource's must not stop the others
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
            if key.kind in GATHERED:
                self._took[key] = took

    def _calmed(self, key: Key) -> float:
        """Seconds until the next look where a plan left something to do: none, but one that comes again and again is slowed
        down, since something undoes what it does."""
        rounds = self._restless[key] = self._restless.get(key, 0) + 1
        if rounds == RESTLESS:
            log.warning("%s: %d plans in a row were carried out and more is to do; looking less often", key, rounds)
        return 0.0 if rounds < RESTLESS else min(2.0 ** min(rounds - RESTLESS, 8), 60.0)

    async def _take_further(self, key: Key) -> Next:
        resource = await self.store.get(Resource, key)
        step = GONE if resource is None else await self._reconcile_resource(resource)
        if step is GONE:
            for reconciler in self._reconcilers.values():
                reconciler.forget(key)
            self._images.forget(key)
            self._seen.discard(key)
            self._restless.pop(key, None)
            self._looked_at.discard(key)
            self._poke()
        elif key.kind != VirtualMachine.KIND:
            self._looked_at.add(key)
        if isinstance(resource, VirtualMachine) and (owner := owner_key(resource)) is not None:
            self._add(owner, max(GATHER, self._gathering(owner)))
        if resource is not None:
            self._tell_plugin(resource, step is GONE)
        return step

    def _tell_plugin(self, resource: Resource, gone: bool) -> None:
        """A plugin counts who is made from it, and goes with the last of them."""
        plugin = None if gone else plugin_key(resource)
        before = self._made_from.get(resource.key)
        if plugin == before:
            return
        for key in (plugin, before):
            if key is not None:
                self._add(key, GATHER)
        if plugin is None:
            del self._made_from[resource.key]
        else:
            self._made_from[resource.key] = plugin

    async def _reconcile_resource(self, resource: Resource) -> Next:
        reconciler = self._reconcilers.get(resource.kind)
        return Next() if reconciler is None else await reconciler.reconcile(resource)  # else the operator's own notes
