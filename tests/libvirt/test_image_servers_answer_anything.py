"""Whatever a server answers, there is an image or a sentence on why not: never an error that nobody foresaw, never a long one."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import ImagePhase, ObservedImage
from tests.unit.images import Clock, fetch

BODY = bytes(range(256)) * 8
DIGITS, LONG = b"9" * 5000, b"x" * 60_000
PORT, PLACE = b"http://127.0.0.1:", b"http://"
VALUES = (
    *(
        b"",
        b" ",
        b"0",
        b"-1",
        b"+5",
        b"1e9",
        b"2048",
        b"4096",
        b"5, 5",
        b"\xb2",
        b"\xd9\xa3",
        b"\xff\xfe\xfd",
        b"%",
        b"?\x80",
        DIGITS,
        LONG,
    ),
    *(
        b"bytes " + span
        for span in (b"0-2047/2048", b"0-9/" + DIGITS, DIGITS + b"-9/*", b"*/" + DIGITS, b"7-3/1", b"-/", b"\xb2-9/9")
    ),
    *(b"gzip", b"aws-chunked", b"identity", b"chunked", b"gzip, chunked", b"chunked, chunked"),
    *(b'"tag"', b'W/"tag"', b'"\xe9"', b'"' + LONG[:20_000] + b'"', b"a=b; Domain=\xff; Max-Age=" + DIGITS),
    *(b"sha-256=:" + digest + b":" for digest in (LONG, b"\xff", b"")),
    *(PORT + port for port in (b"99999/", DIGITS + b"/", b"-1/", b"x/", b"0/", b"\xb2/")),
    *(PLACE + host + b"/" for host in (b"", b"[", b"[::1", b"[x]", b"a..b", b"xn--a", b"999.1.1.1", b"\xff", b"\xe2\x80\xa4")),
    *(PLACE + host + b"/" for host in (b"a%00b", b"a" * 300, b"a." * 300, b"u:p@", b"h\\@h")),
    *(b"//", b"https:", b"http:///x", b"javascript:alert(1)"),
)
_NAMES = """Content-Length Content-Range Content-Encoding Transfer-Encoding ETag Last-Modified Location Set-Cookie Digest
    Repr-Digest Content-MD5 Content-Type Connection"""
NAMES = (*_NAMES.encode().split(), LONG[:300])
STATUSES = (
    *(b"200 OK", b"206 Partial Content", b"302 Found", b"416 None", b"500 " + LONG, b"404 \xff\xfe", b"503"),
    *(b"99 x", b"999 x", b"304 x", b"204 x", b"0200 OK", b"x"),
)


@asynccontextmanager
async def answering(answers: Callable[[], bytes]) -> AsyncIterator[str]:
    """A server that reads a request and writes bytes."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answers())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def answer(status: bytes, *headers: tuple[bytes, bytes], body: bytes = BODY) -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n" + body


def foreseen(found: ObservedImage) -> None:
    assert found.phase in (ImagePhase.READY, ImagePhase.FAILED)
    if found.phase is ImagePhase.FAILED:
        assert "please report" not in found.error and "Traceback" not in found.error
        assert found.error.startswith("image http://127.0.0.1") and len(found.error) < 900, found.error


def corpus() -> list[list[bytes]]:
    """For each, what is answered to one try after another: a header with a value, and what chance makes of more."""
    chance = random.Random(9)
    single = [[answer(status, (name, value))] for name in NAMES for value in VALUES for status in STATUSES[:3]]
    found = chance.sample(single, 120)
    for _ in range(30):
        tries = []
        for _ in range(3):
            headers = [(chance.choice(NAMES), chance.choice(VALUES)) for _ in range(chance.randrange(4))]
            whole = answer(chance.choice(STATUSES), *headers, body=BODY[: chance.choice((0, 100, len(BODY)))])
            tries.append(whole[: chance.choice((len(whole), len(whole), chance.randrange(len(whole))))])
        found.append(tries)
    return found


async def test_no_answer_is_one_that_nobody_foresaw(storage: Storage, tmp_path: Path, clock: Clock) -> None:
    now: list[bytes] = []
    async with answering(lambda: now.pop(0) if len(now) > 1 else now[0]) as url:
        for number, tries in enumerate(corpus()):
            now[:] = tries
            for _ in tries:
                ref = ImageRef(f"{url}/{number}.img", format="raw")
                foreseen(await fetch(storage, ref, tmp_path))
                clock.now += 61


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (
            answer(b"206 Partial", (b"Content-Range", b"bytes 0-9/" + DIGITS)),
            "cannot be understood (206, though all of it was asked for)",
        ),
        (answer(b"404 " + b"gone " * 9000), "the server answered 404 gone gone"),
        (answer(b"302 Found", (b"Location", b"http://127.0.0.1:99999/")), "no address that can be asked (Port out of range"),
        (answer(b"302 Found", (b"Location", b"http://xn--a/")), "cannot be understood (Codepoint"),
        (answer(b"302 Found", (b"Location", PORT + LONG + b"/")), "cannot be understood ("),
        (answer(b"x" * 60_000), "cannot be understood (illegal status line"),
        (b"", "the connection was cut (Server disconnected"),
        (answer(b"200 OK", (b"Content-Length", b"9999"), body=b"")[:40], "the connection was cut"),
        (answer(b"302 Found", (b"Location", b"http://[::1")), "cannot be understood (Invalid URL in location header"),
    ],
)
async def test_what_it_was_is_said_in_few_words(storage: Storage, tmp_path: Path, told: bytes, says: str) -> None:
    async with answering(lambda: told) as url:
        found = await fetch(storage, ImageRef(f"{url}/disk.img", format="raw"), tmp_path)
    foreseen(found)
    assert says in found.error, found.error


async def test_a_version_that_cannot_be_sent_back_is_none(storage: Storage, tmp_path: Path) -> None:
    headers = (b"Content-Length", b"%d" % len(BODY))
    now = [answer(b"200 OK", headers, (b"ETag", '"é"'.encode("latin-1")), body=BODY[:100]), answer(b"200 OK", headers)]
    async with answering(lambda: now.pop(0)) as url:
        found = await fetch(storage, ImageRef(f"{url}/disk.img", format="raw"), tmp_path)
    assert found.phase is ImagePhase.READY, found.error


@pytest.mark.parametrize("proxy", ["ftp://me:hunter2@proxy/", "socks5://proxy", "http://proxy:x"])
async def test_a_proxy_that_cannot_be_used_is_said(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    found = await fetch(storage, ImageRef("http://192.0.2.1/disk.img"), tmp_path)
    assert found.permanent and "correct http_proxy" in found.error and "hunter2" not in found.error


@pytest.mark.parametrize(
    "url", ["http://xn--a/x", "http://xn--ls8h.la/x", "http://999.1.1.1/x", "http://127.0.0.1:99999/x", "http://[zz]/x"]
)
async def test_an_address_that_nobody_can_ask_is_refused_for_good(storage: Storage, tmp_path: Path, url: str) -> None:
    found = await fetch(storage, ImageRef(url, format="raw"), tmp_path)
    assert found.permanent and "is no address that can be asked" in found.error, found.error
