"""Hosts as resources. Each operator reports on the hosts that it serves. The controller reports on those that nobody serves any
more."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Protocol

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.condition import READY, RECONCILING, Condition, merge_conditions, sayer
from homeostat.models.disk import Disk
from homeostat.models.host import (
    KEPT_SHOWN,
    KVM_USABLE,
    ORPHANED,
    ORPHANED_SHOWN,
    ORPHANS_SHOWN,
    REACHABLE,
    SCHEDULABLE,
    TRASHED_SHOWN,
    Host,
    HostCapacity,
    HostOrphan,
    HostStatus,
    HostTrashed,
    HostTrashedDisk,
)
from homeostat.models.image import UPLOADED, Image
from homeostat.models.machine import VirtualMachine
from homeostat.planner.domain import DomainType
from homeostat.planner.files.trash import TrashEntry
from homeostat.planner.machine.removal.teardown import ABANDON
from homeostat.planner.observed import HostFacts, ImagePhase
from homeostat.planner.orphans import Orphan, OrphansSeen
from homeostat.planner.placement import host_of

from ..engine.clock import timestamp
from ..engine.ports import ResourceStore
from ..engine.reconciler import GONE, Next
from ..hypervisor import HostDriver
from ..image.refs import image_refs
from .deserted import NOT_SERVED, OPERATOR_GONE, unserved

log = logging.getLogger(__name__)

TrashThere = Callable[[], Awaitable[Sequence[TrashEntry]]]
"""Finds what is set aside on a host, newest first. Raises DriverError."""
DisksThere = Callable[[], Awaitable[Collection[str]]]
"""Finds the Disks whose files lie on a host, as namespace/name. Raises OSError."""

PLACED_SHOWN = 5
"""How many are named of what keeps a host from going."""
GATHER = 2.0
"""Seconds between two reports of a host, so that the events of many machines cause one report."""
POLL_SECONDS = 5.0
"""Seconds between checks whether a host's operator shows signs of life, and whether the status of a host is still true."""


NONE_SEEN = OrphansSeen()


def host_status(
    host: Host,
    facts: HostFacts,
    machines: int,
    operator: str,
    now: str,
    orphans: OrphansSeen = NONE_SEEN,
    uploads: Sequence[str] | None = None,
    api: str = "",
    keeps: Sequence[str] | None = None,
    trash: Sequence[TrashEntry] | None = None,
    place: str = "",
    placed: Sequence[Key] = (),
) -> HostStatus:
    """Returns what the operator that serves a host knows of it. Pure. ``now`` is RFC 3339. ``uploads``, ``keeps`` and ``trash``:
    None, where they are not known now. ``api``: the address of the API beside it. ``place``: see HostStatus. ``placed``: what
    keeps one that is being deleted. Where ``orphans`` were not looked for yet, those stay that were found before."""
    before = host.status or HostStatus()
    return HostStatus(
        observed_generation=host.metadata.generation,
        conditions=merge_conditions(before.conditions, _conditions(host, facts, orphans.found, placed), now),
        version=facts.version,
        capacity=HostCapacity(vcpus=facts.cpus, memory=facts.memory) if facts.memory else before.capacity,
        machines=machines,
        operator=operator,
        api=api,
        orphans=tuple(_told(orphan) for orphan in orphans.found[:ORPHANS_SHOWN]) if orphans.known else before.orphans,
        orphaned=orphans.unowned[:ORPHANED_SHOWN] if orphans.known else before.orphaned,
        orphans_known=orphans.known,
        place=place,
        uploads=tuple(uploads) if uploads is not None else before.uploads,
        keeps=tuple(keeps[:KEPT_SHOWN]) if keeps is not None else before.keeps,
        trash=tuple(_set_aside(entry) for entry in trash[:TRASHED_SHOWN]) if trash is not None else before.trash,
    )


def _set_aside(entry: TrashEntry) -> HostTrashed:
    return HostTrashed(
        entry=entry.entry,
        namespace=entry.namespace,
        name=entry.name,
        of=entry.kind,
        uid=entry.uid,
        reason=entry.reason,
        since=entry.since,
        until=entry.until,
        returns=entry.returns,
        macs=entry.macs,
        disks=tuple(
            HostTrashedDisk(name=disk.name, path=disk.path, size=disk.size, virtual_size=disk.virtual_size, backing=disk.backing)
            for disk in entry.disks
        ),
        note=entry.note,
    )


def _told(orphan: Orphan) -> HostOrphan:
    return HostOrphan(
        namespace=orphan.namespace,
        name=orphan.name,
        state=orphan.state,
        domain=orphan.domain,
        directory=orphan.directory,
        disks=orphan.disks,
        twin=orphan.twin,
        identity=orphan.uid,
    )


