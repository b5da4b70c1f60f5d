"""What goes on for as long as the server runs, beside its requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from homeostat.runtime.engine.supervise import Supervisor


class Kept:
    """A middleware, which begins with the server. Whatever goes wrong in ``work`` is reported, and it begins again."""

    def __init__(self, supervisor: Supervisor, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._supervisor = supervisor
        self._name = name
        self._work = work
        self._task: asyncio.Task[None] | None = None

    async def process_startup(self, scope: object, event: object) -> None:
        self._task = asyncio.create_task(self._supervisor.keep(self._name, self._work))

    async def process_shutdown(self, scope: object, event: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
