"""The driver's long-lived tasks are kept by whoever uses it, and its short ones are never passed over when they fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol


class Keep(Protocol):
    """Runs a job, and again where it dies (runtime.engine.supervise.Supervisor.keep)."""

    async def __call__(self, name: str, job: Callable[[], Awaitable[None]], *, may_end: bool = False) -> None: ...


async def once(name: str, job: Callable[[], Awaitable[None]], *, may_end: bool = False) -> None:
    """For commands that look once, and tests."""
    await job()


def attended(task: asyncio.Task[None]) -> asyncio.Task[None]:
    """One that nobody waits for: what it dies of goes to the loop's exception handler at once, and not when it is collected."""
    task.add_done_callback(_tell)
    return task


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        context = {"message": "a task that nobody waits for failed", "exception": error, "task": task}
        task.get_loop().call_exception_handler(context)