def _conditions(host: Host, facts: HostFacts, orphans: Sequence[Orphan], placed: Sequence[Key]) -> Iterator[Condition]:
    say = sayer(host.metadata.generation)
    up, going = facts.reachable, leaving(placed) if host.deleting else ""
    reason = "Connected" if up else "HostUnreachable"
    yield say(READY, up, reason, "; ".join(filter(None, (facts.error, going))))
    if not up:
        yield say(RECONCILING, True, reason, facts.error)
    yield say(REACHABLE, up, reason, facts.error)
    yield say(SCHEDULABLE, *((False, "Terminating", going) if going else _schedulable(host, facts)))
    if up:
        offered = DomainType.KVM in facts.domain_types
        yield say(
            KVM_USABLE, facts.kvm_usable, "Proven" if facts.kvm_usable else "NotWorking" if offered else "NotOffered",
            "" if facts.kvm_usable else "machines run by emulation (TCG)",
        )  # fmt: skip
    if alarming := [f"{o.namespace}/{o.name}" for o in orphans if o.alarming]:
        named = ", ".join(alarming[:5]) + (" …" if len(alarming) > 5 else "")
        advice = "see status.orphans, and docs/operations.md for what to do"
        yield say(ORPHANED, True, "OrphansFound", f"{len(alarming)} belong to no object: {named}; {advice}")


def _schedulable(host: Host, facts: HostFacts) -> tuple[bool, str, str]:
    if not facts.reachable:
        return False, "HostUnreachable", "cannot be reached"
    if host.spec.maintenance:
        return False, "Maintenance", "is in maintenance (spec.maintenance)"
    return True, "Open", ""


class HostReporter:
    """Reconciles the host that we serve: keeps its status up to date. ``machines`` counts the machines on it."""

    def __init__(
        self,
        store: ResourceStore,
        driver: HostDriver,
        name: str,
        operator: str,
        machines: Callable[[], int],
        orphans: Callable[[], OrphansSeen] = OrphansSeen,
        api: str = "",
        disks: DisksThere | None = None,
        trash: TrashThere | None = None,
        place: str = "",
        is_here: Callable[[Host], bool] = lambda host: True,
        placed: Callable[[], Sequence[Key]] = tuple,
    ) -> None:
        """Takes ``disks``, what finds the Disks whose files lie on the host, and ``trash``, what finds what is set aside there.
        None: it does not matter which host has them. ``place``: see HostStatus. ``is_here``: whether the Host still means this
        libvirt; else another one will report it. ``placed`` finds what keeps the host from going."""
        self._is_here = is_here
        self._placed = placed
        self._place = place
        self._trash = trash
        self._orphans = orphans
        self._disks = disks
        self._api = api
        self.key = Key(Host.KIND, "default", name)
        self._store = store
        self._driver = driver
        self._operator = operator
        self._machines = machines
        self._reported = float("-inf")

    async def reconcile(self, host: Host) -> Next:
        if host.key != self.key:
            return GONE
        left = self._reported + GATHER - time.monotonic()
        if left > 0:
            return Next(left)
        if not self._is_here(host):
            return Next(GATHER)
        orphans, uploads, keeps = self._orphans(), await self._uploads(), await self._keeps()
        facts, machines = self._driver.facts, self._machines()
        trash = await self._set_aside()
        status = host_status(
            host, facts, machines, self._operator, timestamp(), orphans, uploads, self._api, keeps, trash, self._place,
            self._placed() if host.deleting else (),
        )  # fmt: skip
        if status != host.status:
            self._reported = time.monotonic()
            await self._store.write_status(host.key, host.metadata.uid, status)
        return Next(POLL_SECONDS)  # a controller may have written that we are dead, which causes no event

    async def _uploads(self) -> Sequence[str] | None:
        """Returns the digests of the Images that were uploaded here. None: that cannot be known now.

        Raises:
            DriverError: the images cannot be read.
        """
        refs = [ref for image in await self._store.list(Image) for ref in image_refs(image) if ref.url == UPLOADED]
        if not refs or not self._driver.facts.storage_root:
            return None if refs else ()
        found = (await self._driver.storage(refs, (), (), self._driver.facts.storage_root)).images
        there = {ref.sha256 for ref in refs if ref.key in found and found[ref.key].phase is ImagePhase.READY}
        return sorted(sha256 for sha256 in there if sha256)

    async def _keeps(self) -> Sequence[str] | None:
        """Returns the Disks whose files stay here when they go, or have stayed. None: that does not matter, or cannot be known
        now. One that is here and says so is among them before it goes, so that one of its name finds it at once."""
        if self._disks is None:
            return None
        try:
            there = await self._disks()
        except OSError as error:
            log.warning("%s: its Disks cannot be listed: %s", self.key, error)
            return None
        gone = {
            f"{disk.metadata.namespace}/{disk.metadata.name}"
            for disk in await self._store.list(Disk)
            if disk.spec.reclaim_policy == "Delete" and host_of(disk.metadata.finalizers) == self.key.name
        }
        return sorted(set(there) - gone)

    async def _set_aside(self) -> Sequence[TrashEntry] | None:
        """Returns what is set aside here. None: that does not matter, or cannot be known now."""
        if self._trash is None:
            return None
        try:
            return await self._trash()
        except DriverError as error:
            log.warning("%s: its trash cannot be read: %s", self.key, error)
            return None

    def forget(self, key: Key) -> None:
        """Does nothing: it remembers nothing."""

    looks_at_many = False

    def woken_by(self, key: Key) -> Collection[Key]:
        """Returns the host when a machine or a Disk changed, because its status says how many machines there are, and which Disks
        it keeps."""
        return (self.key,) if key.kind == VirtualMachine.KIND or (key.kind == Disk.KIND and self._disks is not None) else ()


