"""Finds orphans, reports them, and finishes the deletions that were under way when the index was lost.

It scans when something came or went, and every hour. While nothing changes it costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from homeostat.driver.errors import DriverError
from homeostat.models.base import NAME_PATTERN, Key
from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_disks import ReclaimPolicy
from homeostat.models.network import Network
from homeostat.planner.network.orphans import find_orphaned_networks
from homeostat.planner.orphans import NETWORK, MachineFolder, Orphan, OrphansSeen, find_orphans, mend, unowned, why

from ..engine.ports import ResourceStore, StoreFailure
from ..hypervisor import HostDriver

log = logging.getLogger(__name__)

GATHER = 2.0  # seconds in which many events cause one scan
SHARE = 20.0  # and at least this many times what a scan takes
EVERY = 3600.0  # seconds between scans without an event: what somebody puts into the storage causes none
AGAIN = 5.0  # seconds until the next scan where not everything could be read, or a deletion waits to be finished
SOME_SIZE = "1Gi"  # a disk in a spec must have a size; for one that will be deleted it does not matter
SETTLE = 10.0  # seconds for which a deletion must have had no owner before it is taken up


class OrphanStore(Protocol):
    """What is needed here of a store, without its fences. Every method may raise StoreFailure."""

    @property
    def complete(self) -> bool:
        """Tells whether all desired state has been read once."""

    def identities(self) -> Mapping[str, tuple[str, str]]:
        """Returns the names of all machines, on any host, by identity."""

    def deployments(self) -> frozenset[str]:
        """Returns the uids of all deployments."""

    def network_identities(self) -> frozenset[str]:
        """Returns the identities of all Networks."""

    def orphans(self, host: str) -> Sequence[Orphan]:
        """Returns the orphans as they were recorded last."""

    def note_orphans(self, host: str, orphans: Sequence[Orphan]) -> None: ...


class Deletions(Protocol):
    """Takes up deletions that the index forgot. A cluster forgets none, and has no such object."""

    def doubt(self) -> str:
        """Says why what seems to be gone may not be gone; empty: it is certain."""

    def take_up(self, machine: VirtualMachine) -> bool: ...


def key_of(orphan: Orphan) -> Key:
    """Returns the key of the resource that it was."""
    kind = Network.KIND if orphan.state == NETWORK else VirtualMachine.KIND
    return Key(kind, orphan.namespace, orphan.name)


class OrphanWatch:
    """Watches for orphans. ``told_on``: the object that gets the events about an orphan. ``changed`` is called after the orphans
    changed. ``folders`` returns the folders that this host reports on, where other hosts have them, too. ``placed_as``: the name
    that placements give this host, where there are several; only on the host that it had begun on does a deletion go on.
    ``placements`` returns the host of each machine by its namespace and name, and ``apart`` the machines that are on hosts with
    folders of their own. ``of_objects``: machines are objects of a cluster."""

    def __init__(
        self,
        store: ResourceStore,
        index: OrphanStore,
        host: HostDriver,
        instance: str,
        *,
        deletions: Deletions | None = None,
        told_on: Callable[[Orphan], Key] = key_of,
        folders: Callable[[], Awaitable[Sequence[MachineFolder]]] | None = None,
        placed_as: str = "",
        placements: Callable[[], Mapping[tuple[str, str], str]] = dict,
        apart: Callable[[], Collection[tuple[str, str]]] = tuple,
        of_objects: bool = False,
    ) -> None:
        self.seen = OrphansSeen(known=False)  # by the last scan
        self.scans = 0
        self.scanned = 0.0  # when it scanned last, monotonic
        self._store, self._index, self._host, self._instance = store, index, host, instance
        self._deletions = deletions
        self._folders = folders or host.machine_folders
        self._told_on = told_on
        self._placed_as = placed_as
        self._placements, self._apart, self._of_objects = placements, apart, of_objects
        self.changed: Callable[[], None] = lambda: None
        self._due = asyncio.Event()
        self._due.set()
        self._waiting: dict[tuple[str, str], float] = {}  # deletions that wait to be finished, and since when

    @property
    def found(self) -> tuple[Orphan, ...]:
        return self.seen.found

    def poke(self) -> None:
        """Asks for a scan: something came or went."""
        self._due.set()

    async def run(self, may_scan: Callable[[], bool] = lambda: True) -> None:
        """Scans until it is cancelled."""
        pause, took = EVERY, 0.0
        while True:
            try:
                async with asyncio.timeout(pause):
                    await self._due.wait()
            except TimeoutError:
                log.debug("looking for orphans, as every %.0f s", pause)
            await asyncio.sleep(max(GATHER, SHARE * took))
            self._due.clear()
            begun = time.perf_counter()
            pause = await self._tried() if may_scan() else EVERY
            took = time.perf_counter() - begun

    async def _tried(self) -> float:
        try:
            return await self.scan()
        except (DriverError, StoreFailure) as error:
            log.info("orphans could not be looked for: %s", error)
            return AGAIN

    async def scan(self) -> float:
        """Scans once, and returns the seconds until the next scan.

        Raises:
            DriverError, StoreFailure: not everything could be read.
        """
        if not self._host.facts.reachable or not self._index.complete:
            return AGAIN
        self.scans, self.scanned = self.scans + 1, time.monotonic()
        folders = await self._folders()
        networks = await self._orphaned_networks()
        # The machines are read last, so that one that is made meanwhile does not count as an orphan.
        domains, machines, placements = self._host.domains(), self._index.identities(), self._placements()
        here = {place for place, host in placements.items() if host == self._placed_as}
        elsewhere = placements.keys() - here
        found = find_orphans(self._instance, domains, folders, machines, self._index.deployments(), elsewhere, self._apart())
        if any(not orphan.domain and orphan not in self.found for orphan in found):
            # A machine may have gone since the folders were read, as in a rollout, and its folder with it.
            there = {folder.path for folder in await self._host.machine_folders()}
            found = tuple(orphan for orphan in found if orphan.domain or orphan.directory in there)
        found = tuple(replace(orphan, of_object=self._of_objects) for orphan in found)
        await self._tell((*found, *networks), unowned(domains, machines, here))
        return self._finish(found)

    async def _orphaned_networks(self) -> tuple[Orphan, ...]:
        """Finds those whose Network was neither there before they were read, nor is now: one may be coming, or going."""
        before = self._index.network_identities()
        networks = (await self._host.networks()).values()
        return find_orphaned_networks(self._instance, networks, before | self._index.network_identities())

    async def _tell(self, found: tuple[Orphan, ...], identities: tuple[str, ...]) -> None:
        """Reports each orphan once. Those that an earlier run reported are recorded in the index."""
        host = self._host.facts.name
        known = {(o.namespace, o.name, o.uuid) for o in self._index.orphans(host)}
        if tuple(self._index.orphans(host)) != found:
            self._index.note_orphans(host, found)
        if (seen := OrphansSeen(found, identities)) != self.seen:
            self.seen = seen
            self.changed()
        for orphan in found:
            if orphan.alarming and (orphan.namespace, orphan.name, orphan.uuid) not in known:
                words = f"{describe(orphan)}: {why(orphan)}; {mend(orphan)}"
                log.warning("orphan %s/%s: %s", orphan.namespace, orphan.name, words)
                await self._store.record_event(self._told_on(orphan), "Warning", "Orphaned", words)

    def _finish(self, found: Sequence[Orphan]) -> float:
        """Goes on with deletions that had begun, by the usual rules, where their documents are certainly gone."""
        begun = {(o.namespace, o.name): o for o in found if o.deletion and o.deleted_on in ("", self._placed_as)}
        if self._deletions is None or not begun:
            self._waiting.clear()
            return EVERY
        now = time.monotonic()
        self._waiting = {place: self._waiting.get(place, now) for place in begun}
        if doubt := self._deletions.doubt():
            log.info("deletions that had begun wait: %s", doubt)
            return AGAIN
        for place, orphan in begun.items():
            due = now - self._waiting[place] >= SETTLE
            if due and (machine := deleted_machine(orphan)) is not None and self._deletions.take_up(machine):
                log.warning("the deletion of machine %s/%s goes on: it had begun before the index was lost", *place)
                self.poke()
        return AGAIN


def describe(orphan: Orphan) -> str:
    """Says in a few words what it is."""
    if orphan.state == NETWORK:
        return f"network {orphan.network or orphan.name}"
    disks = f"disks {', '.join(orphan.disks)} in {orphan.directory}" if orphan.disks else "no disks"
    return f"domain {orphan.domain} ({orphan.state}), {disks}" if orphan.domain else disks


def deleted_machine(orphan: Orphan) -> VirtualMachine | None:
    """Returns the machine as it was when its deletion began. None: nothing says so, or it is about another machine."""
    try:
        machine = VirtualMachine.model_validate_json(orphan.deletion)
    except ValueError:
        return None
    same = (machine.metadata.namespace, machine.metadata.name) == (orphan.namespace, orphan.name)
    return machine if same and orphan.uid in ("", machine.identity) else None


def machine_to_delete(orphan: Orphan, *, keep_disks: bool) -> VirtualMachine:
    """Returns the machine that a person decided to delete: with its own policies where they are known, otherwise without any."""
    policy = "Retain" if keep_disks else "Delete"
    machine = deleted_machine(orphan)
    if machine is None:
        disks = [{"name": disk, "size": SOME_SIZE} for disk in orphan.disks if re.fullmatch(NAME_PATTERN, disk)]
        metadata = {"namespace": orphan.namespace, "name": orphan.name, "uid": orphan.uid}
        return VirtualMachine.model_validate({"metadata": metadata, "spec": {"reclaimPolicy": policy, "disks": disks}})
    changed = [disk.model_copy(update={"reclaim_policy": ReclaimPolicy(policy)}) for disk in machine.spec.disks]
    return machine.model_copy(update={"spec": machine.spec.model_copy(update={"disks": tuple(changed)})})
