"""What another API server has is passed on as it comes: its head, its bytes, its refusals; and never in a circle."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import falcon
import falcon.asgi
import httpx
import pytest
from falcon import testing
from falcon.asgi import Request, Response
from falcon.testing import Result, TestClient

from homeostat.service.files.host_reach import OnAnotherApi
from homeostat_api.errors import ANSWERS
from homeostat_api.http import errors, media
from homeostat_api.http.answers.download import GONE
from homeostat_api.http.answers.pass_on import PASSED_ON, PassingCodes, pass_on

CODES = PassingCodes("exports_elsewhere", "export_failed")
WHOLE = b'HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Range: bytes 4-7/9\r\nETag: "a"\r\nServer: x\r\n\r\ndisk'


@contextlib.contextmanager
def another(answer: bytes, until: str = "\r\n\r\n") -> Iterator[tuple[str, list[str]]]:
    """A server that gives one answer and closes, or none and waits. Yields its address, and what it was asked."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as client:
                while not "".join(asked).endswith(until):
                    asked.append(client.recv(65536).decode())
                if not answer:
                    client.recv(1)  # until whoever asked has gone
                client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        thread.join(30)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[httpx.AsyncClient]:
    """Returns those with which other servers are asked."""
    made: list[httpx.AsyncClient] = []

    class Client(httpx.AsyncClient):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            made.append(self)

    monkeypatch.setattr(httpx, "AsyncClient", Client)
    return made


class Passed:
    within: float | None = None

    def __init__(self, address: str) -> None:
        self._address = address

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await pass_on(req, resp, OnAnotherApi("west", self._address), CODES, answers_within=self.within)

    on_delete = on_get

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await pass_on(req, resp, OnAnotherApi("west", self._address), CODES, await req.get_media())


