"""A console that another API server serves, which is beside the machine's host: its messages are passed on as they come, and so
is how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import falcon
import falcon.asgi
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from homeostat.accounts.consoles import Ticket
from homeostat.consoles.signalling import SIGNALLING
from homeostat.consoles.sitting import Close, End
from homeostat.service.files.host_reach import OnAnotherApi

from ..http.actor import who
from ..http.answers.pass_on import PASSED_ON
from ..http.errors import Problem
from .room import ConsoleRoom
from .sockets import close_socket

CODE = "console_unavailable"
PATIENCE = 10.0  # seconds for the other server to answer, and for a viewer to take the last word
GOODBYE = 2.0  # seconds for the other server to say that it is closed, too
LOOK = 0.5  # seconds between looks whether this server stops
MESSAGE_MAX = 2**20  # bytes of one message; an API server sends 64 KB at once
WAITING = 4  # messages that wait for a viewer who is slow; the other server notices that he is
_LEFT = (ConnectionClosed, falcon.WebSocketDisconnected, OSError)


async def passed_on(room: ConsoleRoom, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, ticket: Ticket, spoken: str) -> bool:
    """Tells whether a console is beside another API server. Then it was passed on, and is over. ``spoken``: its subprotocol.

    Raises:
        Problem: see ``pass_on_socket``.
    """
    if (there := await room.elsewhere(ticket, who(req))) is None:
        return False
    await pass_on_socket(req, ws, there, (spoken, await room.again(ticket)), room.stopping)
    return True


async def pass_on_socket(
    req: falcon.asgi.Request,
    ws: falcon.asgi.WebSocket,
    there: OnAnotherApi,
    protocols: Sequence[str],
    stopping: Callable[[], bool],
) -> None:
    """Couples a viewer with the API server that his console is beside, until one of them leaves. ``protocols``: what is spoken,
    and a ticket that the other server knows, too. Viewers send texts where they bring two sides together, and else bytes.

    Raises:
        Problem: it does not answer, refuses, or would pass the console on to us.
    """
    if req.get_header(PASSED_ON):
        said = f"{there}, as the operator there says, and that one is not: correct its --api-address"
        raise Problem(409, CODE, said, {"host": there.host, "api": there.address})
    far = await _connected(req, there, protocols)
    try:
        await ws.accept(protocols[0])
        end = await _coupled(ws.receive_text if protocols[0] == SIGNALLING else ws.receive_data, ws, far, stopping)
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(PATIENCE):
                await close_socket(ws, end)
    finally:
        await far.close()


async def _connected(req: falcon.asgi.Request, there: OnAnotherApi, protocols: Sequence[str]) -> ClientConnection:
    address = there.address.rstrip("/").replace("http", "ws", 1) + quote(req.path)
    about = {"host": there.host, "api": there.address}
    try:
        return await connect(
            address,
            subprotocols=[Subprotocol(one) for one in protocols],
            additional_headers={PASSED_ON: "1"},
            compression=None,
            open_timeout=PATIENCE,
            close_timeout=GOODBYE,
            max_size=MESSAGE_MAX,
            max_queue=WAITING,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        said = f"{there}, which refuses it: {_reason(error)}"
        raise Problem(status if status in (409, 429, 503) else 409, CODE, said, about) from error
    except (OSError, TimeoutError, WebSocketException, ValueError) as error:
        why = str(error) or type(error).__name__
        said = f"{there}, which does not answer ({why}): look whether it runs"
        raise Problem(503, CODE, said, about, headers={"Retry-After": "30"}) from error


def _reason(error: InvalidStatus) -> str:
    try:
        return str(json.loads(error.response.body)["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.response.status_code}"


async def _coupled(
    receive: Callable[[], Awaitable[str | bytes]], ws: falcon.asgi.WebSocket, far: ClientConnection, stopping: Callable[[], bool]
) -> End:
    """Passes messages on both ways, and returns how it ended."""

    async def to_server() -> None:
        while True:
            await far.send(await receive())

    async def to_viewer() -> None:
        async for message in far:
            await (ws.send_text(message) if isinstance(message, str) else ws.send_data(message))

    ways: list[Coroutine[Any, Any, None]] = [to_server(), to_viewer()]
    tasks = [asyncio.create_task(way) for way in ways]
    ended = asyncio.create_task(far.wait_closed())
    try:
        while not (await asyncio.wait({*tasks, ended}, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED))[0]:
            if stopping():
                return End(Close.GOING_AWAY, "the server stops: connect again")
        if ended.done():  # what the other server said last is still on its way to the viewer
            await asyncio.wait({tasks[1]}, timeout=PATIENCE)
        return _end_of(far, tasks)
    finally:
        for task in (*tasks, ended):
            task.cancel()
        await asyncio.gather(*tasks, ended, return_exceptions=True)


def _end_of(far: ClientConnection, tasks: Sequence[asyncio.Task[None]]) -> End:
    for task in tasks:
        error = task.exception() if task.done() and not task.cancelled() else None
        if isinstance(error, falcon.PayloadTypeError):
            return End(Close.PROTOCOL, "the viewer sent a text where there are bytes, or bytes where there are texts")
        if error is not None and not isinstance(error, _LEFT):
            raise error
    if (said := far.close_code) is None:
        return End(Close.DONE, "the viewer left")
    if said == CloseCode.ABNORMAL_CLOSURE:
        return End(Close.LATER, "the API server beside the machine's host went away: connect again")
    return End(Close(said) if said in set(Close) else Close.DONE, far.close_reason or "")
