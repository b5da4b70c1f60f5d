"""Jobs that may never end, such as the opening of a daemon that does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


async def aside(job: Callable[[], T], name: str) -> T:
    """Runs a job on a thread of its own. One that hangs cannot be cancelled: it is left behind, and does not delay the end of the
    program, which waits for the threads of each pool."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[Any], None], what: object) -> None:
        with contextlib.suppress(RuntimeError):  # too late: the loop is closed
            loop.call_soon_threadsafe(lambda: None if answer.done() else settle(what))

    def work() -> None:
        try:
            tell(answer.set_result, job())
        except Exception as error:
            tell(answer.set_exception, error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await answer


def aside_within(seconds: float, job: Callable[[], T], name: str) -> T:
    """Runs a job on a thread of its own, for a thread that waits for it.

    Raises:
        TimeoutError: it has not ended in time, and is left behind.
    """
    answers: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def work() -> None:
        try:
            found = job()
        except Exception as error:
            failed = error  # the name of an exception is gone after its block
            answers.put(lambda: _raised(failed))
        else:
            answers.put(lambda: found)

    threading.Thread(target=work, name=name, daemon=True).start()
    try:
        return answers.get(timeout=seconds)()
    except queue.Empty:
        raise TimeoutError from None


def _raised(error: Exception) -> NoReturn:
    raise error
