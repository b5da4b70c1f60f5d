"""Follows the API server into the index. kopf lists, watches and reconnects, and its objects are taken as they are.

kopf runs in a thread with an event loop of its own. In the main thread it would handle the signals itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import kopf

from homeostat.models.base import API_GROUP, API_VERSION, Resource
from homeostat.models.kinds import kind_of
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.store.errors import StoreError

from .access import Access
from .cluster import Cluster
from .errors import Forbidden, KindMissing
from .eventlog import OURS, EventLog
from .mirror import Mirror
from .objects import Object
from .paths import EVENTS, PATHS, ApiPath

log = logging.getLogger(__name__)

RELIST = 600.0
"""Seconds between two lists. A watch says what goes, but only a list shows what went while nobody watched."""
COUNTED = 30.0
"""Seconds between two counts of each kind. A watch may miss what comes and goes: kopf reports each object that it lists, so it
reports nothing where it had to list again (its watch was too far behind: 410 Gone) and all objects had gone; and the server may
have forgotten the watch, see SILENCE."""
SETTLE = 2.0
"""Seconds from kopf's new list, after it lost its watch, until we check what went meanwhile."""
TASK = "informer"
AGAIN = 2.0
"""Seconds before the next try where the server did not answer. They grow up to MOST."""
MOST = 30.0
INSTALL = "homeostat crds | kubectl apply -f -"
NOBODY: Any = "homeostat"
"""Our identity for kopf. Without it kopf looks up the name of our user, and users of containers may have none."""
RECONNECT = 1.0
"""Seconds between two watches of a kind."""
SILENCE = 20.0
"""Seconds without an event after which a watch is started again where it was. The server may have forgotten it (on 1.20, for two
minutes after a CRD was made again), or the connection may be dead."""
HELD = 60.0
"""Seconds after which a watch has worked: that it fails then is another failure. kopf tries for some 10 s before it gives up."""
POLL_SECONDS = 0.2
"""Seconds between checks whether to stop."""
VERSION = API_VERSION.partition("/")[2]


