"""Puts standalone mode together: a folder of YAML, a state folder, one libvirt host, and the operator between them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from homeostat.driver.connection import eventloop
from homeostat.driver.host import FilesElsewhere, LibvirtHost
from homeostat.driver.storage.storage import Storage
from homeostat.driver.survey.kvm import probe_kvm
from homeostat.driver.survey.qemu_group import qemu_group
from homeostat.driver.survey.survey import is_local
from homeostat.driver.tasks import Keep, once
from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.planner.allowed import NOTHING, Allowed
from homeostat.planner.files.trash import KEEP
from homeostat.planner.plan import Waiting
from homeostat.runtime.engine.supervise import STATE, Failing, Supervisor, keeping
from homeostat.runtime.machine.identity_lock import hold_identity
from homeostat.runtime.machine.orphans import OrphanWatch
from homeostat.runtime.metrics import OperatorMetrics
from homeostat.runtime.telemetry import TelemetryServer
from homeostat.store.errors import NoFolder, StateError, StoreError
from homeostat.store.files.allowing import say_allowed
from homeostat.store.files.last_look import keep_marking
from homeostat.store.files.lock import ended
from homeostat.store.files.passes.removal import SETTLE
from homeostat.store.files.placing import forget_hosts
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from homeostat.store.index.index import Index
from homeostat.store.placed import placed_hosts

from .job import SETTLING_POLL_SECONDS, Job, JobConfig
from .labels import own_labels
from .whereabouts import take_libvirt

S = TypeVar("S", bound=FilesStore)

THIS_HOST = Key("Host", "default", "local")  # events of the operator itself belong to it
TRY_AGAIN = 2.0  # seconds between checks whether the index can be written again


class Loops(Protocol):
    """An operator: one job, or the jobs of several hosts."""

    supervisor: Supervisor

    @property
    def looked_at(self) -> Collection[Key]: ...

    def look_at_all(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Standalone:
    """All parts, running."""

    store: FilesStore
    host: LibvirtHost
    operator: Job
    supervisor: Supervisor
    notes: Sequence[str] = ()  # what people should hear first

    @property
    def hosts(self) -> Mapping[str, LibvirtHost]:
        """By name."""
        return {self.host.facts.name: self.host}

    @property
    def unreachable(self) -> str:
        """Why the host cannot be asked. Empty: it can."""
        return "" if self.host.facts.reachable else self.host.facts.error


@asynccontextmanager
async def standalone(
    folder: Path,
    state: Path,
    uri: str,
    *,
    teardown: bool = False,
    labels: Mapping[str, str] | None = None,
    settle: float = SETTLE,
    trash_keep: float = KEEP,
    image_folders: Sequence[Path] = (),
    allowed: Allowed = NOTHING,
) -> AsyncIterator[Standalone]:
    """Opens everything in order, and closes it in reverse; guests continue to run. ``settle``: see
    ``store.files.passes.removal``. ``image_folders``: see ``driver.storage.Storage``.

    Raises:
        NoFolder: the folder is not there.
        StoreError: the state folder is in use, serves another folder, or cannot be written; or its machines may be elsewhere.
    """
    async with AsyncExitStack() as stack:
        room, store, supervisor = await stack.enter_async_context(at_home(FilesStore, folder, state, settle))
        if hosts := placed_hosts(store.index):
            raise StateError(
                f"machines of {room.root} are on the hosts {', '.join(hosts)}, and would be made a second time here: name these "
                "with --host, or take them off with `homeostat down` first"
            )
        take_libvirt(store, uri, remember=not teardown)
        if not teardown:
            say_allowed(room, allowed)
        labels = labels or own_labels(uri)
        keep = supervisor.keep
        opening = open_host(
            room.root, uri, labels, trash_keep=trash_keep, keep=keep, image_folders=image_folders, allowed=allowed
        )
        host = await stack.enter_async_context(opening)
        forget_hosts(store.index, host.facts.name)
        metrics, instance = OperatorMetrics(supervisor), str(room.instance_id)
        orphans = None if teardown else OrphanWatch(store, store, host, instance, deletions=store)

        def admits(machine: VirtualMachine, made_here: bool) -> Waiting | None:
            return unsettled(store, machine.key)

        config = JobConfig(
            instance,
            teardown=teardown,
            orphans=orphans,
            taken_in=lambda: store.complete,
            admits=admits,
            settling=lambda key: key in store.settling,
        )
        operator = Job(store, host, config, metrics, supervisor)
        await stack.enter_async_context(telling(store, operator, metrics))
        yield Standalone(store, host, operator, supervisor)


@asynccontextmanager
async def at_home(kind: type[S], folder: Path, state: Path, settle: float) -> AsyncIterator[tuple[StateFolder, S, Supervisor]]:
    """Opens the state folder as its one operator, and the store of the folder in it.

    Raises:
        NoFolder, StoreError: see ``standalone``.
    """
    require_folder(folder)
    calm_collector()
    room = StateFolder.open(state)
    with room.operator_lock() as before:
        await ended(before)
        supervisor = Supervisor()
        supervisor.attend(asyncio.get_running_loop())
        store = kind.open(folder, room, owner=True, settle=settle, supervisor=supervisor)
        try:
            with hearing_of_events(supervisor), hold_identity(str(room.instance_id), str(room.root)):
                yield room, store, supervisor
        finally:
            store.close()


@asynccontextmanager
async def telling(store: FilesStore, operator: Loops, metrics: OperatorMetrics) -> AsyncIterator[None]:
    """Lets others know that the operator runs, what it counts, and what fails."""
    room, supervisor = store.state, operator.supervisor
    looked_at = lambda: operator.looked_at  # noqa: E731
    async with TelemetryServer(room.operator_socket, metrics.registry, supervisor, looked_at=looked_at):
        tell_of_failures(store, operator)
        async with (
            keeping(supervisor, "heartbeat", lambda: keep_marking(room.root)),
            keeping(supervisor, "state-space", lambda: keep_trying(store.index)),
        ):
            yield


def unsettled(store: FilesStore, key: Key) -> Waiting | None:
    """Returns why a machine is not made that is not on the host, as after `down`: its document has gone in the meantime, or says
    less. None: neither is so."""
    if key in store.settling and key in store.withheld:
        message = "its document says less than before, so it is not made as it was: it is made as it says in a moment"
        return Waiting("DocumentShortened", message, SETTLING_POLL_SECONDS)
    if key not in store.away:
        return None
    message = "its document has gone, so it is not made anew; it is deleted in a moment, should that stay so"
    return Waiting("DocumentGone", message, SETTLING_POLL_SECONDS)


@asynccontextmanager
async def open_host(
    state: Path,
    uri: str,
    labels: Mapping[str, str] | None = None,
    name: str = "local",
    fence: Callable[[], None] = lambda: None,
    trash_keep: float = KEEP,
    keep: Keep = once,
    image_folders: Sequence[Path] = (),
    files_elsewhere: FilesElsewhere = frozenset,
    allowed: Allowed = NOTHING,
) -> AsyncIterator[LibvirtHost]:
    """Opens the libvirt host with its storage in the state folder; ``facts`` say whether it can be reached. A host that is
    elsewhere opens the files by the same path: the folder is a share. See LibvirtHost for the other parameters."""
    storage = Storage(state, await qemu_group(uri), image_folders=image_folders)

    async def kvm_usable() -> bool:
        return not is_local(uri) or (await probe_kvm(state)).usable  # on another host we rely on what libvirt offers

    async with LibvirtHost(
        uri,
        name=name,
        storage=storage,
        storage_root=str(state),
        labels=labels,
        kvm_usable=kvm_usable,
        fence=fence,
        trash_keep=trash_keep,
        keep=keep,
        files_elsewhere=files_elsewhere,
        allowed=allowed,
    ) as host:
        try:
            yield host
        finally:
            await storage.close()


@contextlib.contextmanager
def hearing_of_events(supervisor: Supervisor) -> Iterator[None]:
    """Reports the failures of libvirt's event thread, which is one for the whole program."""
    eventloop.listeners.add(supervisor.stumbled)
    try:
        yield
    finally:
        eventloop.listeners.discard(supervisor.stumbled)


