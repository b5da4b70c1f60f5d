"""The way to the state: every command that reads or writes resources opens the store here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from homeostat.models.base import Key, Resource

from .settings import Settings

if TYPE_CHECKING:
    from homeostat.store.files import FilesStore

T = TypeVar("T")
POLL_SECONDS = 0.5  # how soon a watcher shows what changed: the index has no way to call readers


@asynccontextmanager
async def opened(settings: Settings, *, create: bool = False) -> AsyncIterator[FilesStore]:
    """The store of the state folder. ``create``: also where no operator ever ran (then the folder must be known)."""
    from homeostat.store.files import FilesStore

    state = settings.state if create else settings.existing_state()
    store = await FilesStore.open(state, settings.folder(), author="cli")
    try:
        yield store
    finally:
        await store.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def read_all(settings: Settings, kind: str, namespace: str | None) -> Sequence[Resource]:
    """All resources of a kind, read once."""

    async def read() -> Sequence[Resource]:
        async with opened(settings) as store:
            return await store.list(kind, namespace)

    return run(read())


async def changing(read: Callable[[], Awaitable[T]]) -> AsyncIterator[T]:
    """What ``read`` gives, now and whenever it gives something else. Never ends."""
    last = await read()
    yield last
    while True:
        await asyncio.sleep(POLL_SECONDS)
        now = await read()
        if now != last:
            last = now
            yield now


def operator_runs(settings: Settings) -> bool:
    """Whether an operator serves this state now: it listens on its socket."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(settings.state / "operator.sock"))
        except OSError:
            return False
    return True


__all__ = ["POLL_SECONDS", "Key", "changing", "opened", "operator_runs", "read_all", "run"]
