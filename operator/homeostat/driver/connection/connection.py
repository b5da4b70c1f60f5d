"""One libvirt connection per host: kept open, opened again when lost, with all calls on a few threads."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

import libvirt

from ..errors import DriverError, HostUnreachable
from ..tasks import Keep, once
from . import eventloop
from .aside import aside
from .translate import is_lost, translate, translate_connect

_log = logging.getLogger(__name__)

T = TypeVar("T")
P = ParamSpec("P")

REQUESTS = 5  # libvirtd.conf: max_client_requests; a sixth would wait in the daemon
KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 5, 3  # seconds, and unanswered ones: a dead peer is noticed within 20 s
PATIENCE = 60.0  # seconds for the first attempt: QEMU may be probed, a guest booted to judge KVM
CLOSING = 3.0  # seconds
RETRY_FIRST, RETRY_LAST = 0.5, 30.0  # seconds


class LibvirtConnection:
    """Opens, watches and reopens. ``connected`` runs after every opening, and must list everything again; ``lost`` gets the
    reason. ``quiet``: another connection to the same host reports it in the log.

    Everything but ``request`` belongs to the asyncio loop that ``start`` ran on.
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
        self._pool = ThreadPoolExecutor(REQUESTS, thread_name_prefix="libvirt")
        self._jobs = 0  # that run, or wait in line
        self._counting = threading.Lock()
        self._handle: libvirt.virConnect | None = None
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
    def handle(self) -> libvirt.virConnect:
        """libvirt's handle.

        Raises:
            HostUnreachable: there is no connection now.
        """
        if self._handle is None:
            why = self.error or HostUnreachable(f"not connected to {self.uri}")
            raise type(why)(str(why))  # a new one each time: an exception raised again grows by its traceback
        return self._handle

    def alive(self) -> bool:
        return self._handle is not None and not self._gone.is_set() and bool(self._handle.isAlive())

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
        self.handle  # noqa: B018 - raises while there is no connection
        self._jobs += 1
        try:
            if self._in_process:
                await asyncio.sleep(0)
                return job()
            return await asyncio.get_running_loop().run_in_executor(self._pool, job)
        except libvirt.libvirtError as error:
            if is_lost(error):
                self._gone.set()
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
        try:
            handle = await aside(self._connect, "libvirt-open")  # no keepalive ends it before it is open
        except libvirt.libvirtError as error:
            raise translate_connect(error, self.uri) from error
        self._handle, self.error = handle, None

    def _connect(self) -> libvirt.virConnect:
        handle = self.request(libvirt.open, self.uri)
        # Drivers without a daemon behind them have neither: such a connection cannot be lost.
        with contextlib.suppress(libvirt.libvirtError):
            handle.registerCloseCallback(self._closed, None)
        with contextlib.suppress(libvirt.libvirtError):
            handle.setKeepAlive(KEEPALIVE_INTERVAL, KEEPALIVE_COUNT)
        return handle

    def _closed(self, handle: libvirt.virConnect, reason: int, _opaque: Any) -> None:
        """Notes that the connection is lost. libvirt calls this on its event thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # our loop has ended: nobody needs it
                self._loop.call_soon_threadsafe(self._mark_gone, handle)

    def _mark_gone(self, handle: libvirt.virConnect) -> None:
        if handle is self._handle or self._handle is None:
            self._gone.set()

    async def _drop(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(RuntimeError):  # the pool is shut down
                await asyncio.get_running_loop().run_in_executor(self._pool, _close, handle, self.before_close)


def _close(handle: libvirt.virConnect, before: Callable[[], None]) -> None:
    """Closes the handle. Whatever fails here, the connection is of no more use."""
    before()
    with contextlib.suppress(libvirt.libvirtError):
        handle.unregisterCloseCallback()
    with contextlib.suppress(libvirt.libvirtError):
        handle.close()
