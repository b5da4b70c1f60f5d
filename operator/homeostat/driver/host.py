"""One libvirt host: its facts, its domains, and the actions on them. Implements runtime.hypervisor.HostDriver."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from homeostat.models.listening import Listener
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.allowed import NOTHING, Allowed
from homeostat.planner.domain import DomainType
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.network.actions import NetworkAction
from homeostat.planner.network.observed import ObservedNetwork
from homeostat.planner.observed import (
    HostFacts,
    ObservedDomain,
    ObservedPort,
    Usage,
)

from . import faults
from .connection.connection import LibvirtConnection
from .connection.events import Aspect
from .domains import shared_memory
from .domains.actions import DomainActions
from .domains.hung import Hung
from .domains.inventory import Inventory
from .domains.open_files import check_open
from .domains.reading import PidFiles
from .errors import DriverError
from .guests.address_reading import Resident
from .guests.addresses import AddressBook
from .guests.agent import Agent
from .hostfiles import HostFiles
from .networks import links
from .networks.networks import HostNetworks
from .snapshots.snapshots import Snapshots
from .storage.port import ImageChanged, StorageDriver
from .survey import ports
from .survey.devices import absent_folders, survey_devices
from .survey.survey import is_local, is_test, pid_folders, survey, survey_networks
from .tasks import Keep, attended, once

_log = logging.getLogger(__name__)

RESYNC = 30.0  # seconds between two bulk readings
SLOW_FACTS = 10  # resyncs between two lists of the devices, and of a remote host's networks, in case an event was missed

Changed = Callable[[str | None], None]
FilesElsewhere = Callable[[], Set[str]]


class LibvirtHost(HostFiles):
    """One host. Reads cost no libvirt call. ``kvm_usable`` says whether KVM really works there (driver.survey.kvm); it is asked
    once, and only where libvirt offers KVM. ``storage`` is None where the host holds no files."""

    def __init__(
        self,
        uri: str,
        *,
        name: str = "local",
        storage: StorageDriver | None = None,
        storage_root: str = "",
        labels: Mapping[str, str] | None = None,
        kvm_usable: Callable[[], Awaitable[bool]] | None = None,
        resync_interval: float = RESYNC,
        trash_keep: float = 0.0,
        fence: Callable[[], None] = lambda: None,
        keep: Keep = once,
        files_elsewhere: FilesElsewhere = frozenset,
        marks_runs: bool = True,
        allowed: Allowed = NOTHING,
    ) -> None:
        """Takes ``fence``, which is called just before any action on a domain, on any thread, and raises where we may not act.
        ``keep`` runs the tasks that never end. ``files_elsewhere`` returns the files that domains of the other hosts with this
        storage refer to, and raises DriverError where they are not known.

        ``labels`` None: placement is decided elsewhere. ``trash_keep``: see HostFacts.
        ``marks_runs`` False: changes nothing at all, see ``marks``.
        """
        super().__init__(storage)
        self._facts = HostFacts(
            name=name, reachable=False, uri=uri, storage_root=storage_root, attach=not is_test(uri),
            labels=None if labels is None else dict(labels), error=f"not connected to {uri} yet",
            trash_keep=trash_keep, allowed=allowed,
        )  # fmt: skip
        self._kvm_usable, self._resync_interval = kvm_usable, resync_interval
        self._kvm_known: bool | None = None
        self._subscribers: list[Changed] = []
        self._image_subscribers: list[ImageChanged] = []
        self._network_subscribers: list[Callable[[], None]] = []
        self._files_elsewhere = files_elsewhere
        self._keep, self._here = keep, is_local(uri) and not is_test(uri)
        self._connection = LibvirtConnection(uri, self._connected, self._lost, keep=keep)
        self._inventory = Inventory(
            self._connection,
            PidFiles(pid_folders(uri, os.environ)),
            self._notify,
            self._networks_changed,
            links.unplugged if self._here else lambda taps: {},
            fence if marks_runs else None,
        )
        self.agent = Agent(uri, keep)
        self._book = AddressBook(
            self._connection, self.agent, lambda: self._facts.networks, self._residents, self._addresses_changed, keep,
            local=self._here, crowded=lambda: self._connection.crowded,
        )  # fmt: skip
        hung = Hung(self._inventory.reread)
        self._actions = DomainActions(self._connection, self._inventory, self.agent, hung, fence)
        files = storage.snapshots if storage is not None else None
        self._snapshots = Snapshots(self._connection, self._inventory, self.agent, hung, files, fence)
        self._networks = HostNetworks(self._connection, fence)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connects and lists. Returns also when the host cannot be reached (``facts.error`` says why), and keeps trying."""
        if self._storage is not None:
            self._storage.subscribe(self._image_changed)
        await self._connection.start()
        self._spawn(self._keep("resync", self._resync_forever))

    async def close(self) -> None:
        """Closes the connection. Guests continue to run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._book.close()
        await self.agent.close()
        await self._inventory.close()
        await self._connection.close()

    async def __aenter__(self) -> LibvirtHost:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # Reading

    @property
    def facts(self) -> HostFacts:
        return self._facts

    def domain(self, uuid: str) -> ObservedDomain | None:
        return self._inventory.get(uuid)

    def domain_named(self, name: str) -> ObservedDomain | None:
        return self._inventory.named(name)

    def domains(self) -> Sequence[ObservedDomain]:
        return tuple(self._inventory.all())

    def addresses(self, macs: Sequence[str], run: str | None = None) -> Mapping[str, Sequence[tuple[str, str]]]:
        return self._book.lookup(macs, run) if self._facts.reachable else {}

    def recall(self, run: str, told: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self._book.recall(run, {mac.lower(): tuple(addresses) for mac, addresses in told.items()})

    async def blocked_ports(self, wanted: Sequence[Listener]) -> Mapping[Listener, ObservedPort]:
        return await asyncio.to_thread(ports.blocked, wanted) if self._here else {}

    async def lost_folders(self, shared: Collection[str]) -> Set[str]:
        return await asyncio.to_thread(absent_folders, shared) if self._here else frozenset()

    def usage(self) -> Mapping[str, Usage]:
        return self._inventory.usage()

    @property
    def calls(self) -> int:
        return self._connection.calls.total() + self.agent.calls.total()

    @property
    def calls_by_function(self) -> Mapping[str, int]:
        """libvirt calls made so far, by the binding's function."""
        return self._connection.calls + self.agent.calls

    def subscribe(self, changed: Changed) -> None:
        """Subscribes to changes. Those that follow from ``execute`` are left out: the caller of ``execute`` reads the result
        itself."""
        self._subscribers.append(changed)

    def subscribe_images(self, changed: ImageChanged) -> None:
        self._image_subscribers.append(changed)

    def subscribe_networks(self, changed: Callable[[], None]) -> None:
        self._network_subscribers.append(changed)

    async def networks(self) -> Mapping[str, ObservedNetwork]:
        """Returns the host's networks by name. Raises DriverError."""
        return await self._networks.all()

    # Acting

    async def change_network(self, action: NetworkAction) -> None:
        """Carries one action on a network out. Raises DriverError."""
        await self._networks.execute(action)
        await self._read_networks()

    async def snapshot_note(self, uid: str) -> SnapshotNote | None:
        """Returns what is noted down of a snapshot. Raises DriverError."""
        return await asyncio.to_thread(self._snapshots.note, uid)

    async def snapshot_notes(self) -> Sequence[SnapshotNote]:
        """Returns the notes of all snapshots that can be read. Raises DriverError."""
        return await asyncio.to_thread(self._snapshots.notes)

    async def snapshot_tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        """Returns the snapshots in files, by path. Raises DriverError."""
        return await asyncio.to_thread(self._snapshots.tags, paths)

    async def built_on_disks(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Returns those of the files that are built on a disk of a machine, each with that."""
        return await asyncio.to_thread(self._snapshots.backing, paths)

    async def execute(self, action: Action) -> None:
        """Carries one action out.

        Raises:
            DriverError: it could not be done.
        """
        match action:
            case act.ReleaseResource():
                raise TypeError("ReleaseResource is the store's to carry out")
            case act.UndefineDomain(uuid):
                await self._actions.execute(action)
                if self._here:
                    await asyncio.to_thread(shared_memory.forget, uuid)
            case act.GrowDisk(target=str()):
                if (known := self.domain(action.uuid)) is not None:
                    check_open(known, [action.path])
                await self._actions.execute(action)
            case _ if isinstance(action, act.StorageAction):
                await self._keep_files(action)
            case _ if isinstance(action, act.SnapshotAction):
                await self._snapshots.execute(action)
            case _:
                await self._actions.execute(action)
                self._networks.forget()  # its guest may have come to one, or left one

    async def _keep_files(self, action: act.StorageAction) -> None:
        if self._storage is None:
            raise DriverError(f"host {self._facts.name} keeps no files: {type(action).__name__} cannot be done there")
        with faults.around(action):
            await self._storage.execute(action)

    async def prune_images(self, used: Callable[[], Collection[str]]) -> Sequence[str]:
        """Removes unused images. What a domain refers to stays, whether a spec names it or not. Raises DriverError: nothing was
        removed."""
        if self._storage is None or not self._facts.reachable:
            return ()
        return await self._storage.prune(used, lambda: self.files_of_domains() | self._files_elsewhere())

    def files_of_domains(self) -> Set[str]:
        """Returns the files that domains refer to.

        Raises:
            DriverError: they are not known now.
        """
        if not self._facts.reachable:
            raise DriverError(self._facts.error)
        configs = [config for domain in self.domains() for config in domain.configs]
        root = self._facts.storage_root
        kernels = [config.kernel.with_images(root) for config in configs if config.kernel is not None]
        disks = {disk.source for config in configs for disk in config.disks if disk.source}
        disks |= {file.path for config in configs for disk in config.disks for file in disk.chain or ()}
        return disks | {path for boot in kernels for path in (boot.kernel, boot.initramfs) if path}

    async def refresh(self, uuid: str) -> None:
        await self._inventory.refresh(uuid, Aspect.STATE | Aspect.CONFIG | Aspect.LIVE | Aspect.FLAGS)

    async def resync(self) -> None:
        """Makes one bulk reading now. There is one every ``resync_interval`` seconds anyway."""
        await self._inventory.resync()

    # Keeping up

    async def _connected(self) -> None:
        facts = await self._connection.run(lambda: survey(self._connection, self._facts), "read the host's capabilities")
        await self._inventory.relist()
        self._networks.forget()
        self._facts = replace(facts, kvm_usable=await self._probe_kvm(facts))
        await self._book.begin()
        _log.info("connected to %s: %d domains", facts.uri, len(self.domains()))
        self._notify(None)
        self._notify_networks()

    async def _probe_kvm(self, facts: HostFacts) -> bool:
        if self._kvm_known is None:
            offered = DomainType.KVM in facts.domain_types
            self._kvm_known = offered and self._kvm_usable is not None and await self._kvm_usable()
        return self._kvm_known

    def _lost(self, error: DriverError) -> None:
        if self._facts.reachable or self._facts.error != str(error):
            self._facts = replace(self._facts, reachable=False, error=str(error))
            self._notify(None)
            self._notify_networks()

    def _notify(self, uuid: str | None) -> None:
        self._networks.forget()  # a guest may have come to one, or left one
        for subscriber in self._subscribers:
            subscriber(uuid)

    def _image_changed(self, key: str, fetching: bool) -> None:
        for subscriber in self._image_subscribers:
            subscriber(key, fetching)

    def _networks_changed(self) -> None:
        self._networks.forget()
        self._notify_networks()
        self._spawn(self._read_networks())

    def _notify_networks(self) -> None:
        for subscriber in self._network_subscribers:
            subscriber()

    def _residents(self) -> dict[str, Resident]:
        return {
            nic.mac.lower(): Resident(domain.uuid, domain.agent, domain.run, domain.pid)
            for domain in self.domains()
            if domain.live is not None
            for nic in domain.live.nics
            if nic.kind != "user"
        }

    def _addresses_changed(self, macs: set[str]) -> None:
        for domain in self.domains():
            if domain.live is not None and any(nic.mac.lower() in macs for nic in domain.live.nics):
                self._notify(domain.uuid)

    async def _read_networks(self) -> None:
        try:
            seen = await self._connection.run(lambda: survey_networks(self._connection, self._facts), "list networks")
        except DriverError as error:
            _log.info("%s", error)  # a lost connection is reported elsewhere; the next resync lists them again
            return
        self._inventory.check_links()
        now = replace(
            self._facts,
            networks=seen.networks,
            network_uuids=seen.network_uuids,
            idle_networks=seen.idle_networks,
            bridges=seen.bridges,
            links=seen.links,
            taps=seen.taps,
            routes=seen.routes,
        )
        if now != self._facts:
            self._facts = now
            self._notify(None)
            self._notify_networks()

    async def _read_devices(self) -> None:
        now = await self._connection.run(
            lambda: survey_devices(self._connection, self._facts, self._here), "list the host's devices"
        )
        seen = replace(self._facts, tpms=now.tpms, virtiofs=now.virtiofs, vsock=now.vsock, devices=now.devices)
        if seen != self._facts:
            self._facts = seen
            self._notify(None)

    async def _resync_forever(self) -> None:
        round = 0
        while True:
            await asyncio.sleep(self._resync_interval)
            round += 1
            try:
                if self._facts.reachable:
                    await self.resync()
                    self._book.recheck()
                    if is_local(self._facts.uri) or round % SLOW_FACTS == 0:
                        await self._read_networks()
                        if await self._networks.recheck():
                            self._notify_networks()
                    if round % SLOW_FACTS == 0:
                        await self._read_devices()
            except DriverError as error:
                _log.info("%s", error)  # nothing is lost: a new connection lists everything again, else the next round follows

    def _spawn(self, job: Coroutine[Any, Any, None]) -> None:
        task = attended(asyncio.create_task(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
