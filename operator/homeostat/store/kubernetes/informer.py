"""Follows the API server into the index. kopf lists, watches and reconnects; what it hands over is taken as it is.

kopf runs in a thread with a loop of its own: in the main thread it would take the signals for itself.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import kopf

from homeostat.models.base import API_GROUP, API_VERSION, Resource
from homeostat.store.errors import StoreError

from .access import Access
from .cluster import Cluster
from .errors import KindMissing
from .eventlog import OURS, EventLog
from .mirror import Mirror
from .objects import Object
from .paths import EVENTS, PATHS

log = logging.getLogger(__name__)

RELIST = 600.0
"""Seconds between lists that nothing asked for. Watches tell what goes, lists alone tell what went while nobody watched."""
SETTLE = 2.0
"""Seconds after kopf listed anew (it had lost its watch) until what went meanwhile is looked for."""
AGAIN = 2.0
"""Seconds before another try where the server did not answer, and at most MOST."""
MOST = 30.0
NOBODY: Any = "homeostat"
"""Who we are to kopf. Left out, it looks for our user's name, and users of containers may have none."""
RECONNECT = 1.0
"""Seconds between two watches of a kind."""
VERSION = API_VERSION.partition("/")[2]


class Informer:
    """Keeps an index at what the cluster holds of some kinds, until it is stopped."""

    def __init__(
        self,
        access: Access,
        mirror: Mirror,
        kinds: Sequence[type[Resource]],
        say: Callable[[str], None],
        events: EventLog | None = None,
    ) -> None:
        """``say`` is told, in words for people, what is being waited for. ``events``: takes the cluster's Events of ours."""
        self._access = access
        self._mirror = mirror
        self._kinds = tuple(kinds)
        self._say = say
        self._events = events
        self._stop = threading.Event()
        self._synced = threading.Event()
        self._relisted: float | None = None  # when kopf last listed, while that has not been followed up
        self._pending: list[tuple[bool, Object]] = []  # (gone, object)
        self._thread = threading.Thread(target=self._run, name="homeostat-informer", daemon=True)

    @property
    def synced(self) -> bool:
        """Whether everything that there is has been taken in once."""
        return self._synced.is_set()

    def unready(self) -> str:
        """Why what is read is not yet what there is; empty: it is."""
        return "" if self.synced else "waiting for the API server"

    def begin(self) -> None:
        """Starts, and returns at once."""
        self._thread.start()

    async def start(self) -> None:
        """Returns once all has been taken in, however long the server lets us wait; cancelling ends that."""
        self.begin()
        while not self._synced.is_set():
            if not self._thread.is_alive():
                raise RuntimeError("the informer ended unexpectedly")
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    # In the thread ------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        logging.getLogger("kopf").setLevel(logging.ERROR)  # what it waits for is ours to say, see say
        while not self._stop.is_set():
            try:
                asyncio.run(self._follow())
            except Exception as error:  # whatever it was: a mirror that nobody follows any more would go on to be believed
                log.error("the cluster cannot be followed, and that is begun anew: %r", error)
                self._stop.wait(AGAIN)

    async def _follow(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_tell_briefly)
        self._cluster = await Cluster.connect(self._access)
        try:
            await self._list_until_it_works()
            async with asyncio.TaskGroup() as tasks:
                listing = tasks.create_task(self._keep_listing())
                await self._keep_watching()
                listing.cancel()
        finally:
            await self._cluster.close()

    async def _list_until_it_works(self) -> None:
        said, pause = "", AGAIN
        while not self._stop.is_set():
            try:
                await self._list()
            except StoreError as error:
                words = f"waiting for the API server: {error}"
                if isinstance(error, KindMissing):
                    words = f"waiting for the CRDs, which are not installed: kubectl apply -f crds/ ({error})"
                if words != said:
                    self._say(words)
                said = words
                await self._pause(pause)
                pause = min(pause * 1.5, MOST)
            else:
                if said:
                    self._say("the API server answers")
                self._synced.set()
                return

    async def _list(self) -> None:
        for kind in self._kinds:
            before = self._mirror.uids(kind.KIND)
            items = [item async for item in self._cluster.list(PATHS[kind.KIND])]
            self._mirror.replace(kind.KIND, items, before)
        if self._events is not None and not self.synced:
            self._events.take([item async for item in self._cluster.list(EVENTS, fieldSelector=OURS)])

    async def _keep_listing(self) -> None:
        last = time.monotonic()
        while not self._stop.is_set():
            await asyncio.sleep(0.5)
            now = time.monotonic()
            lost = self._relisted is not None and now - self._relisted > SETTLE
            if not lost and now - last < RELIST:
                continue
            self._relisted, last = None, now
            try:
                await self._list()
            except StoreError as error:
                log.info("the list of what there is was not renewed: %s", error)
                self._relisted = now

    async def _keep_watching(self) -> None:
        """kopf ends where a watch fails in a way that it does not know; the next one begins where that was."""
        while not self._stop.is_set():
            try:
                await kopf.operator(
                    registry=self._registry(),
                    settings=_settings(),
                    clusterwide=True,
                    standalone=True,
                    identity=NOBODY,
                    stop_flag=self._stop,
                )
            except Exception as error:
                log.warning("watching the cluster failed, and is begun anew: %s", error or error.__class__.__name__)
            await self._pause(AGAIN)

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._login)
        for kind in self._kinds:
            kopf.on.event(API_GROUP, VERSION, kind.PLURAL, registry=registry)(self._hear)
        if self._events is not None:
            kopf.on.event("", "v1", "events", registry=registry)(self._hear_event)
        return registry

    async def _login(self, **_: Any) -> kopf.ConnectionInfo:
        known = await self._cluster.credentials()
        return kopf.ConnectionInfo(
            server=known.server,
            ca_path=known.ca_path,
            insecure=known.insecure,
            token=known.token,
            certificate_path=known.certificate_path,
            private_key_path=known.key_path,
        )

    async def _hear(self, event: kopf.RawEvent, **_: Any) -> None:
        """All that is heard in one turn of the loop is taken in one step."""
        if event["type"] is None:
            self._relisted = time.monotonic()
        if not self._pending:
            asyncio.get_running_loop().call_soon(self._take)
        self._pending.append((event["type"] == "DELETED", event["object"]))

    async def _hear_event(self, event: kopf.RawEvent, **_: Any) -> None:
        if self._events is not None and event["type"] != "DELETED":
            self._events.take([event["object"]])

    def _take(self) -> None:
        heard, self._pending = self._pending, []
        try:
            self._mirror.take([item for gone, item in heard if not gone], [item for gone, item in heard if gone])
        except StoreError as error:  # no space, say
            log.error("what the API server told could not be kept, and is asked for again: %s", error)
            self._relisted = time.monotonic()

    async def _pause(self, seconds: float) -> None:
        await asyncio.to_thread(self._stop.wait, seconds)


def _tell_briefly(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Of kopf's tasks, several of which end where one watch fails: what matters of it _keep_watching says."""
    log.debug("%s: %s", context.get("message"), context.get("exception"))


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False  # its log lines are not events of ours
    settings.watching.reconnect_backoff = RECONNECT
    settings.watching.server_timeout = 300
    settings.watching.field_selectors["events"] = OURS
    settings.networking.error_backoffs = [0.5, 1, 2, 5]
    settings.persistence.diffbase_storage = _NoDiffs()
    return settings


class _NoDiffs(kopf.DiffBaseStorage):
    """kopf would copy and compare each object that it hears of, to tell handlers what changed: there are none of that kind."""

    def build(self, *, body: kopf.Body, extra_fields: object = None) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        return None
