"""Puts Kubernetes mode together: a cluster, its mirror in the state folder, and the jobs that this operator does for it.

Each job is one operator loop behind a lease: a host's machines, for each host that is served here, and the controller's work.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from homeostat.driver.host import LibvirtHost
from homeostat.driver.imagehost import ImageHost
from homeostat.driver.storage.disks.labelled import labelled_disks
from homeostat.driver.storage.storage import Storage
from homeostat.driver.storage.trash import TrashFolder
from homeostat.driver.survey.qemu_group import qemu_group
from homeostat.models.base import Key
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host, HostMeta, HostSpec
from homeostat.models.kinds import CLUSTER_KINDS
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.snapshot import Snapshot
from homeostat.planner.allowed import NOTHING, Allowed
from homeostat.planner.files.trash import KEEP
from homeostat.planner.machine.removal.teardown import ABANDON, may_be_abandoned
from homeostat.planner.placement import host_of, hosts_of, kept_elsewhere
from homeostat.planner.plan import Waiting
from homeostat.runtime.deployment.kept import KeptDisksReconciler
from homeostat.runtime.disk.placement import DiskPlacer
from homeostat.runtime.engine.supervise import Supervisor, keeping
from homeostat.runtime.host.reconcile import HostKeeper, HostReporter
from homeostat.runtime.machine.orphans import OrphanWatch
from homeostat.runtime.machine.placement import Placer, unadmitted
from homeostat.runtime.metrics import OperatorMetrics
from homeostat.runtime.snapshot.homeless import SnapshotKeeper
from homeostat.runtime.telemetry import TelemetryPort, TelemetryServer
from homeostat.store.errors import AlreadyExists, Invalid, ReadOnly, StateError, StoreError
from homeostat.store.files.last_look import keep_marking
from homeostat.store.files.serving import hosts_beside, say_served
from homeostat.store.files.state import StateFolder, served_cluster
from homeostat.store.index.index import Index
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.cluster import Cluster
from homeostat.store.kubernetes.informer import Informer
from homeostat.store.kubernetes.lease import Lease, LeaseWatch, host_lease
from homeostat.store.kubernetes.store import KubernetesStore

from .controlled import controlled
from .hosts_served import HostsServed, Twins, located
from .job import Job, JobConfig
from .job_stores import ControllerStore, HostStore
from .recognise import LibvirtRecognition, place_of
from .standalone import calm_collector, hearing_of_events, keep_trying, open_host

log = logging.getLogger(__name__)

AGAIN = 5.0  # seconds before a job that failed begins again
POLL_SECONDS = 1.0  # seconds between checks which hosts to serve
RECOGNISED = 10.0  # seconds between checks whether it is still the same cluster that answers
STANDBYS = 8  # operators on one state folder
Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What to serve, and how.

    ``hosts``: names of those to serve, besides those that have all labels of ``selector``. ``uri``: libvirt of a host whose spec
    names none. A host of ``hosts`` that does not exist yet is created with it, with ``labels``. ``namespace``: of the leases.
    ``host_files``: the files, and folders of files, that a Host's address may name. ``image_folders``: see
    driver.storage.Storage.
    """

    state: Path
    access: Access
    uri: str
    hosts: tuple[str, ...] = ()
    selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = "homeostat-system"
    health: TelemetryPort | None = None
    trash_keep: float = KEEP
    host_files: tuple[str, ...] = ()
    image_folders: tuple[Path, ...] = ()
    allowed: Allowed = NOTHING
    api_address: str = ""  # of the API beside this operator, as others reach it

    def serves(self, host: Host) -> bool:
        by_label = bool(self.selector) and all(host.metadata.labels.get(n) == v for n, v in self.selector.items())
        return host.metadata.name in self.hosts or by_label


