"""One attempt to download an image to this host. It can continue where the last one ended.

The exception says what may follow: DriverError and NoSpace are worth another attempt, Refused is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from homeostat.driver.errors import DriverError, Refused
from homeostat.models.outside import redacted

from ..formats.header import is_markup
from ..formats.qemu_img import Unusable
from ..paths import file_errors, human_size, read_whole, write_private
from .digests import Arrived, claimed
from .local import BUFFER, Report, check_space, discard, in_thread, validators_of, write
from .peers import check_address
from .source import SAID, host_of, is_remote, shown

REDIRECTS = 5
TIMEOUTS = httpx.Timeout(60.0, connect=15.0)  # seconds without any progress
_NUMBER = r"[0-9]{1,18}"  # bytes: a longer number is not valid
_SPAN = re.compile(rf"bytes (?:({_NUMBER})-{_NUMBER}|\*)/({_NUMBER}|\*)")
_HUNG_UP = re.compile("disconnected|closed connection")  # as httpcore and h11 say it
_AGAIN = frozenset({408, 425, 429})  # the 4xx that pass by themselves (RFC 9110, 8470, 6585)


async def download(url: str, partial: Path, report: Report, pinned: bool) -> Arrived:
    """Downloads to ``partial``, or what is missing of it. ``pinned``: a checksum will be verified."""
    name = shown(url)
    asked, headers = _resume_point(partial)
    offset = asked
    try:
        async with (
            _client(name) as client,
            _open(client, url, headers, pinned) as response,
        ):
            offset, total = _accept(response, name, offset, headers.get("If-Range", ""))
            digest = claimed(response.headers, whole=response.status_code == 200)
            if response.status_code != 416:
                await _receive(response, name, partial, offset, total, report)
    except httpx.HTTPError as error:
        raise _failure(error, name, next_try(partial, honoured=offset >= asked)) from error
    except _Cut as error:
        said = f"image {name} ended after {error}: the connection was cut; {next_try(partial, honoured=offset >= asked)}"
        raise DriverError(said) from error
    except _StartOver as error:
        discard(partial)
        raise DriverError(f"image {name} changed on its server during the download; it starts anew") from error
    except (ValueError, ArithmeticError, LookupError) as error:  # from the HTTP client, for an answer that it cannot read
        discard(partial)
        raise _nonsense(name, error) from error
    return Arrived(offset > 0, total is not None, digest)


class _StartOver(Exception):
    """The partial file does not match what the server has now."""


class _Cut(Exception):
    """Less arrived than the server had said. Says how much."""


def next_try(partial: Path, *, honoured: bool = True) -> str:
    """Says where the next try begins. ``honoured``: the server sends only the rest, as far as that was tried."""
    try:
        size, version = partial.stat().st_size, json.loads(read_whole(validators_of(partial))).get("version")
    except (OSError, ValueError, AttributeError):
        size, version = 0, None
    if size and version and honoured:
        return f"the next try goes on from there ({human_size(size)})"
    return "the next try begins anew" + (", as its server sends no rest alone" if size else "")


def _resume_point(partial: Path) -> tuple[int, dict[str, str]]:
    headers = {"Accept-Encoding": "identity", "User-Agent": "homeostat"}
    with file_errors(partial, "read what was downloaded so far"):
        try:
            offset = partial.stat().st_size
            version = json.loads(read_whole(validators_of(partial)))["version"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            discard(partial)  # without its version, the rest might be of another file
            return 0, headers
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": str(version)}
    return offset, headers


@contextlib.asynccontextmanager
async def _open(client: httpx.AsyncClient, url: str, headers: dict[str, str], pinned: bool) -> AsyncIterator[httpx.Response]:
    """Yields the response after redirects. Every host on the way is checked before it is asked."""
    name = shown(url)
    for _ in range(REDIRECTS + 1):
        await _check_host(url, name)
        async with client.stream("GET", url, headers=headers) as response:
            if not response.has_redirect_location:
                yield response
                return
            target = urljoin(url, response.headers["location"])
        if not is_remote(target):
            raise Refused(f"image {name} redirects to {shown(target)[:SAID]}, which is no http(s) address")
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https" and not pinned:
            raise Refused(
                f"image {name} redirects to {shown(target)[:SAID]}, which is not encrypted: "
                "give its sha256, so that a changed file is noticed"
            )
        url = target
    raise Refused(f"image {name}: more than {REDIRECTS} redirects; give the final address")


async def _check_host(url: str, name: str) -> None:
    host = host_of(url)
    check_address(host, name)
    try:
        _ = httpx.URL(url).host
        found = await _addresses(host)
    except OSError:
        return  # the connection will fail, or a proxy knows the name
    except (httpx.InvalidURL, ValueError) as error:
        said = f"{shown(url)[:SAID]} is no address that can be asked ({str(error)[:SAID]})"
        raise Refused(f"image {name}: {said}; correct its url, or give the file by path") from error
    for *_, address in found:
        check_address(str(address[0]), name)


async def _addresses(host: str) -> Sequence[tuple[Any, ...]]:
    return await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Checks the other end of a connection before anything is sent: the name may lead elsewhere by then (DNS rebinding)."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend, name: str) -> None:
        self._backend, self._name = backend, name

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            check_address(str(stream.get_extra_info("server_addr")[0]), self._name)
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


def _client(name: str) -> httpx.AsyncClient:
    """Returns the client. A proxy from the environment is trusted: only the direct way is checked."""
    try:
        client = httpx.AsyncClient(timeout=TIMEOUTS, follow_redirects=False)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        said = f"image {name}: the proxy that the operator's environment names cannot be used ({redacted(str(error))[:SAID]})"
        raise Refused(f"{said}; correct http_proxy, https_proxy or all_proxy") from error
    pool = client._transport._pool  # type: ignore[attr-defined]  # a transport of our own would take the proxies away
    pool._network_backend = _CheckedBackend(pool._network_backend, name)
    return client


def _accept(response: httpx.Response, name: str, offset: int, version: str) -> tuple[int, int | None]:
    """Returns (where the body begins, the whole size), or raises why there is no image. ``version``: of what is there already."""
    status = response.status_code
    span = _SPAN.fullmatch(response.headers.get("content-range", ""))
    coding = [word for word in re.split(r"[\s,]+", response.headers.get("content-encoding", "").lower()) if word]
    if status in (200, 206) and set(coding) - {"identity"}:
        raise Refused(
            f"image {name}: its server sends it encoded ({', '.join(coding)[:80]}), though asked not to, so that what arrives is "
            "not the image: give an address that serves the file as it is, or fetch it yourself and give its path"
        )
    if status in (206, 416) and _is_another(response, version):
        raise _StartOver  # it sends a part whatever If-Range says
    if status == 206 and span and int(span[1] or -1) == offset:
        return offset, int(span[2]) if span[2] != "*" else None
    if status == 416 and span and span[2] == str(offset):
        return offset, offset  # nothing is missing
    if status in (206, 416):
        if offset:
            raise _StartOver
        raise _nonsense(name, f"{status}, though all of it was asked for")
    if status == 200:
        length = response.headers.get("content-length", "")
        return 0, int(length) if re.fullmatch(_NUMBER, length) else None
    said = f"image {name}: the server answered {status} {response.reason_phrase[:SAID]}".rstrip()
    if status >= 500 or status in _AGAIN:
        raise DriverError(f"{said}; it is tried again")
    if status in (401, 403):
        raise Refused(f"{said}: it wants other credentials; check the url, or give the file by path")
    raise Refused(f"{said}; check the url")


def _is_another(response: httpx.Response, version: str) -> bool:
    """Tells whether a part says itself that it is of another file than ``version`` is. Parts of two make none (RFC 9110,
    15.3.7.3)."""
    said = response.headers.get("etag" if version.startswith('"') else "last-modified", "").removeprefix("W/")
    return bool(version and said) and said != version


async def _receive(response: httpx.Response, name: str, partial: Path, offset: int, total: int | None, report: Report) -> None:
    check_space(name, partial, (total or 0) - offset)
    version = _version(response)
    with _open_partial(partial, offset, version, name) as file:
        file.seek(offset)
        report(offset, total)
        await _save(response, name, file, partial, total, report)
        size = file.tell()
    if total is not None and size < total:
        raise _Cut(f"{human_size(size)} of {human_size(total)}")
    if total is not None and size > total:
        discard(partial)
        raise DriverError(f"image {name}: its server sent {human_size(size)}, having said {human_size(total)}; it is tried again")
    if size == 0:
        raise DriverError(f"image {name} is empty on the server")


def _version(response: httpx.Response) -> str | None:
    """Returns what asks for the rest of this very file, if the server has named something that can be sent back."""
    tag = response.headers.get("etag", "")
    version = tag if tag and not tag.startswith("W/") else response.headers.get("last-modified", "")  # RFC 9110, 13.1.5
    return version if re.fullmatch(r"[ -~]{1,1000}", version) else None


def _nonsense(name: str, what: object, then: str = "the next try begins anew") -> DriverError:
    return DriverError(
        f"image {name}: its server's answer cannot be understood ({str(what)[:SAID]}); it is tried again, and {then}"
    )


def _open_partial(partial: Path, offset: int, version: str | None, name: str) -> BinaryIO:
    with file_errors(partial, f"save the image {name}"):
        if offset == 0:
            write_private(partial, b"")  # first: an old beginning must never have a new version
            write_private(validators_of(partial), json.dumps({"version": version} if version else {}).encode())
        return open(partial, "r+b", buffering=0)


async def _save(response: httpx.Response, name: str, file: BinaryIO, partial: Path, total: int | None, report: Report) -> None:
    waiting = bytearray()
    at = file.tell()
    begun = at > 0
    try:
        async for chunk in response.aiter_raw():
            if not begun and is_markup(chunk):
                raise Unusable(f"image {name} is a web page (HTML or XML), not an image; give the file's own address")
            begun = True
            waiting += chunk
            at += len(chunk)
            if len(waiting) >= BUFFER:
                content, waiting = bytes(waiting), bytearray()
                await in_thread(write, file, content, partial, name)
            report(at, total)
    finally:
        if begun:  # also after a broken connection: this need not be fetched again
            write(file, bytes(waiting), partial, name)


def _failure(error: httpx.HTTPError, name: str, then: str) -> DriverError:
    said = str(error)[:SAID] or type(error).__name__
    if isinstance(error, httpx.UnsupportedProtocol):
        return Refused(f"image {name}: {said}; give an http:// or https:// address")
    if _caused_by(error, ssl.SSLCertVerificationError):
        return Refused(f"image {name}: its server's certificate is not valid ({said}); check url and the host's clock")
    if isinstance(error, httpx.TimeoutException):
        return DriverError(f"image {name}: the server did not answer in time; it is tried again, and {then}")
    if isinstance(error, httpx.ProtocolError) and not _HUNG_UP.search(said):
        return _nonsense(name, said, then)
    if isinstance(error, httpx.ProtocolError | httpx.ReadError):
        return DriverError(f"image {name}: the connection was cut ({said}); {then}")
    if _caused_by(error, socket.gaierror):
        return DriverError(f"image {name}: this host cannot resolve the name of its server: check url and DNS; it is tried again")
    return DriverError(f"image {name}: no connection to its server ({said}); it is tried again")


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