class Placements(Protocol):
    """Where the resources of one kind are placed."""

    def placed_on(self, host: str) -> Collection[Key]: ...

    async def doubt(self, key: Key, why: str) -> None:
        """Reports of one that nobody serves its host."""


class HostKeeper:
    """The controller's reconcile of a host: checks whether somebody serves it. ``served`` asks the host's lease."""

    def __init__(
        self,
        store: ResourceStore,
        placements: Sequence[Placements],
        served: Callable[[str], Awaitable[bool]],
        placed: Callable[[str], Sequence[Key]],
        gone: set[str],
        how: Callable[[str], str] = lambda name: f"start one with --host {name}",
    ) -> None:
        """Takes what it asks others. ``placed`` finds what keeps a host from going. ``gone`` collects the names of hosts that
        nobody serves, for others to read. ``how`` says how to get a host served."""
        self._store = store
        self._placed = placed
        self._placements = placements
        self._served = served
        self._gone = gone
        self._how = how
        self._doubted: dict[str, set[Key]] = {}  # by host, what reports it

    async def reconcile(self, host: Host) -> Next:
        """Checks a host again and again, since nothing reports when an operator dies. A host that is being deleted goes with its
        last machine, Disk and snapshot on it."""
        name = host.metadata.name
        if host.deleting and not self._placed(name):
            await self._store.release(host.key, host.metadata.uid)
            return GONE
        if await self._served(name):
            self.forget(host.key)
            return Next(POLL_SECONDS)
        self._gone.add(name)
        status = _abandoned(host, self._how(name), self._placed(name))
        if status != host.status:
            await self._store.write_status(host.key, host.metadata.uid, status)
        doubted = self._doubted.setdefault(name, set())  # of each new controller: an earlier one may have died before it was done
        for placements in self._placements:
            for key in placements.placed_on(name):
                if key not in doubted:
                    await placements.doubt(key, unserved(name))
                    doubted.add(key)
        return Next(POLL_SECONDS)

    def forget(self, key: Key) -> None:
        """Forgets that nobody served a host, which has gone or is served again; or what was on it, which has gone."""
        if key.kind == Host.KIND:
            self._gone.discard(key.name)
            self._doubted.pop(key.name, None)
            return
        for doubted in self._doubted.values():
            doubted.discard(key)

    looks_at_many = False


def leaving(placed: Sequence[Key]) -> str:
    """Says what a host that is being deleted waits for."""
    named = ", ".join(map(str, placed[:PLACED_SHOWN])) + (f" and {more} more" if (more := len(placed) - PLACED_SHOWN) > 0 else "")
    return f"is being deleted, and goes with what is on it: {named}" if named else "is being deleted, and goes now"


def _abandoned(host: Host, how: str, placed: Sequence[Key]) -> HostStatus:
    """Returns what is known of a host that nobody serves. What is placed there the cluster itself says."""
    before = host.status or HostStatus()
    message = f"no operator serves it: {how}"
    if host.deleting:
        message += f". It {leaving(placed)}. To let that go nevertheless, delete it and annotate it with {ABANDON}=true"

    say = sayer(host.metadata.generation)
    conditions = [
        say(READY, "Unknown", OPERATOR_GONE, message),
        say(RECONCILING, True, OPERATOR_GONE, message),
        say(REACHABLE, "Unknown", OPERATOR_GONE, message),
        say(SCHEDULABLE, False, OPERATOR_GONE, NOT_SERVED),
    ]
    return before.model_copy(
        update={
            "observed_generation": host.metadata.generation,
            "operator": "",
            "api": "",
            "machines": sum(key.kind == VirtualMachine.KIND for key in placed),
            "orphans_known": False,
            "conditions": merge_conditions(before.conditions, conditions, timestamp()),
        }
    )