class Informer:
    """Keeps an index equal to what the cluster holds of some kinds, until it is stopped."""

    def __init__(
        self,
        access: Access,
        mirror: Mirror,
        kinds: Sequence[type[Resource]],
        say: Callable[[str], None],
        events: EventLog | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        """Takes the mirror to write to. ``say`` receives, in words for people, what is waited for. ``events`` takes the cluster's
        Events about our resources."""
        self._access = access
        self._mirror = mirror
        self._kinds = tuple(kinds)
        self._say = say
        self._events = events
        self._stop = threading.Event()
        self._synced = threading.Event()
        self._relisted: dict[str, float] = {}  # kind -> when kopf listed, until we have checked what went meanwhile
        self._missing = {kind.KIND for kind in kinds} | ({"events"} if events is not None else set())  # what was not listed yet
        self._absent = set[str]()  # names of the definitions that the server does not have, as it said last
        self._watches: dict[str, asyncio.Event] = {}  # kind -> what ends its watch, so that it is listed and watched again
        self._reached: dict[str, str] = {}  # kind -> the cluster's resourceVersion when it was counted last
        self._failed: dict[str, str] = {}  # kind -> why its last watch failed, as we logged it
        self._denied = set[str]()  # names of the definitions that the server refuses us to list, as it said last
        self._told = set[tuple[type[StoreError], str]]()  # the errors that we said we wait for, and of which kind if that counts
        self._pending: list[tuple[bool, Object]] = []  # (gone, object)
        self._refused, self._answered = "", "unknown"  # why the server does not say what it holds, and when it last did
        self._supervisor = supervisor or Supervisor()
        self._thread = threading.Thread(target=self._run, name="homeostat-informer", daemon=True)

    @property
    def synced(self) -> bool:
        """Tells whether everything was taken in once."""
        return self._synced.is_set()

    def unready(self) -> str:
        """Says why readers do not see everything yet; empty: they do."""
        return "" if self.synced else self._absence() or self._denial() or "waiting for the API server"

    def incomplete(self) -> str:
        """Says why something of the cluster is not followed; empty: all of it is. A kind may go when everything was seen."""
        return self.unready() or self._absence()

    def _absence(self) -> str:
        names = ", ".join(sorted(tuple(self._absent)))  # another thread may change it
        return names and f"the cluster has no definition of {names}: {INSTALL}"

    def _denial(self) -> str:
        names = ", ".join(sorted(tuple(self._denied)))
        return names and f"the API server refuses us to list {names}"

    def out_of_date_since(self) -> str:
        """Returns when the API server last answered, where it does not answer now. Empty: it does."""
        return self._answered if self._refused else ""

    def unanswered(self) -> str:
        """Says since when and why the cluster cannot be read, as where our rights or credentials ended. Empty: it can be."""
        return f"the cluster could not be read since {self._answered}: {self._refused}" if self._refused else ""

    def _note(self, answers: bool, why: str = "it does not answer") -> None:
        self._refused = "" if answers else why
        if answers:
            self._answered = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def begin(self) -> None:
        """Starts, and returns at once."""
        self._thread.start()

    async def start(self) -> None:
        """Starts, and returns once everything is taken in, however long the server takes. It can be cancelled."""
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
        logging.getLogger("kopf").setLevel(logging.CRITICAL)  # we say ourselves what it waits for and what fails
        while not self._stop.is_set():
            try:
                asyncio.run(self._follow())
            except Exception as error:  # any error: readers would go on to believe a mirror that is not updated
                self._supervisor.failed(TASK, error, again=AGAIN)
                self._stop.wait(AGAIN)

    async def _follow(self) -> None:
        """Follows each kind by itself: a kind whose CRD is missing must not delay the others."""
        asyncio.get_running_loop().set_exception_handler(_tell_briefly)
        self._ended = asyncio.Event()
        self._cluster = await Cluster.connect(self._access)
        try:
            async with asyncio.TaskGroup() as tasks:
                for kind in self._kinds:
                    listing = partial(self._list, kind)
                    watching = self._registry(API_GROUP, VERSION, kind_of(kind).plural, self._hear)
                    tasks.create_task(self._keep(kind.KIND, PATHS[kind.KIND], listing, watching))
                if self._events is not None:
                    watching = self._registry("", "v1", "events", self._hear_event)
                    tasks.create_task(self._keep("events", EVENTS, self._list_events, watching))
                tasks.create_task(self._supervisor.keep(f"{TASK}: lists", self._keep_listing, stop=self._ended))
                asyncio.get_running_loop().call_later(AGAIN, self._supervisor.recovered, TASK)
                while not self._stop.is_set():  # not in a waiting thread, which would keep a failed loop from ending
                    await self._pause(POLL_SECONDS)
                self._ended.set()
                for watch in self._watches.values():
                    watch.set()
        finally:
            await self._cluster.close()

    async def _keep(
        self, what: str, path: ApiPath, listing: Callable[[], Awaitable[None]], watching: kopf.OperatorRegistry
    ) -> None:
        """Follows one kind. A defect met in one must not delay the others."""
        await self._supervisor.keep(
            f"{TASK}: {what}", lambda: self._keep_following(what, path, listing, watching), stop=self._ended
        )

    async def _keep_following(
        self, what: str, path: ApiPath, listing: Callable[[], Awaitable[None]], watching: kopf.OperatorRegistry
    ) -> None:
        """Lists until that works, then watches. kopf ends where a watch fails in a way that it does not know; then this starts
        again."""
        pause = AGAIN
        while not self._ended.is_set():
            try:
                await listing()
                await self._cluster.discover(path)  # kopf asks that too, and would wait for ever for a kind that is not found
            except StoreError as error:
                self._missing.add(what)
                if isinstance(error, KindMissing):
                    self._absent.add(path.definition)
                if isinstance(error, Forbidden):
                    self._denied.add(path.definition)
                self._tell(error, path)
                await self._pause(pause)
                pause = min(pause * 1.5, MOST)
                continue
            self._note(answers=True)
            self._absent.discard(path.definition)
            self._denied.discard(path.definition)
            self._listed(what)
            # kopf reports what it lists, so it reports nothing where the last object went just now.
            self._relisted[what] = time.monotonic()
            pause = AGAIN
            if self._ended.is_set():
                return
            ended, begun = asyncio.Event(), time.monotonic()
            self._watches[what] = ended
            try:
                await kopf.operator(
                    registry=watching,
                    settings=_settings(),
                    clusterwide=True,
                    standalone=True,
                    identity=NOBODY,
                    stop_flag=ended,
                )
            except Exception as error:
                self._say_failed(what, error, lasted=time.monotonic() - begun)
            await self._pause(RECONNECT)

    def _say_failed(self, what: str, error: Exception, lasted: float) -> None:
        """Logs why a watch failed, once for several with the same reason, as where the right to watch is missing."""
        first = error.args[0] if error.args else ""  # of an answer the message; the rest of it says nothing more
        why = first if first and isinstance(first, str) else str(error) or type(error).__name__
        if self._failed.get(what) != why or lasted > HELD:
            log.warning("watching %s failed, so that changes are noticed late: %s", what, why)
        self._failed[what] = why

    def _tell(self, error: StoreError, path: ApiPath) -> None:
        """Says once what is waited for, until the server answers again. Rights are missing kind by kind."""
        missing = isinstance(error, KindMissing)
        self._note(missing, str(error))
        said = type(error), path.definition if isinstance(error, Forbidden) else ""
        if said in self._told:
            return
        self._told.add(said)
        words = f"the CRDs, which are not installed: {INSTALL}" if missing else f"the API server: {error}"
        self._say(f"waiting for {words}")

    def _listed(self, what: str) -> None:
        self._missing.discard(what)
        if self._missing:
            return
        self._synced.set()
        if self._told:
            self._say("the API server answers")
            self._told.clear()

    async def _list(self, kind: type[Resource]) -> None:
        before = self._mirror.known(kind.KIND)
        items = [item async for item in self._cluster.list(PATHS[kind.KIND])]
        self._mirror.replace(kind.KIND, items, before)

    async def _list_events(self) -> None:
        assert self._events is not None
        self._events.take([item async for item in self._cluster.list(EVENTS, fieldSelector=OURS)])

    async def _keep_listing(self) -> None:
        last = counted = time.monotonic()
        while not self._ended.is_set():
            await self._pause(0.5)
            now = time.monotonic()
            due = now - last >= RELIST
            if due:
                last = now
            if now - counted >= COUNTED:
                await self._count()
                counted = now - COUNTED + AGAIN if self._refused else now  # much may have happened while it was away
            for kind in self._kinds:
                if not due and now - self._relisted.get(kind.KIND, now) <= SETTLE:
                    continue
                self._relisted.pop(kind.KIND, None)
                try:
                    await self._list(kind)
                except StoreError as error:
                    log.debug("the list of %s was not renewed: %s", kind_of(kind).plural, error)
                    self._relisted[kind.KIND] = now

    async def _count(self) -> None:
        """Compares how many objects the server holds with how many we know. Where these differ, the kind is listed again. Where
        the cluster was set back, as by a backup of etcd, all kinds are, and their watches begin again: the server says nothing to
        those that wait for what comes after a version which it has not reached yet."""
        for kind in self._kinds:
            try:
                found = await self._cluster.count(PATHS[kind.KIND])
                self._absent.discard(PATHS[kind.KIND].definition)
                if found.number != self._mirror.count(kind.KIND):
                    self._relisted[kind.KIND] = float("-inf")
                if _is_before(found.version, self._reached.get(kind.KIND, "")):
                    log.warning("the cluster was set back to an earlier state, as from a backup: all of it is read again")
                    self._reached.clear()
                    for watch in self._watches.values():
                        watch.set()
                self._reached[kind.KIND] = found.version
                self._note(answers=True)
            except KindMissing:  # its watch may not have ended yet
                self._absent.add(PATHS[kind.KIND].definition)
                self._note(answers=True)
            except StoreError as error:
                self._note(answers=False, why=str(error))
                log.debug("how many %s there are was not found out: %s", kind_of(kind).plural, error)
                gc.collect()  # each failed connection leaves its TLS buffers in a cycle, and our collector runs rarely
                return

    def _registry(self, group: str, version: str, plural: str, hear: Callable[..., Awaitable[None]]) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._login)
        kopf.on.event(group, version, plural, registry=registry)(hear)
        return registry

    async def _login(self, **_: Any) -> kopf.ConnectionInfo:
        with contextlib.suppress(StoreError):
            await self._cluster.version()  # a token that is refused by now is read again
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
        """Collects an event. All events of one turn of the loop are taken in one step."""
        if event["type"] is None:
            self._relisted[event["object"]["kind"]] = time.monotonic()
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
        except Exception as error:  # such as no space
            self._supervisor.failed(f"{TASK}: mirror", error)
            self._relisted.update(dict.fromkeys((kind.KIND for kind in self._kinds), time.monotonic()))
        else:
            self._supervisor.recovered(f"{TASK}: mirror")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()


def _is_before(version: str, known: str) -> bool:
    """Tells whether a resourceVersion is certainly an earlier one than another."""
    return version.isdigit() and known.isdigit() and int(version) < int(known)


def _tell_briefly(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Logs how kopf's tasks end. Several of them end where one watch fails, and _keep_following logs what matters of that."""
    log.debug("%s: %s", context.get("message"), context.get("exception"))


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False  # its log lines are no events for us
    settings.watching.reconnect_backoff = RECONNECT
    settings.watching.server_timeout = 300
    settings.watching.inactivity_timeout = SILENCE
    # Where a CRD goes, the watch fails, and we list until the kind is there again. kopf would look for CRDs itself, and would
    # miss one that is served before the server's discovery lists it.
    settings.scanning.disabled = True
    settings.watching.field_selectors["events"] = OURS
    settings.networking.error_backoffs = [0.5, 1, 2, 5]
    settings.persistence.diffbase_storage = _NoDiffs()
    return settings


class _NoDiffs(kopf.DiffBaseStorage):
    """Stores nothing to compare. kopf would copy and compare each object, to tell handlers what changed, and we have no such
    handlers."""

    def build(self, *, body: kopf.Body, extra_fields: object = None) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        return None
