"""An httpGet probe succeeds on 200 to 399 only, and whatever else a guest may send ends it in time."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from homeostat.models.probe import Probe
from homeostat.runtime.machine.probing.attempt import attempt
from tests.unit.probed import Loopback, http, says, serving, silent, sooner, tried, unused_endpoint


@pytest.mark.parametrize(
    ("status", "ok"), [(200, True), (204, True), (302, True), (399, True), (400, False), (404, False), (500, False)]
)
async def test_status_decides(status: int, ok: bool) -> None:
    result = await tried(http(), says(f"HTTP/1.1 {status} Something\r\n\r\nbody".encode()))
    assert (result.ok, result.message) == (ok, f"HTTP {status}")


async def test_a_redirect_is_not_followed() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n")

    assert (await tried(http(), answer)).ok
    assert len(asked) == 1


async def test_the_request_is_as_the_spec_says() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n")

    headers = [{"name": "Host", "value": "shop.example"}, {"name": "X-Probe", "value": "yes"}]
    assert (await tried(http(path="/ready?deep=1", httpHeaders=headers), answer)).ok
    first, *lines = asked[0].decode().split("\r\n")
    assert first == "GET /ready?deep=1 HTTP/1.1"
    assert {"host: shop.example", "x-probe: yes", "connection: close"} <= set(lines)
    assert sum(line.startswith("host:") for line in lines) == 1


@pytest.mark.parametrize(
    "text",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"\r\n", b"HTTP/1.1\r\n", b"HTTP/1.1 two hundred\r\n", b"\xff\x00" * 30, b"200 OK\r\n"],
)
async def test_what_is_not_http_fails(text: bytes) -> None:
    result = await tried(http(), says(text))
    assert (result.ok, result.message) == (False, "what answers does not speak HTTP")


async def test_a_status_line_without_an_end_fails() -> None:
    result = await tried(http(), says(b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n"))
    assert (result.ok, result.message) == (False, "what answers does not speak HTTP")


async def test_a_huge_header_line_does_not_matter() -> None:
    assert (await tried(http(), says(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000_000 + b"\r\n\r\n"))).ok


async def test_silence_is_a_timeout() -> None:
    start = time.monotonic()
    result = await tried(http(), silent)
    assert (result.ok, result.message) == (False, "no answer within 1 s")
    assert time.monotonic() - start < 2


async def test_a_slow_drip_does_not_outlast_the_timeout() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        hung_up = asyncio.ensure_future(reader.read())
        for byte in b"HTTP/1.1 200 OK" * 100:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.wait([hung_up], timeout=0.01)

    async with serving(drip) as guest:
        start = time.monotonic()
        assert not (await attempt(http(), guest, sooner)).ok
        assert time.monotonic() - start < 1


async def test_nobody_listens() -> None:
    result = await attempt(http(), Loopback(unused_endpoint()))
    assert not result.ok and "refused" in result.message


async def test_ipv6() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    assert (await tried(http(), answer, host="::1")).ok
    assert b"host: [::1]:" in asked[0]


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """That nobody signed."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-days", "1", "-subj", "/CN=somebody-else", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", "req", "-x509", *curve, *name], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_https_takes_any_certificate(own_certificate: ssl.SSLContext) -> None:
    result = await tried(http(scheme="HTTPS"), says(b"HTTP/1.1 200 OK\r\n\r\n"), tls=own_certificate)
    assert result.ok, result.message


async def test_https_against_plain_http_fails() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    result = await tried(http(scheme="HTTPS"), answer)
    assert (result.ok, result.message) == (False, "TLS fails: wrong version number")


async def test_https_against_who_hangs_up_says_so() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    result = await tried(http(scheme="HTTPS"), answer)
    assert (result.ok, result.message) == (False, "it hung up before TLS was agreed on")


@pytest.mark.parametrize("scheme", ["HTTP", "HTTPS"])
async def test_a_guest_that_does_not_hang_up_has_answered(scheme: str, own_certificate: ssl.SSLContext) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await writer.drain()
        await asyncio.Event().wait()  # deaf from here on

    async with serving(answer, tls=own_certificate if scheme == "HTTPS" else None) as guest:
        start = time.monotonic()
        assert (await attempt(http(scheme=scheme), guest)).ok
        assert time.monotonic() - start < 0.5


async def test_no_address_yet() -> None:
    result = await attempt(Probe.model_validate({"httpGet": {"port": 8080}}), Loopback(None))
    assert not result.ok and result.message.startswith("port 8080 cannot be reached yet")
