"""A real HTTP server on loopback with bad habits on demand, and waiting for a fetch to end."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from homeostat.driver.storage import Storage
from homeostat.planner.actions import FetchImage, ImageRef
from homeostat.planner.observed import ImagePhase, ObservedImage

DEADLINE = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """``cut`` ends the connection after that many bytes of the body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    length: int | None = None  # Content-Length as claimed, where it lies; -1: none, the body ends with the connection
    gate: threading.Event | None = None  # the second half of the body waits for it


@dataclass(slots=True)
class ImageServer:
    """``answer`` decides; ``ranges`` makes it honour Range with If-Range. ``seen`` are the request headers so far."""

    url: str = ""
    answer: Callable[[str, int], Answer] = lambda path, count: Answer(status=404)
    ranges: bool = True
    seen: list[dict[str, str]] = field(default_factory=list)


class Clock:
    """Seconds since the epoch, as a test sets them."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextlib.contextmanager
def serving() -> Iterator[ImageServer]:
    server = ImageServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.seen.append(dict(self.headers))
            _respond(self, server)

        def log_message(self, format: str, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _respond(request: BaseHTTPRequestHandler, server: ImageServer) -> None:
    answer = server.answer(request.path, len(server.seen))
    body, status, headers = answer.body, answer.status, dict(answer.headers)
    start = request.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
    version = headers.get("ETag") or headers.get("Last-Modified")
    if server.ranges and start and status == 200 and request.headers.get("If-Range") == version:
        total = len(body)
        if int(start) >= total:
            status, body, headers["Content-Range"] = 416, b"", f"bytes */{total}"
        else:
            status, body = 206, body[int(start) :]
            headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    if answer.length != -1:
        request.send_header("Content-Length", str(answer.length if answer.length is not None else len(body)))
    request.end_headers()
    half = len(body) // 2 if answer.gate else 0
    with contextlib.suppress(OSError):
        request.wfile.write(body[:half])
        if answer.gate:
            answer.gate.wait(DEADLINE)
        request.wfile.write(body[half : answer.cut])
    if answer.cut is not None or answer.length is not None:
        request.close_connection = True


async def observe(storage: Storage, ref: ImageRef, root: Path) -> ObservedImage:
    folder = str(root / "machines" / "default" / "one")
    return (await storage.observe([ref], [], [], folder)).images[ref.key]


async def until(storage: Storage, ref: ImageRef, root: Path, met: Callable[[ObservedImage], bool]) -> ObservedImage:
    """Waits until the image is as ``met`` says; woken by the storage's own reports."""
    changed = asyncio.Event()
    storage.subscribe(lambda _key, _fetching: changed.set())
    async with asyncio.timeout(DEADLINE):
        while True:
            changed.clear()
            found = await observe(storage, ref, root)
            if met(found):
                return found
            await changed.wait()


def settled(image: ObservedImage) -> bool:
    return image.phase in (ImagePhase.READY, ImagePhase.FAILED)


async def fetch(storage: Storage, ref: ImageRef, root: Path) -> ObservedImage:
    """Fetches and returns how it ended."""
    await storage.execute(FetchImage(ref, "test"))
    return await until(storage, ref, root, settled)


def blob(size: int = 300_000) -> bytes:
    """Any bytes, but for the end of a boot sector."""
    content = bytes(range(256)) * (size // 256) + b"\0" * (size % 256)
    return content[:510] + b"\x55\xaa" + content[512:]


def qcow2(virtual_size: int = 2**20, backing: str = "", incompatible: int = 0) -> bytes:
    """The first cluster of a qcow2 file, as far as its header goes."""
    at = 512 if backing else 0
    head = b"QFI\xfb" + struct.pack(">IQIIQIIQQIIQ", 3, at, len(backing), 16, virtual_size, 0, 1, 0x30000, 0x10000, 1, 0, 0)
    head += struct.pack(">QQQII", incompatible, 0, 0, 4, 104)
    return head.ljust(512, b"\0") + backing.encode()
