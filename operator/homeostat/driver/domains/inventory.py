"""What we know of a host's domains: listed once, kept fresh by events, checked from time to time by one bulk reading.

A domain's XML is read once, and again only after an event or an action of our own on it. Of a domain without our record we know
only name, uuid and state. Everything here runs on the asyncio loop, apart from the readings themselves.
"""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import libvirt

from homeostat.planner.observed import ObservedDomain, Usage

from ..connection.connection import REQUESTS, LibvirtConnection
from ..connection.events import NEEDS, Aspect, DomainEvent, EventFeed, EventKind
from ..errors import DomainGone, DriverError, Refused
from ..tasks import attended
from .marks import RunMarks
from .reading import Bulk, DomainReader, PidFiles, Unplugged, just_made, read_bulk
from .usage import disks_of, usage_of, uses

_log = logging.getLogger(__name__)

CHUNK = 64  # domains read in one job, so that actions get a turn in between
REREAD = 10  # domains read again in each resync: some changes, such as virsh domif-setlink, cause no event
EXPECTED_FOR = 10.0  # seconds that an event of our own action may take; later it counts as somebody else's

Readings = dict[str, ObservedDomain | None]  # None: gone


class Inventory:
    """The domains of one host. ``changed(uuid)`` is called when what we know of one changed because of others."""

    def __init__(
        self,
        connection: LibvirtConnection,
        pid_of: PidFiles,
        changed: Callable[[str], None],
        network_changed: Callable[[], None],
        unplugged: Unplugged = lambda taps: {},
        may_mark: Callable[[], None] | None = None,
    ) -> None:
        """Takes ``may_mark``: see ``marks.RunMarks``."""
        self._usage: dict[str, Usage] = {}  # by uuid, as of the last bulk reading
        self._reread_last = ""  # uuid of the last domain whose definition was read in turn
        self._connection = connection
        self._unplugged = unplugged
        self._reader = DomainReader(connection, pid_of, unplugged, RunMarks(connection, may_mark))
        self._changed = changed
        self._network_changed = network_changed
        self._domains: dict[str, ObservedDomain] = {}
        self._by_name: dict[str, str] = {}
        self._dirty: dict[str, Aspect] = {}
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}  # and how many hold it or wait for it
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._expected: dict[tuple[str, EventKind], list[float]] = {}
        self._feed: EventFeed | None = None
        connection.before_close = self._stop_events
        self._listing = self._closed = False
        self._flush_due: asyncio.Handle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # Asking

    def get(self, uuid: str) -> ObservedDomain | None:
        return self._domains.get(uuid)

    def named(self, name: str) -> ObservedDomain | None:
        return self._domains.get(self._by_name.get(name, ""))

    def all(self) -> Iterable[ObservedDomain]:
        return self._domains.values()

    def usage(self) -> dict[str, Usage]:
        """Returns the usage of our own domains, by name, from the last bulk reading."""
        return {known.name: usage for uuid, usage in self._usage.items() if (known := self._domains.get(uuid)) and known.record}

    # Listing

    async def relist(self) -> None:
        """Lists everything after connecting. It registers for events first, so that nothing is lost between them and the list.

        Raises:
            DriverError: it could not be read; what was known before stays.
        """
        self._expected.clear()
        self._listing = True  # what an event says is newer than the list, so it is read after it
        try:
            self._feed = feed = EventFeed(self.notice)
            await self._connection.run(lambda: feed.register(self._connection), "register for events")
            bulk = await self._bulk()
            for uuid in self._domains.keys() - bulk.domains.keys():
                self._apply({uuid: None})
            everything = Aspect.STATE | Aspect.CONFIG | Aspect.LIVE | Aspect.FLAGS
            await self._read_many(dict.fromkeys(bulk.domains, everything), bulk)
        finally:
            self._listing = False
            if self._dirty:
                self._schedule()

    async def resync(self) -> None:
        """Reads the whole host with four calls. It finds what no event reported, and refreshes the statistics. Definitions are
        read in turn, a few in each resync, so that these calls do not grow with the number of domains."""
        bulk = await self._bulk()
        wanted: dict[str, Aspect] = {}
        for uuid in self._domains.keys() | bulk.domains.keys():
            known, handle = self._domains.get(uuid), bulk.domains.get(uuid)
            if handle is None or known is None or _differs(known, handle, bulk):
                wanted[uuid] = Aspect.STATE | Aspect.LIVE | Aspect.FLAGS
            elif known.config is not None and not disks_of(bulk.stats.get(uuid, {})) <= _known_disks(known):
                wanted[uuid] = Aspect.STATE | Aspect.LIVE | Aspect.CONFIG  # others put a disk on another file
        for uuid in self._next_to_reread():
            wanted[uuid] = wanted.get(uuid, Aspect.STATE) | Aspect.CONFIG | Aspect.LIVE
        for uuid, aspects in wanted.items():
            self._mark(uuid, aspects)

    def check_links(self) -> None:
        """Finds nics that were cut off or plugged in again. libvirt has no event for it, and needs no call for it."""
        for uuid, known in self._domains.items():
            if known.taps and self._unplugged(known.taps) != known.unplugged:
                self._mark(uuid, Aspect.LIVE)

    def _next_to_reread(self) -> list[str]:
        ours = sorted(uuid for uuid, known in self._domains.items() if known.record is not None)
        start = bisect_right(ours, self._reread_last)
        turn = (ours[start:] + ours[:start])[:REREAD]
        self._reread_last = turn[-1] if turn else ""
        return turn

    async def _bulk(self) -> Bulk:
        bulk = await self._connection.run(lambda: read_bulk(self._connection), "list domains")
        self._usage = {uuid: usage_of(stats) for uuid, stats in bulk.stats.items() if uses(stats)}
        return bulk

    def _stop_events(self) -> None:
        """Removes the callbacks, on a thread, while the connection is still there."""
        if self._feed is not None:
            self._feed.deregister()
            self._feed = None

    async def close(self) -> None:
        """Ends all readings. What happens to a domain from now on causes none."""
        self._closed = True
        if self._flush_due is not None:
            self._flush_due.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Acting

    @asynccontextmanager
    async def exclusively(self, uuid: str) -> AsyncIterator[None]:
        """Keeps all others from reading or acting on this domain, so that a reading is never older than the action before it."""
        lock, users = self._locks.get(uuid) or (asyncio.Lock(), 0)
        self._locks[uuid] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[uuid]
            if users > 1:
                self._locks[uuid] = lock, users - 1
            else:
                del self._locks[uuid]
                if uuid in self._dirty:
                    self._schedule()

    def read(
        self, uuid: str, aspects: Aspect, handle: libvirt.virDomain | None = None, *, new: bool = False
    ) -> ObservedDomain | None:
        """Reads the domain, on one of the connection's threads; None when it has gone. ``accept`` stores the result. ``new``: it
        was just made, so what ``aspects`` leaves out need not be asked."""
        try:
            domain = handle or self._connection.domain(uuid)
            return self._reader.read(domain, just_made(domain.name(), uuid) if new else self._domains.get(uuid), aspects)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                return None
            raise

    def accept(self, uuid: str, seen: ObservedDomain | None) -> None:
        """Stores what followed from an action of our own. Nobody is notified: the caller reads the result itself."""
        self._store(uuid, seen)

    def own(self, uuid: str) -> ObservedDomain:
        """Returns our domain with that uuid.

        Raises:
            HostUnreachable: there is no connection.
            DomainGone: there is no such domain.
            Refused: it is somebody else's.
        """
        self._connection.main  # noqa: B018 - without a connection nobody knows whether it is there
        known = self.get(uuid)
        if known is None:
            raise gone(uuid)
        if known.record is None:
            raise Refused(f"the domain {known.name} is not ours (it lacks our record): it is left alone")
        return known

    def expect(self, uuid: str, kind: EventKind) -> None:
        """Expects one event of this kind from our own action. That event will cause no reading."""
        self._expected.setdefault((uuid, kind), []).append(time.monotonic() + EXPECTED_FOR)

    def unexpect(self, uuid: str, kind: EventKind) -> None:
        """Takes that back: the action failed, so there will be no event."""
        self._take_expected(uuid, kind)

    def reread(self, uuid: str) -> None:
        """Reads the domain again in a moment, because it differs from what we know. Reports a difference."""
        self._mark(uuid, Aspect.STATE | Aspect.CONFIG | Aspect.LIVE)

    async def refresh(self, uuid: str, aspects: Aspect) -> ObservedDomain | None:
        async with self.exclusively(uuid):
            seen = await self._connection.run(lambda: self.read(uuid, aspects), "read a domain")
            self._apply({uuid: seen})
            return seen

    async def next_change(self, uuid: str) -> None:
        """Returns when this domain was read after an event."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(uuid, []).append(future)
        await future

    # Noticing

    def notice(self, events: list[DomainEvent]) -> None:
        """Takes events. Of several events of one kind the first is taken for our own; the others still cause a reading."""
        for event in events:
            if event.kind is EventKind.NETWORK:
                self._network_changed()
                continue
            if not self._take_expected(event.uuid, event.kind):
                self._mark(event.uuid, NEEDS[event.kind])

    def _take_expected(self, uuid: str, kind: EventKind) -> bool:
        deadlines = self._expected.pop((uuid, kind), [])
        valid = [deadline for deadline in deadlines if deadline >= time.monotonic()]
        if len(valid) > 1:
            self._expected[uuid, kind] = valid[1:]
        return bool(valid)

    def _mark(self, uuid: str, aspects: Aspect) -> None:
        self._dirty[uuid] = self._dirty.get(uuid, Aspect.STATE) | aspects
        self._schedule()

    def _schedule(self) -> None:
        if self._flush_due is None and not self._listing and not self._closed:
            self._flush_due = asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Reads the marked domains. Those that are being acted on wait for the end of that (see ``exclusively``)."""
        self._flush_due = None
        free = {uuid: aspects for uuid, aspects in self._dirty.items() if uuid not in self._locks}
        for uuid in free:
            del self._dirty[uuid]
        if free:
            task = attended(asyncio.get_running_loop().create_task(self._read_dirty(free), name="read domains"))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _read_dirty(self, wanted: dict[str, Aspect]) -> None:
        try:
            await self._read_many(wanted, None)
        except DriverError as error:
            # A new connection lists everything again; the next resync finds anything else.
            _log.info("reading %d domains after events: %s", len(wanted), error)

    async def _read_many(self, wanted: dict[str, Aspect], bulk: Bulk | None) -> None:
        uuids = list(wanted)
        chunks = [uuids[start : start + CHUNK] for start in range(0, len(uuids), CHUNK)]
        if len(uuids) > REQUESTS:
            await asyncio.gather(*(self._read_chunk(chunk, wanted, bulk) for chunk in chunks))
        else:
            await asyncio.gather(*(self._read_chunk([uuid], wanted, bulk) for uuid in uuids))

    async def _read_chunk(self, uuids: list[str], wanted: dict[str, Aspect], bulk: Bulk | None) -> None:
        async with AsyncExitStack() as locks:
            for uuid in sorted(uuids):  # in one order everywhere, so that two tasks cannot wait for each other
                await locks.enter_async_context(self.exclusively(uuid))
            self._apply(await self._connection.run(lambda: self._read_all(uuids, wanted, bulk), "read domains"))

    def _read_all(self, uuids: list[str], wanted: dict[str, Aspect], bulk: Bulk | None) -> Readings:
        """Reads several domains, on one of the connection's threads. One that cannot be read does not hide the others."""
        readings: Readings = {}
        for uuid in uuids:
            try:
                if bulk is None:
                    readings[uuid] = self.read(uuid, wanted[uuid])
                else:
                    readings[uuid] = self._reader.read(self._connection.domain(uuid), None, wanted[uuid], bulk)
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                    readings[uuid] = None
                elif not self._connection.alive():
                    raise
                else:
                    _log.warning("cannot read the domain %s: %s", uuid, error)
            except ValueError as error:
                _log.warning("the definition of the domain %s cannot be understood: %s", uuid, error)
        return readings

    def _apply(self, readings: Mapping[str, ObservedDomain | None]) -> None:
        for uuid, seen in readings.items():
            changed = self._store(uuid, seen)
            for future in self._waiting.pop(uuid, ()):
                if not future.done():
                    future.set_result(None)
            if changed:
                self._changed(uuid)

    def _store(self, uuid: str, seen: ObservedDomain | None) -> bool:
        """Stores a reading, and tells whether it differs from what was known."""
        before = self._domains.get(uuid)
        if seen == before:
            return False
        if before is not None and self._by_name.get(before.name) == uuid:
            del self._by_name[before.name]
        if seen is None:
            self._domains.pop(uuid, None)
            self._reader.forget(uuid)
        else:
            self._domains[uuid] = seen
            self._by_name[seen.name] = uuid
        return True


def _differs(known: ObservedDomain, handle: libvirt.virDomain, bulk: Bulk) -> bool:
    """Tells whether the bulk reading shows something new. The handle is as fresh as the reading."""
    uuid = known.uuid
    state = bulk.states.get(uuid)
    if state is not None and state != (known.state, known.reason):
        return True
    running_id = handle.ID()
    if known.run and running_id != -1 and known.run.partition("-")[0] != str(running_id):
        return True
    return (
        (uuid in bulk.autostart) != known.autostart
        or (uuid in bulk.saved) != known.managed_save
        or (uuid in bulk.transient) == known.persistent
        or handle.name() != known.name
    )


def _known_disks(known: ObservedDomain) -> set[str]:
    config = known.live or known.config
    return {disk.source for disk in config.disks if disk.source} if config else set()


def gone(uuid: str) -> DomainGone:
    return DomainGone(f"the domain {uuid} is not on the host any more")
