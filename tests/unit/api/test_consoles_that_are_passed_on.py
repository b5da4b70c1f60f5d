"""A console beside another API server: its messages go both ways as they are, and it ends here as it ends there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import falcon
import falcon.asgi
import pytest
from falcon.errors import WebSocketDisconnected
from falcon.testing import ASGIConductor, ASGIWebSocketSimulator
from websockets.asyncio.server import Request, Response, ServerConnection, serve
from websockets.typing import Subprotocol

from homeostat.consoles.signalling import SIGNALLING
from homeostat.service.files.host_reach import OnAnotherApi
from homeostat_api.consoles.passing import pass_on_socket
from homeostat_api.errors import ANSWERS
from homeostat_api.http import errors
from homeostat_api.http.answers.pass_on import PASSED_ON
from homeostat_api.http.errors import Problem
from tests.rig.waiting import free_port

TICKET = "hsc_another"
Session = Callable[[ServerConnection], Awaitable[None]]


async def echo(far: ServerConnection) -> None:
    async for message in far:
        await far.send(message)


class Passed:
    def __init__(self, address: str) -> None:
        self._there = OnAnotherApi("west", address)
        self.spoken = "binary"
        self.stops = False
        self.said = ""

    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        try:
            await pass_on_socket(req, ws, self._there, (self.spoken, TICKET), lambda: self.stops)
        except Problem as problem:
            self.said = problem.message
            raise


class Place:
    def __init__(self, conductor: ASGIConductor, resource: Passed, asked: list[Request]) -> None:
        self._conductor, self.resource, self.asked = conductor, resource, asked

    @asynccontextmanager
    async def viewer(self, **headers: str) -> AsyncIterator[ASGIWebSocketSimulator]:
        async with self._conductor.simulate_ws(
            "/console", headers=headers, subprotocols=["binary"], spec_version="2.4"
        ) as viewer:
            yield viewer

    async def refused(self, **headers: str) -> int:
        with pytest.raises(WebSocketDisconnected) as failure:
            async with self.viewer(**headers):
                pass
        return failure.value.code


@asynccontextmanager
async def beside(session: Session, refusal: Callable[..., Response | None] | None = None) -> AsyncIterator[Place]:
    """Where we are, and another API server."""
    asked: list[Request] = []

    def look(connection: ServerConnection, request: Request) -> Response | None:
        asked.append(request)
        return refusal(connection, request) if refusal else None

    port = free_port()
    async with (
        serve(session, "127.0.0.1", port, subprotocols=[Subprotocol("binary"), Subprotocol(SIGNALLING)], process_request=look),
        passing(f"http://127.0.0.1:{port}", asked) as place,
    ):
        yield place


@asynccontextmanager
async def passing(address: str, asked: list[Request] | None = None) -> AsyncIterator[Place]:
    app = falcon.asgi.App()
    errors.install(app, ANSWERS)
    resource = Passed(address)
    app.add_route("/console", resource)
    async with ASGIConductor(app) as conductor:
        yield Place(conductor, resource, asked if asked is not None else [])


async def ended(viewer: ASGIWebSocketSimulator) -> tuple[int | None, str]:
    with suppress(WebSocketDisconnected):
        while True:
            await viewer._receive()
    return viewer.close_code, viewer.close_reason or ""


async def test_messages_go_both_ways_as_they_are() -> None:
    async def there(far: ServerConnection) -> None:
        await far.send('{"type": "opened"}')
        await echo(far)

    async with beside(there) as place, place.viewer() as viewer:
        assert viewer.subprotocol == "binary"
        assert await viewer.receive_text() == '{"type": "opened"}'
        for data in (b"RFB 003.008\n", b"", bytes(range(256)) * 1024):
            await viewer.send_data(data)
            assert await viewer.receive_data() == data
        asked = place.asked[0].headers
        assert (asked["Sec-WebSocket-Protocol"], asked[PASSED_ON]) == ("binary, hsc_another", "1")
        assert place.asked[0].path == "/console" and "Origin" not in asked


@pytest.mark.parametrize(("code", "why"), [(1000, "the viewer left"), (1008, "ended by root"), (1012, "the machine began again")])
async def test_it_ends_as_the_other_one_says(code: int, why: str) -> None:
    async def there(far: ServerConnection) -> None:
        await far.send(b"last")
        await far.close(code, why)

    async with beside(there) as place, place.viewer() as viewer:
        assert await viewer.receive_data() == b"last"
        assert await ended(viewer) == (code, why)


async def test_the_other_one_dies() -> None:
    async def there(far: ServerConnection) -> None:
        await far.recv()
        far.transport.abort()

    async with beside(there) as place, place.viewer() as viewer:
        await viewer.send_data(b"!")
        assert await ended(viewer) == (1013, "the API server beside the machine's host went away: connect again")


async def test_a_viewer_who_leaves_leaves_there_too() -> None:
    left = asyncio.Event()

    async def there(far: ServerConnection) -> None:
        await far.wait_closed()
        left.set()

    async with beside(there) as place:
        async with place.viewer() as viewer:
            await viewer.close()
        async with asyncio.timeout(10):
            await left.wait()


SAID = "the viewer sent a text where there are bytes, or bytes where there are texts"


async def test_one_who_sends_a_text_is_told_so_and_leaves_there_too() -> None:
    left = asyncio.Event()

    async def there(far: ServerConnection) -> None:
        assert [message async for message in far] == []
        left.set()

    async with beside(there) as place, place.viewer() as viewer:
        await viewer.send_text("hello")
        assert await ended(viewer) == (1002, SAID)
        async with asyncio.timeout(10):
            await left.wait()


async def test_two_sides_are_brought_together_by_texts() -> None:
    async with beside(echo) as place:
        place.resource.spoken = SIGNALLING
        async with place.viewer() as viewer:
            await viewer.send_text('{"type": "bye"}')
            assert await viewer.receive_text() == '{"type": "bye"}'
            assert viewer.subprotocol == SIGNALLING
            await viewer.send_data(b"bytes")
            assert await ended(viewer) == (1002, SAID)


async def test_it_ends_when_this_server_stops() -> None:
    async with beside(echo) as place, place.viewer() as viewer:
        place.resource.stops = True
        assert await ended(viewer) == (1001, "the server stops: connect again")


@pytest.mark.parametrize(("status", "said"), [(409, 409), (429, 429), (503, 503), (401, 409), (404, 409)])
async def test_what_the_other_one_refuses_is_refused(status: int, said: int) -> None:
    def refusal(connection: ServerConnection, _request: Any) -> Response:
        return connection.respond(status, '{"error": "no"}')  # type: ignore[arg-type]

    async with beside(echo, refusal) as place:
        assert await place.refused() == 3000 + said


async def test_nobody_answers_there() -> None:
    async with passing(f"http://127.0.0.1:{free_port()}") as place:
        assert await place.refused() == 3503


@pytest.mark.parametrize(("failure", "why"), [(TimeoutError(), "TimeoutError"), (OSError("no route"), "no route")])
async def test_why_nobody_answers_is_said(monkeypatch: pytest.MonkeyPatch, failure: Exception, why: str) -> None:
    async def fail(*_given: object, **_more: object) -> None:
        raise failure

    monkeypatch.setattr("homeostat_api.consoles.passing.connect", fail)
    async with passing("http://west:8080") as place:
        assert await place.refused() == 3503
        assert place.resource.said.endswith(f", which does not answer ({why}): look whether it runs")


async def test_never_in_a_circle() -> None:
    async with beside(echo) as place:
        assert await place.refused(**{PASSED_ON: "1"}) == 3409
        assert place.asked == []
