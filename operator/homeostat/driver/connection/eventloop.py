"""libvirt's event loop: one thread for the life of the program, which ends it in an orderly way.

The thread runs libvirt's own loop instead of libvirtaio. libvirt takes an event loop once and forever, so libvirtaio would tie
every connection to the first asyncio loop of the program (each test has its own), and keepalives would stop whenever that loop is
busy. Callbacks arrive on this thread. They may only hand over to an asyncio loop.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable

import libvirt

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_started = False
_ending = threading.Event()
TASK = "libvirt-events"
PAUSE = 1.0  # seconds
END = 2.0
"""Seconds at most that the thread gets to end, when the program does."""
listeners: set[Callable[[str, Exception], None]] = set()
"""Called on the event thread, with what failed on it."""


def ensure_running() -> None:
    """Starts the loop, before the first connection is opened. Further calls do nothing."""
    global _started  # noqa: PLW0603 - libvirt's loop is global too
    with _lock:
        if _started:
            return
        # Without a handler libvirt also prints each error that it raises to stderr.
        libvirt.registerErrorHandler(_quiet, None)
        libvirt.virEventRegisterDefaultImpl()
        thread = threading.Thread(target=_run, name="libvirt-events", daemon=True)
        thread.start()
        atexit.register(_end, thread)
        _started = True


def _end(thread: threading.Thread) -> None:
    """Ends the thread before the interpreter ends. A thread that dies within libvirt keeps its locks, and who closes the last
    connection then, as the interpreter itself does, waits for them for ever."""
    if thread.is_alive():  # in a process that was forked it is not
        _ending.set()
        libvirt.virEventAddTimeout(0, lambda *_: None, None)  # it may be waiting for something to happen
        thread.join(END)


def _quiet(_context: object, _error: object) -> None:
    """Drops the message: the error is raised as well, so nothing is lost."""


def _run() -> None:
    """Runs the loop, until the program ends: without it none of our connections hears or notices anything."""
    while not _ending.is_set():
        try:
            libvirt.virEventRunDefaultImpl()
        except Exception as error:
            for tell in list(listeners):
                tell(TASK, error)
            _log.error("libvirt's event loop: %r; going on", error)
            time.sleep(PAUSE)  # never a busy loop, even if the error stays
