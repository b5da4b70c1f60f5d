"""The real operator in this process, as `homeostat up` builds it, without screen and API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.measure import until
from homeostat.assembly.standalone import Standalone, standalone
from homeostat.models.machine import MachineState

RUNNING_COUNT = "SELECT count(*) FROM resources WHERE kind='VirtualMachine' AND json_extract(status, '$.state')=?"


@asynccontextmanager
async def living(folder: Path, state: Path, uri: str) -> AsyncIterator[Standalone]:
    """Yields the operator. Guests continue to run when it ends."""
    stop = asyncio.Event()
    async with standalone(folder, state, uri) as parts:
        if not parts.host.facts.reachable:
            raise RuntimeError(parts.host.facts.error)
        running = asyncio.create_task(parts.operator.run(stop))
        try:
            yield parts
        finally:
            stop.set()
            await running


async def all_reported(parts: Standalone, count: int, state: MachineState = MachineState.RUNNING) -> None:
    """Waits until the store says so of ``count`` machines."""
    reported: Callable[[], bool] = lambda: int(parts.store.index.read(RUNNING_COUNT, (state.value,))[0][0]) == count  # noqa: E731
    await until(lambda: len(parts.operator.looked_at) == count and reported(), f"{count} machines are {state.value}", 0.02)


async def at_rest(parts: Standalone) -> None:
    """Waits until nothing is worked on, apart from what was delayed."""
    await until(parts.operator.queue.idle, "the operator is at rest")


def written(parts: Standalone) -> int:
    """Returns a number that grows with every write of a resource, a status or an event."""
    return int(parts.store.index.read("SELECT sum(value) FROM counters")[0][0])
