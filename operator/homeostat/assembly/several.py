"""Standalone mode over several hosts: one folder, one state folder, a job for each host, and the controller's.

As in a cluster, but for the fence: one process does all jobs, and holds the state folder's lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from homeostat.driver.host import LibvirtHost
from homeostat.driver.imagehost import FilesHost
from homeostat.driver.storage.storage import Storage
from homeostat.driver.survey.qemu_group import qemu_group
from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.host import Host, HostMeta
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.snapshot import Snapshot
from homeostat.planner.allowed import NOTHING, Allowed
from homeostat.planner.files.trash import KEEP
from homeostat.planner.orphans import MachineFolder
from homeostat.planner.placement import host_of, kept_elsewhere
from homeostat.planner.plan import Waiting
from homeostat.runtime.disk.placement import DiskPlacer
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.runtime.host.deserted import NOT_SERVED
from homeostat.runtime.host.reconcile import HostKeeper, HostReporter
from homeostat.runtime.hypervisor import HostDriver
from homeostat.runtime.machine.orphans import OrphanWatch
from homeostat.runtime.machine.placement import Placer, unadmitted
from homeostat.runtime.metrics import OperatorMetrics
from homeostat.runtime.snapshot.homeless import SnapshotKeeper
from homeostat.store.errors import AlreadyExists
from homeostat.store.files.allowing import say_allowed
from homeostat.store.files.passes.removal import SETTLE
from homeostat.store.files.placing import PlacedFiles

from .controlled import controlled
from .job import Job, JobConfig
from .job_stores import ControllerStore, HostStore
from .standalone import at_home, open_host, telling, unsettled
from .whereabouts import Whereabouts, take_hosts

POLL_SECONDS = 0.02  # seconds between checks whether the folder was read, and whether the hosts have reported
PATIENCE = 15.0  # seconds to wait for the reports before anything is placed: one that is away reports that at once


class LockFence:
    """The fence of a process that does all jobs. It holds the lock of the state folder as long as it runs."""

    def check(self) -> None:
        """Does nothing: this process may always act."""


HERE = LockFence()


class FolderController(ControllerStore):
    """A controller that remembers which machines it let go while their host was away. In a folder, a machine that comes back is
    the same machine."""

    def __init__(self, store: PlacedFiles, fence: LockFence, whereabouts: Whereabouts) -> None:
        super().__init__(store, fence)
        self._whereabouts = whereabouts
        self.let_go: Callable[[Key], None] = lambda key: None

    async def release(self, key: Key, uid: str) -> None:
        machine = await self.get(VirtualMachine, key) if key.kind == VirtualMachine.KIND else None
        if machine is not None and (host := host_of(machine.metadata.finalizers)) is not None:
            self._whereabouts.give_up(machine, host)
        await super().release(key, uid)
        self.let_go(key)


class HostDeletions:
    """Continues deletions that the index forgot, where the domain is. See runtime.machine.orphans.Deletions."""

    def __init__(self, store: PlacedFiles, whereabouts: Whereabouts, host: str) -> None:
        self._store, self._whereabouts, self._host = store, whereabouts, host

    def doubt(self) -> str:
        return self._store.doubt() or ("" if self._whereabouts.known else "not every host was asked yet what it has")

    def take_up(self, machine: VirtualMachine) -> bool:
        """Takes the deletion up. The controller then places the machine, so that its host can take it away."""
        return self._whereabouts.located(machine) in (None, self._host) and self._store.take_up(machine)


class SeveralHosts:
    """Runs all jobs over one folder. It needs a store, and hosts that have been started."""

    def __init__(
        self,
        store: PlacedFiles,
        hosts: Mapping[str, HostDriver],
        images: FilesHost,
        metrics: OperatorMetrics,
        supervisor: Supervisor,
        teardown: bool = False,
    ) -> None:
        """Takes the hosts by name. ``images`` keeps the images of plugins and the files of machines."""
        self.supervisor = supervisor
        self._store = store
        self._teardown = teardown
        self._settled = asyncio.Event()
        self._instance = str(store.state.instance_id)
        self._operator = f"{socket.gethostname()}_{os.getpid()}"
        self._metrics = metrics
        self._drivers = hosts
        self.whereabouts = Whereabouts(store, hosts, self._instance)
        self.hosts = {name: self._host_job(name, host) for name, host in hosts.items()}
        self.controller = self._control(images)
        self._jobs = {**self.hosts, **({} if teardown else {"controller": self.controller})}

    # The jobs -----------------------------------------------------------------------------------------------------------

    def _host_job(self, name: str, host: HostDriver) -> Job:
        store = HostStore(self._store, HERE, name)

        def admits(machine: VirtualMachine, made_here: bool) -> Waiting | None:
            if (blocker := unsettled(self._store, machine.key)) is not None:
                return blocker
            hosts = {known.metadata.name: known for known in self._store.readable(Host)}
            refused = unadmitted(machine, hosts[name], hosts, made_here) if name in hosts else None
            return refused or self.whereabouts.elsewhere(machine, name)

        if self._teardown:
            config = JobConfig(self._instance, teardown=True, admits=admits, name=f"host {name}: ")
            return Job(store, host, config, self._metrics, self.supervisor)
        orphans = OrphanWatch(
            store,
            self._store,
            host,
            self._instance,
            deletions=HostDeletions(self._store, self.whereabouts, name),
            folders=partial(self._folders, name),
            placed_as=name,
            placements=self._store.placements,
        )
        reporter = HostReporter(
            store, host, name, self._operator, lambda: store.machines, lambda: orphans.seen, placed=partial(store.placed_on, name)
        )
        config = JobConfig(
            self._instance,
            kinds=frozenset({VirtualMachine, Snapshot, Disk, Network}),
            kept_off=lambda disk: kept_elsewhere(disk, name),
            reconcilers={Host: reporter},
            wakers=(reporter.woken_by,),
            orphans=orphans,
            taken_in=lambda: self._store.complete,
            admits=admits,
            runs_elsewhere=lambda machine: self.whereabouts.runs_elsewhere(machine, name),
            settling=lambda key: key in self._store.settling,
            all_machines=self._store,
            name=f"host {name}: ",
        )
        job = Job(store, host, config, self._metrics, self.supervisor)
        host.subscribe(lambda uuid: job.queue.add(reporter.key) if uuid is None else None)
        orphans.changed = lambda: job.queue.add(reporter.key)
        return job

    async def _folders(self, name: str) -> Sequence[MachineFolder]:
        """Returns the machine folders that a host reports on, since all hosts have the same: those of its domains. One without a
        domain is reported on by the host that its machine was being deleted on, else by the first one. While a host is away, one
        that had a domain may have it there."""
        found: dict[str, set[tuple[str, str]]] = {}
        for one, host in self._drivers.items():
            if host.facts.reachable:
                records = [domain.record for domain in host.domains() if domain.record is not None]
                found[one] = {(record.namespace, record.name) for record in records if record.instance == self._instance}
        mine, anywhere, first = found.get(name, set()), set[tuple[str, str]]().union(*found.values()), next(iter(found), None)
        folders, all_asked = await self._drivers[name].machine_folders(), not self.whereabouts.away

        def reports(folder: MachineFolder) -> bool:
            place, at = (folder.namespace, folder.name), folder.deleted_on
            known = all_asked or not folder.created or bool(at)  # a deletion goes on where it had begun, and nowhere else
            return place in mine or (place not in anywhere and name == (at if at in found else first) and known)

        return [folder for folder in folders if reports(folder)]

    def _control(self, images: FilesHost) -> Job:
        store = FolderController(self._store, HERE, self.whereabouts)
        gone: set[str] = set()

        def is_gone(host: str) -> bool:
            return host in gone or not store.exists(Key(Host.KIND, "default", host))

        async def served(host: str) -> bool:
            return host in self.hosts

        placer = Placer(
            store,
            lambda: self._store.readable(Host),
            lambda machine: host_of(machine.metadata.finalizers),
            is_gone,
            self.whereabouts.located,
            places_deleted=True,
            unserved=lambda host: "" if host.metadata.name in self.hosts else NOT_SERVED,
        )
        disks = DiskPlacer(store, placer, is_gone, self.whereabouts.located_disk, one_folder=True)
        snapshots = SnapshotKeeper(store, is_gone)
        how = lambda name: f"give `homeostat up` --host {name}=URI"  # noqa: E731
        keeper = HostKeeper(store, (placer, disks, snapshots), served, store.placed_on, gone, how)
        store.let_go, self._placer = keeper.forget, placer
        config = JobConfig(
            self._instance,
            reconcilers=controlled(store, placer, disks, snapshots, keeper),
            wakers=(placer.woken_by, disks.woken_by, snapshots.woken_by),
            taken_in=lambda: self._store.complete,
            settling=lambda key: key in self._store.settling,
            name="controller: ",
            told=placer.waiting,
        )
        return Job(store, images, config, self._metrics, self.supervisor)

    # All of them ---------------------------------------------------------------------------------------------------------

    @property
    def looked_at(self) -> Collection[Key]:
        """What was reconciled in this run."""
        return frozenset[Key]().union(*(job.looked_at for job in self._jobs.values()))

    def look_at_all(self) -> None:
        for job in self._jobs.values():
            job.look_at_all()

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until ``stop`` is set (or, tearing down, until nothing is left on the hosts that are served)."""
        async with asyncio.TaskGroup() as tasks:
            beside: list[asyncio.Task[Any]] = [
                tasks.create_task(self.supervisor.keep("folder", self._follow)),
                tasks.create_task(self.supervisor.keep("whereabouts", self._settle_in, may_end=True)),
            ]
            if self._teardown:  # also what a new index does not know yet
                ready = [asyncio.create_task(event.wait()) for event in (self._settled, stop)]
                await asyncio.wait(ready, return_when=asyncio.FIRST_COMPLETED)
                beside += ready
            await self._run_jobs(stop)
            for task in beside:
                task.cancel()

    async def _run_jobs(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            for name, job in self._jobs.items():
                running = self.supervisor.keep(f"job {name}", lambda job=job: job.run(stop), stop=stop, may_end=self._teardown)  # type: ignore[misc]
                tasks.create_task(running, name=name)

    async def _follow(self) -> None:
        """Takes the folder into the index, which the jobs follow."""
        async for _ in self._store.changes():
            pass

    async def _settle_in(self) -> None:
        """Prepares the hosts once the folder was read: makes those that no document declares, and asks them what they have where
        the index does not say."""
        while not self._store.complete:  # noqa: ASYNC110 - no event comes
            await asyncio.sleep(POLL_SECONDS)
        if not self._teardown:
            await self._register()
            await self._tell_of_addresses()
            await self._first_reports()
        await self.whereabouts.ask()
        self.whereabouts.settled = True
        for host in self.hosts:
            self._placer.woken_by(Key(Host.KIND, "default", host))  # their changes may not have reached it yet
        self.controller.look_at_all()
        if self._teardown:
            await self._place_found()
        self._settled.set()

    async def _register(self) -> None:
        """Makes the hosts that are missing, as in a cluster, and keeps those whose documents went before this start. One that is
        deleted later is not made again by this run."""
        for name in self.hosts:
            row, plain = self._store.index.row(Key(Host.KIND, "default", name)), Host(metadata=HostMeta(name=name))
            if row is None:
                with contextlib.suppress(AlreadyExists):
                    await self._store.apply_owned(plain)
            elif row.deleted is not None:
                await self._store.keep_owned(plain)

    async def _tell_of_addresses(self) -> None:
        """Tells of documents that name another address than the one that is served: that counts in a cluster only."""
        for host in self._store.readable(Host):
            driver = self._drivers.get(host.metadata.name)
            if driver is not None and host.spec.uri not in (None, driver.facts.uri):
                words = f"spec.uri is {host.spec.uri}, and counts in a cluster only: served is {driver.facts.uri}, as --host says"
                await self._store.record_event(host.key, "Warning", "AddressNotUsed", words)

    async def _first_reports(self) -> None:
        """Waits until every host has reported. Else all machines would be placed on the first one that is open."""
        until = time.monotonic() + PATIENCE
        while not self._all_told() and time.monotonic() < until:  # noqa: ASYNC110 - no event comes
            await asyncio.sleep(POLL_SECONDS)

    def _all_told(self) -> bool:
        hosts = [host for host in self._store.readable(Host) if host.metadata.name in self.hosts]
        return all(host.status is not None and host.status.operator == self._operator for host in hosts)

    def stays(self, machine: VirtualMachine) -> str:
        """Says why a machine stays that was to be torn down. Empty: nothing is known of it on any host."""
        host = host_of(machine.metadata.finalizers)
        if host is None:
            where = self.whereabouts.located(machine)
            return where.message if isinstance(where, Waiting) else f"its domain is on host {where}" if where else ""
        if host not in self.hosts:
            may_be_there = machine.status is None or machine.status.domain_uuid or machine.deleting
            return f"it is on host {host}, which the last `up` did not name" if may_be_there else ""
        there = machine.status is not None and machine.status.domain_uuid
        return f"it is still on host {host}" if there else ""

    async def _place_found(self) -> None:
        for machine in self._store.readable(VirtualMachine):
            where = self.whereabouts.located(machine)
            if isinstance(where, str):
                await self._store.place(machine.key, machine.metadata.uid, where)


@dataclass(frozen=True, slots=True)
class Several:
    """All parts, running. ``notes``: what people should hear about the hosts."""

    store: PlacedFiles
    hosts: Mapping[str, LibvirtHost]
    operator: SeveralHosts
    supervisor: Supervisor
    notes: Sequence[str] = ()

    @property
    def unreachable(self) -> str:
        """Why a host cannot be asked that must be. Empty: all can be asked."""
        facts = [host.facts for host in self.hosts.values()]
        told = "; ".join(f"host {fact.name}: {fact.error}" for fact in facts if not fact.reachable)
        return told or self.operator.whereabouts.unasked


@asynccontextmanager
async def several_hosts(
    folder: Path,
    state: Path,
    libvirts: Mapping[str, str],
    *,
    teardown: bool = False,
    settle: float = SETTLE,
    trash_keep: float = KEEP,
    image_folders: Sequence[Path] = (),
    allowed: Allowed = NOTHING,
) -> AsyncIterator[Several]:
    """Opens what ``standalone`` opens, over several hosts. ``libvirts``: their addresses by name.

    Raises:
        NoFolder, StoreError: as there; or machines may be on a libvirt that none of them is.
    """
    async with AsyncExitStack() as stack:
        room, store, supervisor = await stack.enter_async_context(at_home(PlacedFiles, folder, state, settle))
        notes = take_hosts(store, libvirts)
        if not teardown:
            say_allowed(room, allowed)
        hosts: dict[str, LibvirtHost] = {}

        def elsewhere(but: str) -> set[str]:
            return {path for name, host in hosts.items() if name != but for path in host.files_of_domains()}

        async def opened(name: str, uri: str) -> LibvirtHost:
            opening = open_host(
                room.root,
                uri,
                name=name,
                trash_keep=trash_keep,
                keep=supervisor.named(f"host {name}: "),
                image_folders=image_folders,
                allowed=allowed,
                files_elsewhere=partial(elsewhere, name),
            )
            return await stack.enter_async_context(opening)

        async with asyncio.TaskGroup() as tasks:  # one that does not answer keeps no other waiting
            opening = {name: tasks.create_task(opened(name, uri)) for name, uri in libvirts.items()}
        hosts.update({name: task.result() for name, task in opening.items()})
        storage = Storage(room.root, await _group_of(hosts.values()), image_folders=image_folders)
        stack.push_async_callback(storage.close)
        metrics = OperatorMetrics(supervisor)
        operator = SeveralHosts(
            store, hosts, FilesHost(storage, str(room.root), trash_keep), metrics, supervisor, teardown=teardown
        )
        await stack.enter_async_context(telling(store, operator, metrics))
        yield Several(store, hosts, operator, supervisor, notes)


async def _group_of(hosts: Iterable[LibvirtHost]) -> int | None:
    """Returns the group of QEMU, which is the same on all hosts that share files."""
    for host in hosts:
        if host.facts.reachable and (group := await qemu_group(host.facts.uri)) is not None:
            return group
    return None
