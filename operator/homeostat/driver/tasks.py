"""The tasks of the driver: its user keeps the long-lived ones, and a failure of a short one is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol


class Keep(Protocol):
    """Runs a job, and again where it dies (runtime.engine.supervise.Supervisor.keep)."""

    async def __call__(self, name: str, job: Callable[[], Awaitable[None]], *, may_end: bool = False) -> None: ...


async def once(name: str, job: Callable[[], Awaitable[None]], *, may_end: bool = False) -> None:
    """Runs a job once: for commands that read once, and for tests."""
    await job()


def attended(task: asyncio.Task[None]) -> asyncio.Task[None]:
    """Returns a task that nobody waits for. What it dies of goes to the loop's exception handler at once, not when the task is
    collected."""
    task.add_done_callback(_tell)
    return task


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        context = {"message": "a task that nobody waits for failed", "exception": error, "task": task}
        task.get_loop().call_exception_handler(context)
