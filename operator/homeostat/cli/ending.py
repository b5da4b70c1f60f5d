"""Which signals end a program that runs on, and how often they count."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence

ONE = 0.1
"""Seconds within which a signal that comes twice is one: GNU timeout sends its own to the program, and then to the program's
group. Nobody presses Ctrl-C twice as fast."""


def end_by_signals(asked: Callable[[], None], stop: asyncio.Event) -> None:
    """Calls ``asked`` for each Ctrl-C and SIGTERM, and for the first SIGHUP, which comes where a terminal or an ssh session ends:
    from the kernel, and from the shell once more, which is no haste. Where it is ignored, as under `nohup`, it stays so. One that
    comes twice within ONE counts once.

    ``stop`` is set by ``asked``.
    """
    loop, terminals = asyncio.get_running_loop(), [number for number in (1, 2) if os.isatty(number)]
    came: dict[int, float] = {}  # when each came last

    def ask(number: int) -> None:
        before, came[number] = came.get(number, float("-inf")), loop.time()
        if came[number] - before > ONE:
            asked()

    def hung_up() -> None:
        _let_go(terminals)
        if not stop.is_set():
            asked()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask, number)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, hung_up)


def _let_go(terminals: Sequence[int]) -> None:
    """Leads what is written to a terminal that has gone into nowhere: each word would fail, and so keep from an end in order."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in terminals:
        if not os.isatty(number):
            os.dup2(nowhere, number)
    os.close(nowhere)
