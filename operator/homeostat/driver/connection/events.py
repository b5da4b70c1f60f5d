"""libvirt's events, brought from its thread to our loop. What they mean is decided in inventory.py."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import Any

import libvirt

from ..xml import NAMESPACE
from .connection import LibvirtConnection

DEBOUNCE = 0.01  # seconds


class Aspect(Flag):
    """What of a domain is to be read again. Its state is always read."""

    STATE = auto()
    CONFIG = auto()  # the definition
    LIVE = auto()  # what runs
    FLAGS = auto()  # persistent, autostart, managed save


class EventKind(StrEnum):
    DEFINED = "defined"
    UNDEFINED = "undefined"
    STARTED = "started"
    STATE = "state"  # any other change of state
    METADATA = "metadata"
    DEVICES = "devices"  # attached, detached, tray, medium, a block job that moved a disk
    MEMORY = "memory"  # given to the guest, or taken from it
    NETWORK = "network"  # of the host: uuid is empty


NEEDS: dict[EventKind, Aspect] = {
    EventKind.DEFINED: Aspect.STATE | Aspect.CONFIG | Aspect.FLAGS,
    EventKind.UNDEFINED: Aspect.STATE | Aspect.FLAGS,
    EventKind.STARTED: Aspect.STATE | Aspect.LIVE,
    EventKind.STATE: Aspect.STATE,
    EventKind.METADATA: Aspect.STATE | Aspect.CONFIG | Aspect.LIVE,
    EventKind.MEMORY: Aspect.STATE | Aspect.LIVE,
    EventKind.DEVICES: Aspect.STATE | Aspect.CONFIG | Aspect.LIVE,
}


@dataclass(frozen=True, slots=True)
class DomainEvent:
    kind: EventKind
    uuid: str = ""


_LIFECYCLE = {
    libvirt.VIR_DOMAIN_EVENT_DEFINED: EventKind.DEFINED,
    libvirt.VIR_DOMAIN_EVENT_UNDEFINED: EventKind.UNDEFINED,
    libvirt.VIR_DOMAIN_EVENT_STARTED: EventKind.STARTED,
}


class EventFeed:
    """The events of one connection. They are delivered together, DEBOUNCE after the first. So a burst causes one wake-up, and a
    reboot, which stops and starts, is seen as a whole."""

    def __init__(self, deliver: Callable[[list[DomainEvent]], None]) -> None:
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[EventKind, libvirt.virDomain | None]] = deque()
        self._woken = False
        self._ids: list[int] = []
        self._network_ids: list[int] = []
        self._handle: libvirt.virConnect | None = None

    def register(self, connection: LibvirtConnection) -> None:
        """Registers the callbacks, on one of the connection's threads. A driver that lacks a kind of event has none to report."""
        handle, request = connection.main, connection.request
        self._handle = handle
        for event, callback in (
            (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._lifecycle),
            (libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, self._metadata),
            (libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, self._state),
            (libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR, self._state),
            (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, self._devices),
            (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, self._devices),
            (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, self._devices),
            (libvirt.VIR_DOMAIN_EVENT_ID_TRAY_CHANGE, self._devices),
            (libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, self._devices),
            (libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, self._agent),
            (libvirt.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, self._memory),
        ):
            with contextlib.suppress(libvirt.libvirtError):
                self._ids.append(request(handle.domainEventRegisterAny, None, event, callback, None))
        with contextlib.suppress(libvirt.libvirtError):
            self._network_ids.append(
                request(handle.networkEventRegisterAny, None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, self._network, None)
            )

    def deregister(self) -> None:
        """Removes the callbacks: one that stays would keep the connection open."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        for event in self._ids:
            with contextlib.suppress(libvirt.libvirtError):
                handle.domainEventDeregisterAny(event)
        for event in self._network_ids:
            with contextlib.suppress(libvirt.libvirtError):
                handle.networkEventDeregisterAny(event)
        self._ids, self._network_ids = [], []

    # From here on: on libvirt's event thread.

    def _lifecycle(self, _conn: Any, domain: libvirt.virDomain, event: int, _detail: int, _opaque: Any) -> None:
        self._put(_LIFECYCLE.get(event, EventKind.STATE), domain)

    def _metadata(self, _conn: Any, domain: libvirt.virDomain, _type: int, namespace: str | None, _opaque: Any) -> None:
        if namespace in (None, NAMESPACE):
            self._put(EventKind.METADATA, domain)

    def _state(self, _conn: Any, domain: libvirt.virDomain, *_rest: Any) -> None:
        self._put(EventKind.STATE, domain)

    def _devices(self, _conn: Any, domain: libvirt.virDomain, *_rest: Any) -> None:
        self._put(EventKind.DEVICES, domain)

    def _agent(self, _conn: Any, domain: libvirt.virDomain, _state: int, reason: int, _opaque: Any) -> None:
        """Leaves out what comes with every start of a domain: that is another event, which has everything read."""
        if reason != libvirt.VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED:
            self._put(EventKind.DEVICES, domain)

    def _memory(self, _conn: Any, domain: libvirt.virDomain, *_rest: Any) -> None:
        self._put(EventKind.MEMORY, domain)

    def _network(self, *_rest: Any) -> None:
        self._put(EventKind.NETWORK, None)

    def _put(self, kind: EventKind, domain: libvirt.virDomain | None) -> None:
        self._waiting.append((kind, domain))  # its uuid needs a call of libvirt: not on this thread
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody needs them
                self._loop.call_soon_threadsafe(self._loop.call_later, DEBOUNCE, self._drain)

    def _drain(self) -> None:
        """Delivers the events, on the asyncio loop."""
        self._woken = False  # before emptying: an event in between may wake us once too often, but never too seldom
        events = []
        while self._waiting:
            kind, domain = self._waiting.popleft()
            events.append(DomainEvent(kind, "" if domain is None else domain.UUIDString()))
        self._deliver(events)