class ClusterOperator:
    """Runs the jobs until it is stopped. Guests continue to run."""

    def __init__(
        self,
        store: KubernetesStore,
        options: ClusterOptions,
        cluster: str,
        identity: str,
        room: StateFolder,
        metrics: OperatorMetrics,
        supervisor: Supervisor,
        say: Announce,
    ) -> None:
        """Takes ``cluster``, the cluster's identity, ``identity``, this operator's, and ``room``, where it has its index."""
        self.store = store
        self._room = room
        self.metrics = metrics
        self._supervisor = supervisor
        self._options = options
        self._identity = identity
        self._say = say
        self._instance = served_cluster(cluster)
        self._serving: dict[str, tuple[str, asyncio.Event, asyncio.Task[None]]] = {}  # host -> uri, its stop, its task
        self._said_served: dict[str, str] = {}  # hosts, and their libvirts
        self._recognition = LibvirtRecognition(self._hosts, lambda: store.readable(VirtualMachine))
        self._twins = Twins(self._hosts)
        self._said_refused: dict[str, str] = {}  # by host
        self._another: StateError | None = None  # what is wrong with the cluster that answers by now

    async def run(self, stop: asyncio.Event) -> None:
        """Does all jobs until ``stop``.

        Raises:
            StateError: another cluster answers by now.
        """
        announced = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._again_and_again("announcing hosts", self._register, announced))
            tasks.create_task(self._again_and_again("controller", self._control, stop))
            tasks.create_task(self._again_and_again("recognising the cluster", self._recognise, stop))
            await self._supervisor.keep("hosts", lambda: self._keep_serving(tasks, stop), stop=stop)
            for ended in (announced, *(ended for _, ended, _ in self._serving.values())):
                ended.set()
        if self._another is not None:
            raise self._another

    async def _recognise(self, stop: asyncio.Event) -> None:
        """Ends the operator once another cluster answers at the same address, as where all data of etcd were lost: nothing that
        it knows is of that one, and nobody meant it to be kept on these hosts."""
        while not stop.is_set():
            try:
                StateFolder(self._options.state).claim_cluster(await self.store.cluster.identity())
            except StateError as error:
                self._another = error
                stop.set()
            except StoreError as error:
                log.debug("which cluster answers is not known now: %s", error)  # that it is away, the informer says
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RECOGNISED):
                    await stop.wait()

    async def _keep_serving(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Begins and ends the hosts' jobs, as hosts come and go."""
        while not stop.is_set():
            await self._serve_hosts(tasks, stop)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await stop.wait()

    async def _register(self, done: asyncio.Event) -> None:
        """Creates the hosts that were named and do not exist: a node registers itself. One that is deleted later stays
        deleted."""
        for name in self._options.hosts:
            if self.store.index.row(Key(Host.KIND, "default", name)) is None:
                made = Host(metadata=HostMeta(name=name, labels=dict(self._options.labels)), spec=HostSpec())
                with contextlib.suppress(AlreadyExists):
                    await self.store.apply_owned(made)
        done.set()

    def _wanted(self) -> dict[str, str]:
        """Returns the hosts to serve, and their libvirts. A host that the models refuse now is served as it was before."""
        found: dict[str, str] = {}
        for row in self.store.index.rows(Host.KIND):
            try:
                host = self.store.resource(row) if row.deleted is None else self.store.as_written(row)
            except Invalid:
                if row.name in self._serving:
                    found[row.name] = self._serving[row.name][0]
                continue
            if isinstance(host, Host) and self._options.serves(host):
                found[row.name] = host.spec.uri or self._options.uri
        return found

    def _hosts(self) -> Sequence[Host]:
        return self.store.readable(Host)

    async def _serve_hosts(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        wanted = self._wanted()
        if wanted != self._said_served:
            with contextlib.suppress(ReadOnly):  # hosts are served whatever the disk has room for; it is said later
                say_served(self._room, self._identity, wanted)
                self._said_served = wanted
        for name, (uri, ended, task) in list(self._serving.items()):
            if task.done():
                del self._serving[name]
            elif wanted.get(name) != uri:
                if name not in wanted and not ended.is_set():
                    log.warning("host %s is not served here any more: %s", name, self._why_not_served(name))
                ended.set()  # and begins again, once it has ended, where it is still wanted
        for name, uri in wanted.items():
            if name not in self._serving:
                ended = asyncio.Event()
                job = self._again_and_again(f"host {name}", lambda e, n=name, u=uri: self._serve(n, u, e), ended)  # type: ignore[misc]
                self._serving[name] = (uri, ended, tasks.create_task(job))

    def _why_not_served(self, name: str) -> str:
        if self.store.index.row(Key(Host.KIND, "default", name)) is not None:
            return "it is for another operator now"
        return "its Host has gone; apply a Host of that name, and it is served again"

    async def _again_and_again(self, what: str, job: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
        """Runs a job, and runs it again when it fails or loses its lease."""
        while not stop.is_set():
            await self._supervisor.keep(what, lambda: job(stop), stop=stop, may_end=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN):
                    await stop.wait()

    # The jobs -----------------------------------------------------------------------------------------------------------

    async def _control(self, stop: asyncio.Event) -> None:
        lease = Lease(self.store.cluster, self._options.namespace, "homeostat-controller", self._identity)
        store = ControllerStore(self.store, lease)
        hosts = HostsServed(LeaseWatch(self.store.cluster, self._options.namespace))
        gone: set[str] = set()

        def is_gone(host: str) -> bool:
            return host in gone or self.store.index.row(Key(Host.KIND, "default", host)) is None

        def keepers(deployment: VirtualMachineDeployment) -> list[str]:
            """Names them in words."""
            hosts, let_go = hosts_of(deployment.metadata.finalizers), may_be_abandoned(deployment)
            how = f", which no operator serves (to let it go nevertheless, annotate it with {ABANDON}=true)"
            return [f"host {host}{how if is_gone(host) else ''}" for host in hosts if not (let_go and is_gone(host))]

        placer = Placer(
            store,
            self._hosts,
            lambda machine: host_of(machine.metadata.finalizers),
            is_gone,
            lambda machine: located(machine, self._hosts(), hosts.is_current),
            unserved=hosts.unserved,
        )
        disks = DiskPlacer(store, placer, is_gone)
        snapshots = SnapshotKeeper(store, is_gone)
        keeper = HostKeeper(store, (placer, disks, snapshots), hosts.look, store.placed_on, gone)
        config = JobConfig(
            self._instance,
            reconcilers=controlled(store, placer, disks, snapshots, keeper),
            wakers=(placer.woken_by, disks.woken_by, snapshots.woken_by),
            fence=lease.check,
            keepers=keepers,
            name="controller: ",
        )

        async def work() -> None:
            self._say("this operator is the controller now")
            group, folders = await qemu_group(self._options.uri), self._options.image_folders
            storage = Storage(self._options.state, group, image_folders=folders)
            try:
                images = ImageHost(storage, str(self._options.state), lease.check)
                job = Job(store, images, config, self.metrics, self._supervisor)

                def wake(host: str) -> None:
                    for key in placer.woken_by(Key(Host.KIND, "default", host)):
                        job.queue.add(key)

                hosts.changed = wake
                await job.run(stop)
            finally:
                await storage.close()

        await lease.lead(work, stop)

    def _machines_apart(self) -> frozenset[tuple[str, str]]:
        """Returns the machines whose files cannot be in this state folder, as no operator on it serves their hosts."""
        here = hosts_beside(StateFolder.named(self._options.state)) | self._serving.keys()  # that may not have been written down
        return frozenset(place for place, host in self.store.placements().items() if host not in here)

    async def _serve(self, name: str, uri: str, stop: asyncio.Event) -> None:
        place = place_of(uri, str(StateFolder.named(self._options.state).instance_id))
        if self._recognition.is_refused(name, place):
            return
        lease = Lease(self.store.cluster, self._options.namespace, host_lease(name), self._identity)
        store = HostStore(self.store, lease, name)
        opening = partial(
            open_host,
            self._options.state,
            uri,
            name=name,
            fence=lease.check,
            trash_keep=self._options.trash_keep,
            image_folders=self._options.image_folders,
            allowed=self._options.allowed,
        )

        async def work() -> None:
            doubted, serves = self._recognition.in_doubt(name, place), f"this operator serves host {name} ({uri}) now"
            if not doubted:
                self._say(serves)
            async with opening(keep=self._supervisor.named(f"host {name}: ")) as host:
                if why := self._recognition.refusal(name, place, host):
                    await self._say_refused(store, name, why)
                    return
                if doubted:
                    self._say(serves)
                await self._host_job(name, uri, store, lease, host, place).run(stop)

        await lease.lead(work, stop)

    async def _say_refused(self, store: HostStore, name: str, why: str) -> None:
        """Says why a host is not served, once for several tries with the same reason."""
        if self._said_refused.get(name) != why:
            self._said_refused[name] = why
            self._say(why)
            await store.record_event(Key(Host.KIND, "default", name), "Warning", "OtherLibvirt", why)

    def _host_job(self, name: str, uri: str, store: HostStore, lease: Lease, host: LibvirtHost, place: str) -> Job:
        def is_here(known: Host) -> bool:
            """Tells whether its Host still means this libvirt: this job ends soon where it does not, and begins nothing more."""
            return (known.spec.uri or self._options.uri) == uri

        def admits(machine: VirtualMachine, made_here: bool) -> Waiting | None:
            hosts = {known.metadata.name: known for known in self._hosts()}
            if name in hosts and not is_here(hosts[name]):
                return Waiting("HostNotReady", f"host {name} is about to be served by another address", AGAIN)
            return unadmitted(machine, hosts[name], hosts, made_here) if name in hosts else None

        orphans = OrphanWatch(
            store,
            self.store,
            host,
            self._instance,
            told_on=lambda _: Key(Host.KIND, "default", name),
            placed_as=name,
            placements=self.store.placements,
            apart=self._machines_apart,
            of_objects=True,
        )
        reporter = HostReporter(
            store,
            host,
            name,
            self._identity,
            lambda: store.machines,
            lambda: orphans.seen,
            self._options.api_address,
            disks=lambda: asyncio.to_thread(labelled_disks, self._options.state),
            trash=partial(asyncio.to_thread, TrashFolder.at(self._options.state).known),
            place=place,
            is_here=is_here,
            placed=partial(store.placed_on, name),
        )
        config = JobConfig(
            self._instance,
            kinds=frozenset({VirtualMachine, Snapshot, Disk, Network}),
            kept_off=lambda disk: kept_elsewhere(disk, name, store.has_host),
            reconcilers={Host: reporter, VirtualMachineDeployment: KeptDisksReconciler(store, host)},
            wakers=(reporter.woken_by,),
            fence=lease.check,
            takes_turns=True,
            orphans=orphans,
            admits=admits,
            runs_elsewhere=lambda machine: self._twins.runs_elsewhere(machine, name),
            name=f"host {name}: ",
        )
        job = Job(store, host, config, self.metrics, self._supervisor)
        host.subscribe(lambda uuid: job.queue.add(reporter.key) if uuid is None else None)
        orphans.changed = lambda: job.queue.add(reporter.key)
        return job


@contextlib.contextmanager
def _own_room(shared: StateFolder) -> Iterator[StateFolder]:
    """Yields where this operator has its index: the state folder, or a room in it where another operator has that. The machines'
    files in the state folder belong to the host, and so to the owner of its lease: operators that take turns share a state
    folder.

    Raises:
        StateError: there are too many already.
    """
    with contextlib.ExitStack() as held:
        for number in range(1, STANDBYS + 1):
            room = shared if number == 1 else StateFolder.open(shared.standby(number))
            try:
                held.enter_context(room.operator_lock())
            except StateError:
                if number == STANDBYS:
                    raise
            else:
                break
        yield room


@asynccontextmanager
async def clustered(options: ClusterOptions, say: Announce) -> AsyncIterator[ClusterOperator]:
    """Opens everything in order, and closes it in reverse. Waits for the API server, however long it takes.

    Raises:
        StoreError: the state folder is in use or serves something else; no usable kubeconfig.
    """
    calm_collector()
    shared = StateFolder.open(options.state)
    async with AsyncExitStack() as stack:
        cluster = await Cluster.connect(options.access)
        stack.push_async_callback(cluster.close)
        shared.refuse_folder()
        room = stack.enter_context(_own_room(shared))
        index = Index.open(room.index, repair=True)
        stack.callback(index.close)
        identity = f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        store = KubernetesStore(index, cluster, identity, host_files=options.host_files, serves=options.serves)
        supervisor = Supervisor()
        supervisor.attend(asyncio.get_running_loop())
        informer = Informer(options.access, store.mirror, CLUSTER_KINDS, say, supervisor=supervisor)
        stack.enter_context(hearing_of_events(supervisor))
        index.troubled = supervisor.teller("state")
        metrics = OperatorMetrics(supervisor)

        def unready() -> str:
            return informer.incomplete() or informer.unanswered()

        for place in (room.operator_socket, options.health):
            if place is not None:
                await stack.enter_async_context(TelemetryServer(place, metrics.registry, supervisor, unready))
        known = await _identity_of(cluster, say)
        shared.claim_cluster(known)
        stack.push_async_callback(informer.stop)
        await informer.start()
        async with (
            keeping(supervisor, "heartbeat", lambda: keep_marking(room.root)),
            keeping(supervisor, "state-space", lambda: keep_trying(index)),
        ):
            yield ClusterOperator(store, options, known, identity, room, metrics, supervisor, say)


async def _identity_of(cluster: Cluster, say: Announce) -> str:
    """Waits for the API server, and returns the identity of its cluster."""
    told = False
    while True:
        try:
            known = await cluster.identity()
        except StoreError as error:
            if not told:
                say(f"waiting for the API server: {error}")
            told = True
            await asyncio.sleep(POLL_SECONDS)
        else:
            if told:
                say("the API server answers")
            return known
