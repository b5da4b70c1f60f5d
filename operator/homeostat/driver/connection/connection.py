"""The connection to the libvirt of one host: kept open, opened again when lost, with all calls on a few threads.

Each of these threads has a handle of its own, as has whoever listens to events. libvirt lets threads share one, by turns. But
where its keepalive ends one that several wait on, because the daemon hangs, all but one wait until the daemon says something;
then libvirt before 10.4 crashes (CVE-2024-4418). Calls that share none also take half the time: nobody waits for his turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

import libvirt

from ..errors import DriverError, HostUnreachable
from ..tasks import Keep, once
from . import eventloop
from .aside import aside, aside_within
from .translate import is_lost, translate, translate_connect

_log = logging.getLogger(__name__)

T = TypeVar("T")
P = ParamSpec("P")

REQUESTS = 5  # at once: a quarter of the daemon's workers (libvirtd.conf: max_workers), which others use, too
KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 5, 3  # seconds, and unanswered ones: a dead peer is noticed within 20 s
PATIENCE = 60.0  # seconds for the first attempt: QEMU may be probed, a guest booted to judge KVM
CLOSING = 3.0  # seconds
OWN = 20.0  # seconds for opening a thread's handle, which no keepalive ends before it is open
DOMAINS_MAX = 10_000  # that a thread remembers
RETRY_FIRST, RETRY_LAST = 0.5, 30.0  # seconds


class _OfThread(threading.local):
    """What a thread has for itself. ``main``: the handle that was the connection's when it opened its own."""

    main: libvirt.virConnect | None = None
    handle: libvirt.virConnect | None = None

    def __init__(self) -> None:
        self.domains: dict[str, libvirt.virDomain] = {}


