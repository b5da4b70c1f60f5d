"""libvirt's event loop: one thread for the life of the program.

A thread running libvirt's own loop, and not libvirtaio: libvirt takes an event loop once and for good, so libvirtaio would
tie every connection to the first asyncio loop of the program (a test has one per test), and keepalives would stop whenever
that loop is busy. Callbacks arrive on this thread; they may do no more than hand over to an asyncio loop.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import libvirt

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_started = False
TASK = "libvirt-events"
PAUSE = 1.0  # seconds
listeners: set[Callable[[str, Exception], None]] = set()
"""Are told, on the event thread, what it failed of."""


def ensure_running() -> None:
    """Must come before the first connection is opened; further calls do nothing."""
    global _started  # noqa: PLW0603 - libvirt's loop is global too
    with _lock:
        if _started:
            return
        # Without a handler libvirt prints each error to stderr, besides raising it.
        libvirt.registerErrorHandler(_quiet, None)
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_run, name="libvirt-events", daemon=True).start()
        _started = True


def _quiet(_context: object, _error: object) -> None:
    """The error is raised as well; nothing is lost."""


def _run() -> None:
    """Ends with the program only: without it no connection of ours hears or notices anything."""
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except Exception as error:
            for tell in list(listeners):
                tell(TASK, error)
            _log.error("libvirt's event loop: %r; going on", error)
            time.sleep(PAUSE)  # never a busy loop, should the error stay
