"""A large body is read from its socket by a thread: what was held first, then the rest, and nothing behind its end."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat_api.http.requests import direct
from homeostat_api.http.requests.direct import KEY, LEAST, DirectBody

Pair = tuple[socket.socket, socket.socket]


class Connection:
    """One whose parser holds something already."""

    def __init__(self, ours: socket.socket, held: bytes) -> None:
        self._ours, self._held = ours, held
        self.given_back: list[bool] = []
        self.handle = -1

    def take_body(self) -> tuple[bytes, int]:
        self.handle = os.dup(self._ours.fileno())
        return self._held, self.handle

    def give_body_back(self, complete: bool) -> None:
        self.given_back.append(complete)


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def body_of(connection: Connection, length: int, *chunks: bytes) -> DirectBody:
    return DirectBody(SimpleNamespace(stream=_chunks(*chunks)), connection, length)  # type: ignore[arg-type]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


async def whole(body: DirectBody, part: int = 4) -> bytes:
    """All that arrives, read in parts."""
    found = bytearray()

    def work(receive: Any) -> None:
        buffer = memoryview(bytearray(part))
        while size := receive(buffer):
            found.extend(buffer[:size])

    await body.run(work)
    return bytes(found)


@pytest.mark.parametrize("part", [1, 4, 100])
async def test_it_is_read_in_order_and_not_beyond_its_end(pair: Pair, part: int) -> None:
    connection = Connection(pair[0], b"defgh")
    pair[1].sendall(b"ijkl" + b"GET / HTTP/1.1")
    assert await whole(body_of(connection, 12, b"abc", b"never"), part) == b"abcdefghijkl"
    assert connection.given_back == [True] and not direct._running
    with pytest.raises(OSError):
        os.fstat(connection.handle)  # it was closed
    assert pair[0].recv(100) == b"GET / HTTP/1.1"


async def test_a_cut_ends_it(pair: Pair) -> None:
    connection = Connection(pair[0], b"")
    pair[1].sendall(b"ab")
    pair[1].close()
    assert await whole(body_of(connection, 12)) == b"ab" and connection.given_back == [False]


async def test_one_that_does_not_go_on_ends(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "BODY_SECONDS", -1.0)
    connection = Connection(pair[0], b"ab")
    assert await whole(body_of(connection, 12)) == b"ab" and connection.given_back == [False]


async def test_each_part_has_its_time(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 20.0, 45.0])  # made; after a part; where nothing is there
    monkeypatch.setattr(direct.time, "monotonic", lambda: next(times, 99.0))
    monkeypatch.setattr(direct, "BODY_PART", 2)
    monkeypatch.setattr(direct, "LOOK", 0.0)
    reader = direct._Reader(b"", pair[0].fileno(), 9)
    pair[1].sendall(b"ab")
    assert reader.receive(memoryview(bytearray(2))) == 2
    assert reader.receive(memoryview(bytearray(2))) == 0 and reader.left == 7
    assert next(times, None) is None, "at 45 s the second part had its time still, at 99 s no more"


async def test_who_gives_up_ends_the_thread(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "LOOK", 0.01)
    connection, begun = Connection(pair[0], b""), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(receive: Any) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert receive(memoryview(bytearray(4))) == 0

    task = asyncio.create_task(body_of(connection, 12).run(work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert connection.given_back == [False] and not direct._running


def test_only_what_is_worth_while_is_read_so(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(length: int | None, scope: dict[str, Any]) -> DirectBody | None:
        return direct.direct(SimpleNamespace(scope=scope, content_length=length))  # type: ignore[arg-type]

    ours = {KEY: Connection(pair[0], b"")}
    made = asked(LEAST, ours)
    assert made is not None and made.length == LEAST
    assert asked(LEAST - 1, ours) is asked(None, ours) is asked(LEAST, {}) is None
    monkeypatch.setattr(direct, "_running", set(range(direct.AT_ONCE - 1)))
    assert asked(LEAST, ours) is not None
    monkeypatch.setattr(direct, "_running", set(range(direct.AT_ONCE)))
    assert asked(LEAST, ours) is None