def tell_of_failures(store: FilesStore, operator: Loops) -> None:
    """Makes an index that cannot be written fail like a task. When something that failed works again, an event says so, as soon
    as one can be written. Then everything is reconciled again, because statuses may have been lost."""
    loop, supervisor, told = asyncio.get_running_loop(), operator.supervisor, set[asyncio.Task[None]]()

    async def record(failing: Failing) -> None:
        words = f"{failing.task} failed since {failing.since}, and works again: {failing.error}"
        await store.record_event(THIS_HOST, "Warning", "OperatorFailed", words)

    def mended(failing: Failing) -> None:
        if failing.task == STATE:
            operator.look_at_all()
        task = loop.create_task(record(failing))
        told.add(task)
        task.add_done_callback(told.discard)

    def recovered(failing: Failing) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(mended, failing)

    supervisor.on_recovery = recovered
    store.index.troubled = supervisor.teller(STATE)


async def keep_trying(index: Index) -> None:
    """Finds out when the index can be written again, while nothing can be: at rest nothing else would."""
    while True:
        await asyncio.sleep(TRY_AGAIN)
        if index.in_trouble:
            with contextlib.suppress(StoreError):  # the index reports it
                index.try_again()


def calm_collector() -> None:
    """Makes the garbage collector run less often. Most of what the operator makes lives long or is gone at once, and collecting
    took a tenth of its CPU time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def require_folder(folder: Path) -> None:
    """Checks that the folder is there. Raises NoFolder where there is none."""
    if not folder.is_dir():
        raise NoFolder(f"{folder} is not a folder")
