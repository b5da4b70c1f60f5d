"""An operator in this process, over plain values: a store that is a dict, and a host that is a world with one machine on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from homeostat.assembly.job import Job, JobConfig
from homeostat.driver.errors import DriverError
from homeostat.driver.errors import Refused as RefusedForGood
from homeostat.driver.storage.secret import read_secret
from homeostat.models.base import Key, Model, Resource
from homeostat.models.listening import Listener
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import Action, ImageRef
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.files.trash import Space, TrashEntry
from homeostat.planner.network.actions import NetworkAction
from homeostat.planner.network.observed import ObservedNetwork
from homeostat.planner.observed import (
    HostFacts,
    KeptDisks,
    ObservedChain,
    ObservedDomain,
    ObservedPort,
    ObservedStorage,
    RememberedActs,
    Secret,
    Usage,
)
from homeostat.planner.orphans import MachineFolder
from homeostat.runtime.engine.clock import OwnClock
from homeostat.runtime.engine.dependencies import Dependencies
from homeostat.runtime.engine.ports import Happening
from homeostat.runtime.engine.reconciler import GONE, Next, Reconciler
from homeostat.runtime.machine.images import ImageUse
from homeostat.runtime.machine.probing import Prober
from homeostat.runtime.machine.reconcile import MachineReconciler
from homeostat.runtime.machine.rivals import Rivals
from tests.unit.domains import Refused
from tests.unit.machines import machine
from tests.unit.world import World

NOBODY = machine(name="nobody")
BORN = "2026-01-01T00:00:00Z"
SOON = 10.0  # seconds that nothing here takes


class Shelf:
    """Resources by key, as a store has them."""

    def __init__(self, *resources: Resource) -> None:
        self.resources: dict[Key, Resource] = {resource.key: resource for resource in resources}
        self.failing: dict[Key, Exception] = {}
        self.told: list[tuple[Key, str]] = []  # reasons of events
        self.said: dict[Key, list[str]] = {}  # their messages
        self.statuses: list[Key] = []  # each time that one was written
        self.released: list[Key] = []
        self._news: asyncio.Queue[Key] = asyncio.Queue()

    def put(self, *resources: Resource) -> None:
        for resource in resources:
            known = self.resources.get(resource.key)
            status = getattr(known, "status", None)
            kept = resource.model_copy(update={"status": status}) if status is not None else resource
            self.resources[resource.key] = kept
            self._news.put_nowait(resource.key)

    def drop(self, key: Key) -> None:
        del self.resources[key]
        self._news.put_nowait(key)

    async def get(self, kind: type[Resource], key: Key) -> Resource | None:
        if key in self.failing:
            raise self.failing[key]
        return self.resources.get(key)

    async def list(self, kind: type[Resource], namespace: str | None = None) -> Sequence[Resource]:
        return [r for r in self.resources.values() if isinstance(r, kind) and namespace in (None, r.key.namespace)]

    def named(self, names: Collection[str]) -> Sequence[Key]:
        return [key for key in self.resources if key.name in names]

    async def newer(
        self, kind: type[Resource], namespace: str, known: Mapping[str, int]
    ) -> tuple[Mapping[str, int], Sequence[Resource]]:
        """Every resource counts as changed."""
        found = await self.list(kind, namespace)
        return dict.fromkeys((r.key.name for r in found), max(known.values(), default=0) + 1), found

    async def changes(self) -> AsyncIterator[Key]:
        for key in list(self.resources):
            yield key
        while True:
            yield await self._news.get()

    async def write_status(self, key: Key, uid: str, status: Model) -> None:
        self.statuses.append(key)
        if key in self.resources:
            self.resources[key] = self.resources[key].model_copy(update={"status": status})

    async def report(self, key: Key, uid: str, status: Model | None, happenings: Sequence[Happening]) -> None:
        for happening in happenings:
            await self.record_event(key, happening.type, happening.reason, happening.message)
        if status is not None:
            await self.write_status(key, uid, status)

    async def release(self, key: Key, uid: str) -> None:
        self.released.append(key)
        self.resources.pop(key, None)
        self._news.put_nowait(key)

    async def apply_owned(self, resource: Resource) -> None:
        known = self.resources.get(resource.key)
        born = {"uid": f"uid-{resource.key.name}", "creation_timestamp": BORN, "generation": 1}
        kept = {name: getattr(known.metadata, name) for name in born} if known else born
        kept["generation"] += known is not None
        self.put(resource.model_copy(update={"metadata": resource.metadata.model_copy(update=kept)}))

    async def delete_owned(self, key: Key, annotations: Mapping[str, str]) -> None:
        """A machine goes once its reconcile has let it go."""
        known = self.resources[key]
        if not isinstance(known, VirtualMachine):
            self.drop(key)
            return
        marks = {"deletion_timestamp": BORN, "annotations": {**known.metadata.annotations, **annotations}}
        self.put(known.model_copy(update={"metadata": known.metadata.model_copy(update=marks)}))

    async def record_event(self, key: Key, type: str, reason: str, message: str, fields: Mapping[str, Any] | None = None) -> None:
        self.told.append((key, reason))
        self.said.setdefault(key, []).append(message)


class WorldHost:
    """A world as a driver. Actions fail where the world refuses them, and where ``failing`` names their type."""

    calls = 0
    agent = None

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.failing: dict[type[Action], str] = {}
        self.refusing: dict[type[Action], str] = {}  # for good
        self.done: list[Action] = []
        self.strangers: dict[str, ObservedDomain] = {}  # by name
        self.seen_at: dict[str, list[tuple[str, str]]] = {}  # addresses, by MAC
        self.blocked: dict[int, ObservedPort] = {}  # by number
        self.recalled: list[tuple[str, dict[str, Sequence[tuple[str, str]]]]] = []
        self.image_notes: dict[str, str] = {}  # by uid of an Image
        self.notes: dict[str, SnapshotNote] = {}  # of snapshots, by uid
        self.tags: dict[str, list[DiskTag]] = {}  # in files
        self.left: list[str] = []  # files of a machine's folder
        self.unreadable = ""  # why its storage cannot be looked at
        self.aside: list[TrashEntry] = []
        self.room = Space(total=100 * 2**30, free=90 * 2**30)
        self.pruned: list[frozenset[str]] = []
        self.changed: Callable[[str | None], None] = lambda uuid: None
        self.image_changed: Callable[[str, bool], None] = lambda image, fetching: None

    @property
    def facts(self) -> HostFacts:
        return self.world.host

    def domain(self, uuid: str) -> ObservedDomain | None:
        found = self.world._observed_domain()
        return found if found is not None and found.uuid == uuid else None

    def domain_named(self, name: str) -> ObservedDomain | None:
        found = self.world._observed_domain()
        return found if found is not None and found.name == name else self.strangers.get(name)

    def domains(self) -> Sequence[ObservedDomain]:
        found = self.world._observed_domain()
        return [*([] if found is None else [found]), *self.strangers.values()]

    def addresses(self, macs: Sequence[str], run: str | None = None) -> Mapping[str, Sequence[tuple[str, str]]]:
        return {mac: self.seen_at[mac] for mac in macs if mac in self.seen_at}

    def recall(self, run: str, told: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self.recalled.append((run, dict(told)))

    async def blocked_ports(self, wanted: Sequence[Listener]) -> Mapping[Listener, ObservedPort]:
        return {listener: self.blocked[listener.port] for listener in wanted if listener.port in self.blocked}

    async def lost_folders(self, shared: Collection[str]) -> Set[str]:
        return self.world.lost_folders & frozenset(shared)

    def usage(self) -> Mapping[str, Usage]:
        return {}

    def subscribe(self, changed: Callable[[str | None], None]) -> None:
        self.changed = changed

    def subscribe_networks(self, changed: Callable[[], None]) -> None:
        self.networks_changed = changed

    async def networks(self) -> Mapping[str, ObservedNetwork]:
        return {}

    async def change_network(self, action: NetworkAction) -> None:
        raise DriverError("there are no networks here")

    def subscribe_images(self, changed: Callable[[str, bool], None]) -> None:
        self.image_changed = changed

    async def storage(
        self, images: Sequence[ImageRef], disks: Sequence[str], seeds: Sequence[str], directory: str
    ) -> ObservedStorage:
        found = self.world.observe(NOBODY, RememberedActs()).storage
        mine = {path: disk for path, disk in found.disks.items() if path in disks}
        return replace(found, disks=mine, seeds=found.seeds & set(seeds), chains={}, overlays={})

    def secret(self, path: str) -> Secret | None:
        return read_secret(path)

    async def chains(
        self, sources: Sequence[str], disks: Sequence[str], named: Sequence[str] = ()
    ) -> Mapping[str, ObservedChain]:
        return {source: self.world.chain(source) for source in sources}

    async def overlays(self, disks: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        return {disk: self.world._overlays(disk) for disk in disks}

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> Sequence[KeptDisks]:
        return ()

    async def machine_folders(self) -> Sequence[MachineFolder]:
        return ()

    async def snapshot_note(self, uid: str) -> SnapshotNote | None:
        return self.notes.get(uid)

    async def snapshot_tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        return {path: self.tags.get(path, ()) for path in paths if path in self.world.disks}

    async def built_on_disks(self, paths: Sequence[str]) -> Mapping[str, str]:
        return {}

    async def execute(self, action: Action) -> None:
        if type(action) in self.failing:
            raise DriverError(self.failing[type(action)])
        if type(action) in self.refusing:
            raise RefusedForGood(self.refusing[type(action)])
        try:
            self.world.apply(action)
        except Refused as error:
            raise DriverError(str(error)) from error
        self.done.append(action)
        self.tick()

    @property
    def busy(self) -> bool:
        """Something is about to change by itself: a fetch has arrived, or a guest obeys."""
        return self.world.copy().tick()

    def tick(self) -> None:
        """What passes by itself, and what the host tells of it."""
        fetching = [key for key, image in self.world.images.items() if image.phase == "fetching"]
        self.world.tick()
        for key in fetching:
            self.image_changed(key, False)
        self.news()

    def news(self) -> None:
        self.changed(self.world.domain.uuid if self.world.domain else None)

    async def prune_images(self, used: Callable[[], Collection[str]]) -> Sequence[str]:
        self.pruned.append(frozenset(used()))
        return ()

    async def sweep_copies(self) -> Sequence[str]:
        return ()

    async def expire_uploads(self) -> Sequence[str]:
        return ()

    async def image_note(self, uid: str) -> str:
        return self.image_notes.get(uid, "")

    async def note_image(self, uid: str, key: str) -> None:
        self.image_notes[uid] = key

    async def leftovers(self, directory: str) -> Sequence[str]:
        if self.unreadable:
            raise DriverError(self.unreadable)
        return self.left

    async def trash(self, directory: str | None = None) -> Sequence[TrashEntry]:
        return self.aside

    async def space(self) -> Space:
        if self.unreadable:
            raise DriverError(self.unreadable)
        return self.room

    async def erase(self, entry: str) -> None:
        self.aside = [known for known in self.aside if known.entry != entry]

    async def refresh(self, uuid: str) -> None:
        pass


def an_operator(shelf: Shelf, host: WorldHost, **config: Any) -> Job:
    return Job(shelf, host, JobConfig("test", **config))  # type: ignore[arg-type]


def a_reconciler(shelf: Shelf, host: WorldHost, **options: Any) -> MachineReconciler:
    """Of machines, by itself."""
    clock = OwnClock()
    rivals = Rivals("test", "1.1.me@here:/state", alone=True)
    prober = Prober(lambda key: None, clock=clock)
    return MachineReconciler(shelf, host, prober, ImageUse(), rivals, clock, Dependencies(), **options)  # type: ignore[arg-type]


async def settle(reconciler: Reconciler[VirtualMachine], shelf: Shelf, host: WorldHost, key: Key) -> Next:
    """Looks until there is nothing to do at once, and answers when to look again."""
    for _ in range(30):
        resource = shelf.resources[key]
        assert isinstance(resource, VirtualMachine)
        step = await reconciler.reconcile(resource)
        host.tick()
        if step is GONE or (step.after != 0 and not host.busy):
            return step
    raise AssertionError("no rest")


@asynccontextmanager
async def at_work(operator: Job) -> AsyncIterator[None]:
    """It runs meanwhile, and ends well."""
    stop = asyncio.Event()
    task = asyncio.create_task(operator.run(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(SOON):
            await task


async def until(condition: Callable[[], object]) -> None:
    """The operator is in this loop: it has its turns between two looks."""
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110 - values set no event
            await asyncio.sleep(0.001)


def kinds(actions: Sequence[Action]) -> list[str]:
    return [type(action).__name__ for action in actions]
