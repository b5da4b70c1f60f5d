"""A viewer behind a WebSocket is told words where it understands them, and has left as soon as it is gone."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import falcon
import pytest

from homeostat.consoles.sitting import Close, End, Left
from homeostat_api.consoles.viewer import SocketViewer


class Socket:
    """Takes what is sent, and returns what is to be received; or raises an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.sent = error, list[object]()

    async def _done(self, said: object) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append(said)

    send_data = send_text = _done

    async def receive_data(self) -> bytearray:
        await self._done("asked")
        return bytearray(b"ls")


def viewer(socket: Socket, understands: bool = True) -> SocketViewer:
    known: Any = socket
    return SocketViewer(known, understands)


async def test_what_it_is_told() -> None:
    socket, word = Socket(), {"type": "control", "controls": True}
    await viewer(socket).send(b"booted")
    await viewer(socket).say(word)
    await viewer(socket, understands=False).say(word)
    assert socket.sent == [b"booted", json.dumps(word)], "no words to one that understands none"
    assert viewer(socket).understands and not viewer(socket, understands=False).understands
    got = await viewer(socket).receive()
    assert got == b"ls" and isinstance(got, bytes)


@pytest.mark.parametrize("error", [falcon.WebSocketDisconnected(1001), ConnectionResetError()], ids=["closed", "cut off"])
@pytest.mark.parametrize(
    "ask",
    [lambda viewer: viewer.receive(), lambda viewer: viewer.send(b"a"), lambda viewer: viewer.say({})],
    ids=["receive", "send", "say"],
)
async def test_it_has_left(error: Exception, ask: Callable[[SocketViewer], Awaitable[object]]) -> None:
    with pytest.raises(Left):
        await ask(viewer(Socket(error)))


async def test_one_that_sends_texts_is_none() -> None:
    with pytest.raises(Left) as left:
        await viewer(Socket(falcon.PayloadTypeError("text"))).receive()
    assert left.value.end == End(Close.PROTOCOL, "the viewer sent a text, and takes part in bytes only")
