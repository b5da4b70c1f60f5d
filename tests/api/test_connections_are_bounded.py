"""What clients hold is bounded in number and in time, and the log of it in length. Deadlines are tried here, shortened."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from homeostat_api.connections import connection
from homeostat_api.connections.connection import Connection
from homeostat_api.connections.worker import Worker
from tests.api.harness import serving

HOST = b"Host: localhost\r\n"
HALF = b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Half: "
SHORT = 0.05


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "READ_SECONDS", "LINGER_SECONDS", "ENDED_SECONDS"):
        monkeypatch.setattr(connection, name, SHORT)
    monkeypatch.setattr(connection, "BODY_SECONDS", SHORT * 1.5)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, short_deadlines: None) -> None:
    """For what must not depend on how loaded the host is."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "READ_SECONDS", "LINGER_SECONDS", "ENDED_SECONDS"):
        monkeypatch.setattr(connection, name, 60)


class Served:
    """A worker without gunicorn's process around it."""

    def __init__(self, most: int = 100) -> None:
        self.worker = Worker(0, 0, [], None, 30, Config(), Logger(Config()))
        self.worker.worker_connections = most
        self.worker.asgi = self.application
        self.worker.loop = asyncio.get_running_loop()
        self.worker.cfg.set("keepalive", 75)
        self.asked: list[bytes] = []
        self.answer = b"yes"
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.asked.append(body)
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self.answer})

    async def client(self, *sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"".join(sent))
        return reader, writer


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    found = Served()
    server = await found.worker.loop.create_server(lambda: Connection(found.worker), "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    yield found
    server.close()


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not what():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def status_of(answer: bytes) -> int:
    """Of the last answer there is; an error has the API's shape."""
    head, _, body = answer[answer.rindex(b"HTTP/1.1 ") :].partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if status != 200:
        assert set(json.loads(body)) == {"error", "code", "details"}, body
    return status


GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", None),
        (b"G", 408),
        (HALF, 408),
        (HALF + b"a\r\n", 408),
        (POST + b"Content-Length: 9\r\n\r\n", 408),
        (POST + b"Content-Length: 9\r\n\r\n{}", 408),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", 408),
        (GET + HALF, 408),  # the second request of a connection
        (GET + POST + b"Content-Length: 9\r\n\r\n{}", 408),
    ],
)
async def test_security_6_half_a_request_ends_at_its_deadline(served: Served, sent: bytes, status: int | None) -> None:
    reader, writer = await served.client(sent)
    answer = await asyncio.wait_for(reader.read(), 20)
    assert (status_of(answer) if answer else None) == status
    if status:
        body = b"\r\n\r\n" in sent.removeprefix(GET)
        assert (b"body did not arrive within 0.075" if body else b"headers did not arrive within 0.05") in answer
    assert served.asked == ([b""] if sent.startswith(GET) else [])
    writer.close()
    await until(lambda: served.worker.nr_conns == 0)
    assert served.worker.waiting == {}


async def test_security_6_drops_do_not_put_a_deadline_off(served: Served) -> None:
    reader, writer = await served.client(HALF)

    async def drip() -> None:
        while not writer.is_closing():
            writer.write(b"a")
            await asyncio.sleep(SHORT / 10)

    dripping = asyncio.create_task(drip())
    assert status_of(await asyncio.wait_for(reader.read(), 20)) == 408
    dripping.cancel()
    writer.close()


async def test_security_6_who_does_not_read_is_left(served: Served) -> None:
    served.answer = b"x" * 2**25
    _, writer = await served.client(GET)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await until(lambda: served.worker.nr_conns == 1)
    await until(lambda: served.worker.nr_conns == 0)
    writer.transport.abort()


async def test_security_6_a_slow_answer_is_no_slow_client(served: Served) -> None:
    served.go_on.clear()
    reader, writer = await served.client(GET)
    await asyncio.sleep(SHORT * 3)
    served.go_on.set()
    assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_security_6_who_asked_and_ended_is_answered_but_not_for_ever(
    served: Served, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = await served.client(GET)
    writer.write_eof()
    assert status_of(await asyncio.wait_for(reader.read(), 20)) == 200
    served.go_on.clear()
    monkeypatch.setattr(connection, "ENDED_SECONDS", SHORT)
    reader, writer = await served.client(GET)
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 20) == b""
    await until(lambda: served.worker.nr_conns == 0)
    writer.close()


async def test_security_6_a_body_that_is_cut_off_is_not_acted_on(served: Served, patient: None) -> None:
    """Also where what came is whole JSON."""
    for end in ("eof", "reset"):
        reader, writer = await served.client(POST, b"Content-Length: 30\r\n\r\n{}")
        await until(lambda: any(one._body_is_missing() for one in served.worker.waiting))
        if end == "eof":
            writer.write_eof()
            assert status_of(await asyncio.wait_for(reader.read(), 20)) == 400
        else:
            writer.transport.abort()
        await until(lambda: served.worker.nr_conns == 0)
        assert served.asked == []
        writer.close()


async def test_security_6_who_keeps_us_waiting_gives_way(served: Served, patient: None) -> None:
    served.worker.worker_connections = 3
    served.go_on.clear()
    busy, idle, half = await served.client(GET), await served.client(), await served.client(HALF)
    await until(lambda: len(served.worker.waiting) == 2 and served.asked != [])
    newest = await served.client(GET)
    assert await asyncio.wait_for(idle[0].read(), 20) == b""  # nothing was asked: nothing is answered
    another = await served.client(GET)
    assert status_of(await asyncio.wait_for(half[0].read(), 20)) == 503
    refused = await served.client(GET)
    assert status_of(await asyncio.wait_for(refused[0].read(), 20)) == 503  # all the others are being served
    served.go_on.set()
    for reader, _ in (busy, newest, another):
        assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 200")
    for _, writer in (busy, idle, half, newest, another, refused):
        writer.close()


def test_security_6_1100_half_requests_leave_the_api_reachable(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        with serving(tmp_path, "--max-connections", "500") as api, ExitStack() as held:
            for number in range(1_100):
                half = held.enter_context(socket.create_connection(("127.0.0.1", api.port), 20))
                half.sendall(HALF if number % 2 else b"")
                if number % 100 == 0:
                    assert api.http.get("/healthz").status_code == 200
            for path in ("/healthz", "/api/v1/vms"):
                assert api.http.get(path, headers={"Connection": "close"}).status_code == 200
            api.create("made-meanwhile")
            worker = int(Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()[0])
            assert len(list(Path(f"/proc/{worker}/fd").iterdir())) < 600
        assert (tmp_path / "api.log").stat().st_size < 20_000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