class LibvirtConnection:
    """Opens, watches and reopens. ``connected`` runs after every opening, and must list everything again; ``lost`` gets the
    reason. ``quiet``: another connection to the same host reports it in the log.

    What jobs use (``handle``, ``domain``, ``request``, ``alive``) belongs to the threads that run them, and all else to the
    asyncio loop that ``start`` ran on.
    """

    def __init__(
        self,
        uri: str,
        connected: Callable[[], Awaitable[None]],
        lost: Callable[[DriverError], None],
        *,
        quiet: bool = False,
        keep: Keep = once,
    ) -> None:
        self.uri = uri
        self.calls: Counter[str] = Counter()  # libvirt calls by function, for metrics and budgets
        self.before_close: Callable[[], None] = lambda: None  # on a thread: releases what was registered
        self.error: DriverError | None = HostUnreachable(f"not connected to {uri} yet")
        self._connected, self._lost, self._keep = connected, lost, keep
        self._level = logging.DEBUG if quiet else logging.WARNING
        # The test driver is a few structs in this program: it never waits, and a thread would cost more than its calls.
        self._in_process = urlsplit(uri).scheme == "test" and not urlsplit(uri).hostname
        # Also in a daemon, each connection to it may be a host of its own.
        self._of_main_alone = urlsplit(uri).scheme.partition("+")[0] == "test"
        self._pool = ThreadPoolExecutor(REQUESTS, thread_name_prefix="libvirt")
        self._jobs = 0  # that run, or wait in line
        self._counting = threading.Lock()
        self._main: libvirt.virConnect | None = None
        self._opening = 0  # the number of the last one: what libvirt says of an earlier one is late
        self._own = _OfThread()
        self._gone = asyncio.Event()
        self._tried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Returns after the first attempt, whether it succeeded (``error`` is None) or not, or when that takes too long."""
        eventloop.ensure_running()
        self._loop = asyncio.get_running_loop()
        name = f"connection {self.uri}"
        self._task = self._loop.create_task(self._keep(name, self._maintain), name=name)
        try:
            await asyncio.wait_for(self._tried.wait(), PATIENCE)
        except TimeoutError:
            self._report(HostUnreachable(f"libvirt at {self.uri} has not answered within {PATIENCE:.0f} s; still waiting"))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(TimeoutError):  # a daemon that hangs must not block us
            await asyncio.wait_for(self._drop(), CLOSING)
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def main(self) -> libvirt.virConnect:
        """Returns the handle that events come by.

        Raises:
            HostUnreachable: there is no connection now.
        """
        if self._main is None:
            why = self.error or HostUnreachable(f"not connected to {self.uri}")
            raise type(why)(str(why))  # a new one each time: an exception raised again grows by its traceback
        return self._main

    @property
    def handle(self) -> libvirt.virConnect:
        """Returns the handle of this thread, which is one of ours. What comes of it, such as a domain, is this thread's, too.

        Raises:
            HostUnreachable: there is no connection now.
        """
        main, own = self.main, self._own
        if own.main is not main or own.handle is None:
            own.domains.clear()
            own.handle = main if self._of_main_alone else self._open_own()
            own.main = main
        return own.handle

    def domain(self, uuid: str) -> libvirt.virDomain:
        """Returns a domain, as this thread asks it. Needs no call where the thread has asked it before.

        Raises:
            HostUnreachable: there is no connection now.
            libvirt.libvirtError: there is no such domain.
        """
        handle, known = self.handle, self._own.domains
        return known[uuid] if uuid in known else self.remember(uuid, self.request(handle.lookupByUUIDString, uuid))

    def remember(self, uuid: str, domain: libvirt.virDomain) -> libvirt.virDomain:
        """Remembers a domain that a call of this thread has returned, and returns it."""
        known = self._own.domains
        if len(known) >= DOMAINS_MAX:
            known.clear()  # most of them have gone
        known[uuid] = domain
        return domain

    def alive(self) -> bool:
        """Tells whether the connection is there, and what this thread has of it."""
        own = self._own.handle
        return (
            self._main is not None
            and not self._gone.is_set()
            and bool(self._main.isAlive())
            and (own is None or bool(own.isAlive()))
        )

    def request(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Calls libvirt. Every call goes through here, on any thread, so that it is counted."""
        with self._counting:
            self.calls[function.__name__] += 1
        return function(*arguments, **options)

    @property
    def crowded(self) -> bool:
        """Whether jobs wait in line, because all requests are in use."""
        return self._jobs > REQUESTS

    async def run(self, job: Callable[[], T], doing: str = "") -> T:
        """Runs ``job``, which may make several calls, on one of the threads.

        Raises:
            DriverError: libvirt's error, translated; HostUnreachable also when the connection broke during the job.
        """
        self.main  # noqa: B018 - raises while there is no connection
        opening = self._opening
        self._jobs += 1
        try:
            if self._in_process:
                await asyncio.sleep(0)
                return job()
            return await asyncio.get_running_loop().run_in_executor(self._pool, job)
        except libvirt.libvirtError as error:
            if is_lost(error):
                self._mark_gone(opening)
            raise translate(error, doing) from error
        finally:
            self._jobs -= 1

    async def _maintain(self) -> None:
        await self._drop()  # what an earlier keeper that died had open
        delay = RETRY_FIRST
        while True:
            try:
                await self._open()
                await self._connected()
            except Exception as error:
                await self._drop()
                if not isinstance(error, DriverError):
                    _log.exception("connecting to %s failed in a way we do not know; trying again", self.uri)
                self._report(error if isinstance(error, DriverError) else DriverError(str(error)))
                self._tried.set()
                await asyncio.sleep(delay)
                delay = min(delay * 2, RETRY_LAST)
                continue
            self._tried.set()
            delay = RETRY_FIRST
            await self._gone.wait()
            await self._drop()
            self._report(HostUnreachable(f"the connection to {self.uri} was lost; opening it again"))

    def _report(self, error: DriverError) -> None:
        if self.error is None or str(self.error) != str(error):
            _log.log(self._level, "%s", error)
        self.error = error
        self._lost(error)

    async def _open(self) -> None:
        self._gone.clear()
        self._opening += 1
        try:
            main = await aside(partial(self._connect, self._opening), "libvirt-open")  # no keepalive ends it before it is open
        except libvirt.libvirtError as error:
            raise translate_connect(error, self.uri) from error
        self._main, self.error = main, None

    def _connect(self, opening: int) -> libvirt.virConnect:
        main = self._connect_own()
        with contextlib.suppress(libvirt.libvirtError):
            main.registerCloseCallback(self._closed, opening)
        return main

    def _open_own(self) -> libvirt.virConnect:
        """Opens a handle for this thread.

        Raises:
            HostUnreachable: libvirt does not answer, or refuses.
        """
        try:
            return aside_within(OWN, self._connect_own, "libvirt-open")
        except TimeoutError:
            raise HostUnreachable(f"libvirt at {self.uri} has not answered within {OWN:.0f} s") from None
        except libvirt.libvirtError as error:
            raise translate_connect(error, self.uri) from error

    def _connect_own(self) -> libvirt.virConnect:
        # Drivers without a daemon behind them have no keepalive, and call nobody back: such a connection cannot be lost.
        handle = self.request(libvirt.open, self.uri)
        with contextlib.suppress(libvirt.libvirtError):
            handle.setKeepAlive(KEEPALIVE_INTERVAL, KEEPALIVE_COUNT)
        return handle

    def _closed(self, _handle: libvirt.virConnect, _reason: int, opening: int) -> None:
        """Notes that the connection is lost. libvirt calls this on its event thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # our loop has ended: nobody needs it
                self._loop.call_soon_threadsafe(self._mark_gone, opening)

    def _mark_gone(self, opening: int) -> None:
        if opening == self._opening:
            self._gone.set()

    async def _drop(self) -> None:
        main, self._main = self._main, None
        if main is not None:
            with contextlib.suppress(RuntimeError):  # the pool is shut down
                await asyncio.get_running_loop().run_in_executor(self._pool, _close, main, self.before_close)


def _close(handle: libvirt.virConnect, before: Callable[[], None]) -> None:
    """Closes the handle. Whatever fails here, the connection is of no more use."""
    before()
    with contextlib.suppress(libvirt.libvirtError):
        handle.unregisterCloseCallback()
    with contextlib.suppress(libvirt.libvirtError):
        handle.close()