def got(address: str, query: str = "", **headers: str) -> Result:
    app = falcon.asgi.App()
    errors.install(app, ANSWERS)
    media.install(app)
    app.add_route("/file", Passed(address))
    return TestClient(app).simulate_get("/file", query_string=query, headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_the_answer_is_the_others() -> None:
    with another(WHOLE) as (address, asked):
        found = got(address, "disk=root", Range="bytes=4-7", If_Range='"a"', Authorization="Bearer t", Cookie="c=1")
    assert (found.status_code, found.content, found.headers["etag"]) == (206, b"disk", '"a"')
    assert found.headers["content-range"] == "bytes 4-7/9" and found.headers.get("server") != "x"
    request = "".join(asked).lower()
    assert request.startswith("get /file?disk=root http/1.1\r\n")
    for line in (
        "range: bytes=4-7",
        'if-range: "a"',
        "authorization: bearer t",
        f"{PASSED_ON.lower()}: 1",
        "accept-encoding: identity",
    ):
        assert f"\r\n{line}\r\n" in request, line
    assert "cookie" not in request


@pytest.mark.parametrize("status", ["404 Not Found", "302 Found", "429 Too Many Requests"])
def test_a_refusal_is_the_others_and_a_redirection_is_not_followed(status: str) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nRetry-After: 30\r\nLocation: http://0/\r\n\r\n{{}}"
    with another(head.encode()) as (address, _):
        found = got(address)
    assert (found.status_code, found.content) == (int(status[:3]), b"{}")
    assert found.headers["retry-after"] == "30" and "location" not in found.headers


def test_one_that_was_passed_on_is_not_passed_on_again() -> None:
    found = got("http://127.0.0.1:1", Homeostat_Passed_On="1")
    assert (found.status_code, found.json["code"]) == (409, "exports_elsewhere")


def test_one_that_does_not_answer_is_named(clients: list[httpx.AsyncClient]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    found = got(address)
    assert (found.status_code, found.json["code"]) == (503, "export_failed")
    assert found.json["details"] == {"host": "west", "api": address} and found.headers["retry-after"]
    assert re.search(r"does not answer \(\S+ \S+.*\)", found.json["error"]), "in the words of the error"
    assert clients[0].is_closed


@pytest.mark.parametrize("address", ["http://[::1", "file:///etc/passwd", "http://", "nonsense", "http://a:99999999"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    """Whoever may write the status of a Host may write anything there."""
    found = got(address)
    assert (found.status_code, found.json["code"]) == (503, "export_failed"), found.text
    assert found.json["details"] == {"host": "west", "api": address}


def test_one_that_is_too_slow_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says nothing by itself."""
    monkeypatch.setattr(Passed, "within", 0.01)
    with another(b"") as (address, _):
        found = got(address)
    assert found.status_code == 503 and "does not answer (ReadTimeout)" in found.json["error"]


def asked_by(gone: Callable[[], bool]) -> Request:
    req = Request(testing.create_scope(path="/file"), None)  # type: ignore[arg-type]
    req.scope[GONE] = gone
    return req


async def test_one_whose_client_has_gone_is_given_up(clients: list[httpx.AsyncClient]) -> None:
    before = asyncio.all_tasks()
    with another(b"") as (address, asked):
        resp = Response()
        await pass_on(asked_by(lambda: bool(asked)), resp, OnAnotherApi("west", address), CODES)
        assert asked and resp.stream is None and clients[0].is_closed
        assert all(task.cancelling() for task in asyncio.all_tasks() - before), "nobody waits for the answer"


async def test_nothing_is_left_of_one_that_is_cancelled(clients: list[httpx.AsyncClient]) -> None:
    with another(b"") as (address, asked):
        passing = asyncio.create_task(pass_on(asked_by(lambda: False), Response(), OnAnotherApi("west", address), CODES))
        async with asyncio.timeout(5):
            while not asked:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        passing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await passing
        assert clients[0].is_closed


async def test_a_token_that_came_as_a_cookie_is_passed_on_as_one() -> None:
    with another(WHOLE) as (address, asked):
        req = asked_by(lambda: False)
        req.context.shown, resp = "hsa_hers", Response()
        await pass_on(req, resp, OnAnotherApi("west", address), CODES)
        stream: Any = resp.stream
        await stream.close()
    assert "\r\nauthorization: bearer hsa_hers\r\n" in "".join(asked).lower()


async def test_bytes_are_not_fetched_for_a_client_that_has_gone_meanwhile() -> None:
    gone: list[bool] = []
    with another(WHOLE.replace(b"Content-Length: 4", b"Content-Length: 9")) as (address, _):
        resp = Response()
        await pass_on(asked_by(lambda: bool(gone)), resp, OnAnotherApi("west", address), CODES)
        stream: Any = resp.stream
        assert await anext(stream) == b"disk"
        gone.append(True)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        await stream.close()
        assert stream._answer.is_closed and stream._client.is_closed


def test_bytes_that_are_cut_off_are_no_whole_file() -> None:
    with another(WHOLE.replace(b"Content-Length: 4", b"Content-Length: 9")) as (address, _), pytest.raises(httpx.HTTPError):
        got(address)


def test_what_changes_something_is_passed_on_as_that() -> None:
    with another(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as (address, asked):
        app = falcon.asgi.App()
        app.add_route("/entry", Passed(address))
        answer = TestClient(app).simulate_delete("/entry", query_string="host=west")
    assert answer.text == "{}" and asked[0].startswith("DELETE /entry?host=west HTTP/1.1")


def test_what_a_request_says_is_passed_on_as_json() -> None:
    with another(b"HTTP/1.1 204 No Content\r\n\r\n", until="}") as (address, asked):
        app = falcon.asgi.App()
        app.add_route("/keys", Passed(address))
        answer = TestClient(app).simulate_post("/keys", json={"keys": ["ctrl", "c"]})
    head, _, body = "".join(asked).partition("\r\n\r\n")
    assert answer.status_code == 204 and json.loads(body) == {"keys": ["ctrl", "c"]}
    assert head.startswith("POST /keys ") and "\r\ncontent-type: application/json" in head.lower()


def test_a_version_that_is_known_is_passed_on() -> None:
    with another(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nLast-Modified: Fri, 02 Jan 2026 00:00:00 GMT\r\n\r\n') as (
        address,
        asked,
    ):
        found = got(address, If_None_Match='"a"')
    assert found.status_code == 304 and found.headers["last-modified"].startswith("Fri, 02 Jan")
    assert '\r\nif-none-match: "a"\r\n' in "".join(asked).lower()
