"""Puts one operator loop together for what it has to do: the reconcilers, the events of its host, and the chores beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.planner.orphans import Orphan
from homeostat.runtime.deployment.reconcile import DeploymentReconciler, Keepers
from homeostat.runtime.disk.reconcile import DiskReconciler
from homeostat.runtime.engine.chores import Chore
from homeostat.runtime.engine.operator import Operator, Reconcilers, Waker
from homeostat.runtime.engine.ports import ResourceAccess, ResourceStore, StoreFailure
from homeostat.runtime.engine.reconciler import Next
from homeostat.runtime.engine.steady import SteadyTime
from homeostat.runtime.engine.supervise import STATE, TAKING_IN, Supervisor
from homeostat.runtime.hypervisor import HostDriver
from homeostat.runtime.image.reconcile import ImageReconciler
from homeostat.runtime.machine.domains import DomainOf
from homeostat.runtime.machine.images import ImageUse
from homeostat.runtime.machine.named import KeptOff, kept_here
from homeostat.runtime.machine.operator_run import this_run
from homeostat.runtime.machine.orphans import OrphanWatch
from homeostat.runtime.machine.probing import Prober
from homeostat.runtime.machine.reconcile import FOREIGN_DOMAINS, Admits, MachineReconciler, RunsElsewhere
from homeostat.runtime.machine.rivals import Rivals
from homeostat.runtime.machine.trash import empty_trash
from homeostat.runtime.metrics import OperatorMetrics, Watched
from homeostat.runtime.network.reconcile import NETWORKS, NetworkReconciler
from homeostat.runtime.plugin.reconcile import PluginReconciler, images_named
from homeostat.runtime.schedule.reconcile import ScheduleReconciler
from homeostat.runtime.snapshot.reconcile import SnapshotReconciler
from homeostat.runtime.unseen import SaysSo, unknown

log = logging.getLogger(__name__)

PROGRESS_EACH = 0.02  # seconds per machine between two reports of an image that is being fetched: 50 machines per second
PRUNE_EVERY = 3600.0  # seconds
TRASH_EVERY = 60.0  # seconds between passes over the trash: space may run low fast
SETTLING_POLL_SECONDS = 1.0  # seconds between looks at a resource whose document is away
TRASH_POLL_SECONDS = 1.0  # seconds until the next check whether all that is desired is known


ALL_KINDS: frozenset[type[Resource]] = frozenset(
    {VirtualMachine, VirtualMachineDeployment, SnapshotSchedule, Snapshot, Plugin, Disk, Image, Network}
)


@dataclass(frozen=True, slots=True)
class JobConfig:
    """What a job does.

    ``teardown``: remove every machine, whatever its spec says, and return when all have gone.

    ``kinds``: what is reconciled here; events of the others only wake what rests on them.

    ``reconcilers``: of further kinds, or instead of ours.

    ``keepers``: see DeploymentReconciler.

    ``fence`` is called before each action on a host, and raises StoreFailure where we may not act.

    ``takes_turns``: with other operators of this identity, by a lease.

    ``name``, ``workers`` and ``wakers``: see Operator.

    ``taken_in``: whether all that is desired was read once.

    ``admits`` and ``runs_elsewhere``: see MachineReconciler.

    ``settling``: whether the document of a resource has gone, or says less, which may be for a moment.
    Nothing is done for it until that has settled. Machines are looked after all the while, and what is not there yet is not
    admitted.

    ``kept_off``: why a Disk is not kept here, see KeptOff.

    ``orphans`` looks for what belongs to no resource, and is poked when something comes or goes.

    ``all_machines`` shows the machines of every host, where hosts share a trash. None: the store does.

    ``told`` returns the machines whose status a reconciler instead of ours has written.
    """

    instance: str
    workers: int = 16
    teardown: bool = False
    kinds: frozenset[type[Resource]] = ALL_KINDS
    reconcilers: Reconcilers = field(default_factory=dict)
    keepers: Keepers = lambda deployment: ()
    fence: Callable[[], None] = lambda: None
    takes_turns: bool = False
    name: str = ""
    taken_in: Callable[[], bool] = lambda: True
    orphans: OrphanWatch | None = None
    wakers: tuple[Waker, ...] = ()
    admits: Admits = lambda machine, made_here: None
    runs_elsewhere: RunsElsewhere = lambda machine: None
    settling: Callable[[Key], bool] = lambda key: False
    all_machines: ResourceAccess | None = None
    kept_off: KeptOff = kept_here
    told: Callable[[], Collection[Key]] = lambda: ()


class Job(Operator):
    """An operator loop over a store, and a host that has been started. Guests continue to run when it ends."""

    def __init__(
        self,
        store: ResourceStore,
        host: HostDriver,
        config: JobConfig,
        metrics: OperatorMetrics | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        super().__init__(store, metrics, supervisor, name=config.name, workers=config.workers)
        self._host = host
        self._config = config
        self._prober = Prober(self.queue.add, self.metrics.tried, self.clock)
        self._images = ImageUse()
        self._time = SteadyTime()
        writer = this_run(host.facts.storage_root)
        self.rivals = Rivals(config.instance, writer, alone=not config.takes_turns, noticed=self._stop_acting)
        self._machines = MachineReconciler(
            store,
            host,
            self._prober,
            self._images,
            self.rivals,
            self.clock,
            self.dependencies,
            config.teardown,
            config.fence,
            self.queue.add,
            config.admits,
            config.kept_off,
            config.runs_elsewhere,
        )
        reconcilers = self._converged()
        self._reconciled = frozenset(reconcilers)
        self._ours = VirtualMachine in reconcilers and VirtualMachine not in config.reconcilers
        self._listed = asyncio.Event()
        jobs = {"orphans": self._scan_for_orphans} if config.orphans is not None else {}
        self.take_up(reconcilers, self._chores(), jobs, self._noticed_any, config.wakers)
        self._watched = Watched(self.queue.depth, host, lambda: list(self._machines.summaries.values()), self._orphans)
        self._host.subscribe(self._host_changed)
        self._host.subscribe_images(self._image_changed)
        self._host.subscribe_networks(self._networks_changed)

    def _converged(self) -> Reconcilers:
        """Returns the reconcilers. While machines are removed nothing else is reconciled: a deployment would create them
        again."""
        deployments = DeploymentReconciler(
            self.store, self._host, self._config.keepers, lambda: self.rivals.found, self._is_known, self.clock
        )
        disks = DiskReconciler(
            self.store, self._host, self._images, self._machines.claims, self._config.fence, self._config.kept_off
        )
        snapshots = SnapshotReconciler(self.store, self._host, self.dependencies, lambda: self.rivals.found, self._config.fence)
        networks = NetworkReconciler(
            self.store, self._host, self.dependencies, self._config.instance, self._config.fence, lambda: self.rivals.found
        )
        known: Mapping[type[Resource], Any] = {
            VirtualMachine: SaysSo(self._machines, self.store, self._machines.unseen),
            VirtualMachineDeployment: deployments,
            SnapshotSchedule: ScheduleReconciler(
                self.store, lambda: self.rivals.found, host=self._host, steady=self._time.steady
            ),
            Snapshot: SaysSo(snapshots, self.store, unknown),
            Plugin: PluginReconciler(self.store, self._host, self._images),
            Disk: SaysSo(disks, self.store, unknown),
            Image: ImageReconciler(self.store, self._host, self._images),
            Network: SaysSo(networks, self.store, networks.unseen),
            **self._config.reconcilers,
        }
        kinds = {VirtualMachine} if self._config.teardown else self._config.kinds | self._config.reconcilers.keys()
        return {kind: reconciler for kind, reconciler in known.items() if kind in kinds}

    @property
    def looked_at(self) -> Collection[Key]:
        """All that was reconciled; of machines, those with a status of this run, which also says which step failed."""
        machines = {*self._machines.summaries, *self._config.told()}
        return machines | {key for key in super().looked_at if key.kind != VirtualMachine.KIND}

    def _is_known(self, machine: Key) -> bool:
        """Tells whether its status says what was seen since its host could be asked. For a machine that others reconcile, its
        status says it."""
        return not self._ours or machine in self._machines.known

    async def _take_further(self, key: Key) -> Next:
        if key.kind != VirtualMachine.KIND and self._config.settling(key):
            return Next(SETTLING_POLL_SECONDS)
        return await super()._take_further(key)

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until ``stop`` is set (or, tearing down, until nothing is left)."""
        self.rivals.look_around()
        self.metrics.watch(self._watched)
        try:
            await super().run(stop)
        finally:
            self.metrics.unwatch(self._watched)
            await self._prober.close()

    async def feed(self) -> None:
        if self._config.teardown:
            for machine in await self.store.list(VirtualMachine):
                if await self.store.get(VirtualMachine, machine.key) is not None:  # a store may list those of other hosts, too
                    self.seen.add(machine.key)
            self._listed.set()
        await super().feed()

    async def until_done(self, stop: asyncio.Event) -> None:
        if not self._config.teardown:
            await stop.wait()
            return
        await self._listed.wait()
        while any(key.kind == VirtualMachine.KIND for key in self.seen) and not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), 0.1)
            except TimeoutError:
                continue

    # What the host tells --------------------------------------------------------------------------------------------------

    def _host_changed(self, uuid: str | None) -> None:
        if uuid is None:
            self._machines.known.clear()
            self.look_at_all()
            self._noticed_any()
        elif not self.changed(DomainOf(uuid)):  # somebody else's: its name may be free now
            self._noticed_any()
            self.changed(FOREIGN_DOMAINS)

    def _networks_changed(self) -> None:
        self.changed(NETWORKS)

    def _image_changed(self, image: str, fetching: bool) -> None:
        """Reconciles the machines that wait for the image. The more machines show its progress, the more rarely."""
        users = self._images.users(image)
        for key in users:
            self.queue.add(key, PROGRESS_EACH * len(users) if fetching else 0.0)

    def _stop_acting(self) -> None:
        """Stops because another operator has our identity: every machine says so, and so does everything that reports failing
        tasks."""
        assert self.rivals.found is not None
        self.supervisor.failed(f"{self._config.name}acting", StoreFailure(self.rivals.found.message), quiet=True)
        self.look_at_all()

    def _noticed_any(self) -> None:
        """Notes that something came or went, on the host or among the resources: there may be orphans."""
        if self._config.orphans is not None:
            self._config.orphans.poke()

    def _orphans(self) -> Collection[Orphan]:
        return self._config.orphans.found if self._config.orphans is not None else ()

    async def _scan_for_orphans(self) -> None:
        """Scans for orphans, but not while another operator acts on our machines."""
        assert self._config.orphans is not None
        await self._config.orphans.run(lambda: self.rivals.found is None)

    # Chores ---------------------------------------------------------------------------------------------------------------

    def _chores(self) -> list[Chore]:
        """Returns the chores. The trash is emptied where machines are reconciled. While machines are removed there are no
        chores."""
        if self._config.teardown:
            return []
        chores = [
            Chore("prune-images", PRUNE_EVERY, self._prune_images, "the image cache was not looked through", first=PRUNE_EVERY)
        ]
        if Image in self._reconciled:
            chores.append(Chore("expire-uploads", PRUNE_EVERY, self._expire_uploads, "old uploads were not looked for"))
        if self._ours:
            chores.append(Chore("sweep-copies", PRUNE_EVERY, self._sweep_copies, "unfinished copies were not looked for"))
            chores.append(Chore("empty-trash", TRASH_EVERY, self._empty_trash, "the trash was not looked through"))
        return chores

    async def _prune_images(self) -> None:
        """Prunes images, but not while the images of any machine, plugin or Disk are unknown."""
        named_by = {VirtualMachine.KIND, Plugin.KIND, Disk.KIND, Image.KIND} & self._kinds
        naming = {key for key in self.seen if key.kind in named_by}
        if self.rivals.found is not None or not self._images.knows(naming):
            return
        if removed := await self._host.prune_images(await self._images_in_use()):
            log.info("removed images that nothing uses: %s", ", ".join(removed))

    async def _images_in_use(self) -> Callable[[], frozenset[str]]:
        """Returns the images in use by all that is reconciled here, and by all that others reconcile: hosts may share a cache."""
        others: set[str] = set()
        if Plugin.KIND not in self._kinds:
            for kind in (VirtualMachine, Plugin, Disk, Image):
                for resource in await self.store.list(kind):
                    others |= {image.key for image in images_named(resource)}

        def in_use() -> frozenset[str]:
            self._config.fence()  # asked just before each removal
            return self._images.in_use() | others

        return in_use

    async def _expire_uploads(self) -> None:
        if self.rivals.found is None and (removed := await self._host.expire_uploads()):
            log.info("removed uploads that nothing came of for a day: %s", ", ".join(removed))

    async def _sweep_copies(self) -> None:
        if self.rivals.found is None and (removed := await self._host.sweep_copies()):
            log.info("removed copies of disks whose maker was killed: %s", ", ".join(removed))

    async def _empty_trash(self) -> float | None:
        """Empties the trash, but not while a machine that came back may not be known yet."""
        if self._blind() or not self._config.taken_in():
            return TRASH_POLL_SECONDS
        of, by_time = self._config.all_machines or self.store, self._time.steady(self._host.facts.trash_keep)
        for erasure in await empty_trash(of, self._host, self._may_erase, self.metrics, by_time):
            log.info("erased trash entry %s: %s", erasure.entry.entry, erasure.reason)
        return None

    def _may_erase(self) -> None:
        """Checks right before each erasure, because the checks before it take some time. Raises StoreFailure."""
        self._config.fence()
        if self._blind():
            raise StoreFailure("what came back may not be known now")

    def _blind(self) -> bool:
        """Tells whether what the folder says cannot be taken in."""
        return any(self.supervisor.fails(task) for task in (TAKING_IN, STATE))
