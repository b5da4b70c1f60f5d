"""The way to the resources. Every command that reads or writes some opens here the place where they are: the state folder of
this host, or a REST API elsewhere."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from homeostat.models.base import Key, Resource
from homeostat.models.machine import VirtualMachine
from homeostat.store.files.last_look import OperatorState, ask_operator, listening_room, looked_at, operator_listens

from .errors import CliError
from .settings import CliSettings
from .terminal import say

if TYPE_CHECKING:
    from homeostat.driver.guests.console_log import LogPart
    from homeostat.planner.orphans import Orphan
    from homeostat.runtime.engine.ports import Event, SpecRevision
    from homeostat.store.desired import Workspace
    from homeostat.store.errors import FolderProblem
    from homeostat.store.files.passes.intake import PassReport
    from homeostat.store.three_way import Applied

T = TypeVar("T")
R = TypeVar("R", bound=Resource)
POLL_SECONDS = 0.5  # seconds until a watcher shows a change, since nobody calls it
AWAY_SECONDS = 1.0  # seconds between two tries to reach a server that is away
AUTHOR = "cli"


class State(ABC):
    """The resources as commands use them, wherever they are."""

    @property
    def folder(self) -> Path | None:
        """Returns the YAML folder of this host. None: they are elsewhere."""
        return None

    @abstractmethod
    async def get(self, kind: type[R], key: Key) -> R | None: ...

    @abstractmethod
    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]: ...

    @abstractmethod
    async def events(self, key: Key | None = None, limit: int = 200) -> Sequence[Event]: ...

    @abstractmethod
    async def revisions(self, key: Key) -> Sequence[SpecRevision]:
        """Returns the revisions, newest first."""

    @abstractmethod
    async def errors(self) -> Sequence[FolderProblem]: ...

    @abstractmethod
    async def console_log(self, machine: VirtualMachine, tail: int, after: str) -> LogPart:
        """Returns a part of a machine's console log, see ``read_log``."""

    @abstractmethod
    async def create(self, kind: str, document: Mapping[str, Any]) -> Resource: ...

    @abstractmethod
    async def apply(self, resource: Resource, *, whole: bool, dry: bool) -> Applied: ...

    @abstractmethod
    async def patch(self, key: Key, merge_patch: Mapping[str, Any]) -> Resource: ...

    @abstractmethod
    async def delete(self, key: Key, *, force: bool = False) -> None: ...

    # What is done on the host that has the state folder, and nowhere else.

    def workspace(self, namespace: str) -> Workspace:
        """Returns the resources of a namespace, as services take them."""
        raise only_there("that")

    async def orphans(self) -> Sequence[tuple[str, Orphan]]:
        """Returns the orphans, each with the host that it is on."""
        raise only_there("work on orphans")

    async def take_up(self, machine: VirtualMachine) -> None:
        """Takes up an orphan, which will be deleted.

        Raises:
            CliError: that is not possible here.
        """
        raise only_there("work on orphans")

    async def libvirt_of(self, settings: CliSettings, host: str | None, name: str) -> str:
        """Returns the libvirt of a host whose disks can be read here. ``name``: of what is on it.

        Raises:
            CliError: a folder's host is not served.
            ExportRefused, OnAnotherApi: see HostReach.
        """
        raise only_there("work on files of disks")

    async def compare(self) -> PassReport:
        """Takes in what the folder says now. That deletes nothing."""
        raise only_there("confirmation of deletions")

    async def confirm_prune(self, keys: Collection[Key]) -> PassReport:
        raise only_there("confirmation of deletions")


def only_there(what: str) -> CliError:
    """Returns what is said of something that needs the state folder."""
    return CliError(f"{what} is not done over REST", "run this on the server's host, without --server")


@asynccontextmanager
async def opened(settings: CliSettings, *, create: bool = False) -> AsyncIterator[State]:
    """Opens the place where the resources are. ``create``: also a state folder where no operator ever ran, if its folder is
    known."""
    if settings.remote is not None:
        from .remote.state import RemoteState

        yield RemoteState(settings.remote, settings.namespace)
        return
    from .local_state import opened_here

    async with opened_here(settings, create) as state:
        yield state


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def read_all(settings: CliSettings, kind: type[R], namespace: str | None) -> Sequence[R]:
    """Returns all resources of a kind, read once."""

    async def read() -> Sequence[R]:
        async with opened(settings) as store:
            return await store.list(kind, namespace)

    return run(read())


class PatientReader:
    """Reads for whoever follows something: where the server is away for a while, that is noted once on stderr, and waited for."""

    def __init__(self) -> None:
        self._away = False

    async def read(self, read: Callable[[], Awaitable[T]]) -> T:
        """Returns what ``read`` does, once it can. Raises what does not pass by itself."""
        while True:
            try:
                found = await read()
                break
            except CliError as error:
                if not error.passing:
                    raise
                if not self._away:
                    say(f"note: {error}; waiting for it", err=True)
                self._away = True
            await asyncio.sleep(AWAY_SECONDS)
        if self._away:
            say("note: the server answers again", err=True)
        self._away = False
        return found


async def changing(read: Callable[[], Awaitable[T]]) -> AsyncIterator[T]:
    """Yields what ``read`` returns, and again whenever it returns something else. Never ends. A server must be there at first;
    later it may be away for a while."""
    last, patience = await read(), PatientReader()
    yield last
    while True:
        await asyncio.sleep(POLL_SECONDS)
        now = await patience.read(read)
        if now != last:
            last = now
            yield now


def operator_runs(settings: CliSettings) -> bool:
    """Tells whether an operator looks after these resources now."""
    return settings.remote.operator.runs if settings.remote is not None else operator_listens(listening_room(settings.state))


def operator_carries_out(settings: CliSettings, up_will: str = "carry this out") -> bool:
    """Tells whether an operator carries out what was just written, and says what will where none runs."""
    if operator_runs(settings):
        return True
    say(f"note: no operator is running on this state; `homeostat up` will {up_will}", err=True)
    return False


def operator_of(settings: CliSettings) -> OperatorState:
    """Returns the state of the operator of these resources."""
    return settings.remote.operator if settings.remote is not None else ask_operator(listening_room(settings.state))


def seen_now(settings: CliSettings) -> Callable[[Key], bool]:
    """Returns a function that tells whether a resource's status was written by the operator that runs now. Where none runs, or it
    cannot be asked, every status counts, as of the last look."""
    return settings.remote.seen_now() if settings.remote is not None else looked_at(listening_room(settings.state))
