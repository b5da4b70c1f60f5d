"""What libvirt tells of a guest's agent causes a reading, but for what comes with every start."""

from __future__ import annotations

import asyncio
from typing import Any

import libvirt
import pytest

from homeostat.driver.connection import events
from homeostat.driver.connection.events import DomainEvent, EventFeed, EventKind


class Domain:
    def UUIDString(self) -> str:
        return "uuid"


@pytest.mark.parametrize(
    ("reason", "kinds"),
    [
        (libvirt.VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED, [EventKind.STARTED]),
        (libvirt.VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL, [EventKind.DEVICES, EventKind.STARTED]),
    ],
)
async def test_a_start_is_one_event(monkeypatch: pytest.MonkeyPatch, reason: int, kinds: list[EventKind]) -> None:
    monkeypatch.setattr(events, "DEBOUNCE", 0.0)
    told: asyncio.Queue[list[DomainEvent]] = asyncio.Queue()
    feed, domain = EventFeed(told.put_nowait), Domain()
    callbacks: dict[int, Any] = {}

    class Connection:
        main = None

        def request(self, function: Any, _domain: object, event: int, callback: Any, _opaque: object) -> int:
            callbacks.setdefault(event, callback)  # of domains first: networks count from 0, too
            return event

    class Handle:
        def domainEventRegisterAny(self) -> None: ...

        def networkEventRegisterAny(self) -> None: ...

    Connection.main = Handle()  # type: ignore[assignment]
    feed.register(Connection())  # type: ignore[arg-type]
    callbacks[libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE](None, domain, 2, reason, None)
    callbacks[libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE](None, domain, libvirt.VIR_DOMAIN_EVENT_STARTED, 0, None)
    async with asyncio.timeout(5):
        got = await told.get()
    assert [(event.kind, event.uuid) for event in got] == [(kind, "uuid") for kind in kinds]
