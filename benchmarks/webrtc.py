"""A console by WebRTC in Chromium: pictures a second and CPU of a video of a screen of 1024 × 768 that scrolls all the time, and
how long after a key the video shows what it did.

The screen is a program that sends what QEMU would (painter.py). What serves it runs in a process of its own, of which the CPU is
counted: the same viewer, relay and reader that the API has, without the API.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.measure import percentile, room, say
from benchmarks.result import Result
from tests.rig.browser import Page, browse
from tests.rig.waiting import wait_until

DEFAULT = 40  # keys
SECONDS = 10.0  # in which pictures and CPU are counted
BUDGET = ">= 20 fps, <= 0.6 core, key to picture p95 <= 250 ms"
SCRIPT = Path(__file__).with_name("webrtc.js").read_text()


def measure(count: int) -> Result:
    with (
        room() as place,
        _painted(place / "screen") as path,
        _served(path) as server,
        _page() as address,
        browse(address, place / "profile") as page,
    ):
        page.run(SCRIPT)
        offer = _of(page, "offer")
        server.send(offer)
        page.run(f"answered({json.dumps(server.recv())}); 0")
        wait_until(lambda: page.run("shown"), 30, "the video begins")
        time.sleep(2)  # until the encoder knows the line
        say(f"webrtc: pictures of {SECONDS:g} seconds")
        fps, core = _counted(page, server)
        say(f"webrtc: {count} keys")
        page.run(f"type({count}); 0")
        taken = [float(each) for each in _of(page, "taken", 60)]
        size = page.run("`${video.videoWidth} × ${video.videoHeight}`")
    more = {"core": core, "key_p50_ms": percentile(taken, 50), "key_p95_ms": percentile(taken, 95), "size": size}
    return Result("webrtc", count, fps, "fps", BUDGET, more=more)


def _counted(page: Page, server: Connection) -> tuple[float, float]:
    def now() -> tuple[float, int, float]:
        server.send(None)
        return time.perf_counter(), int(page.run("shown")), float(server.recv())

    began, first, used = now()
    time.sleep(SECONDS)
    ended, last, used_then = now()
    return (last - first) / (ended - began), (used_then - used) / (ended - began)


def _of(page: Page, name: str, timeout: float = 30) -> Any:
    return wait_until(lambda: json.loads(page.run(f"JSON.stringify({name})")), timeout, f"the page has its {name}")


@contextmanager
def _painted(path: Path) -> Iterator[Path]:
    painter = subprocess.Popen([sys.executable, "-m", "benchmarks.painter", str(path)], stdout=subprocess.PIPE)
    try:
        assert painter.stdout is not None and painter.stdout.readline()
        yield path
    finally:
        painter.kill()
        painter.wait()


@contextmanager
def _page() -> Iterator[str]:
    """Serves an empty page: there is no WebRTC without one."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


@contextmanager
def _served(path: Path) -> Iterator[Connection]:
    """Takes an offer, and answers it; then None, and answers the seconds of CPU that it has taken."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, str(path)), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection, path: str) -> None:
    asyncio.run(_show(pipe, path))


async def _show(pipe: Connection, path: str) -> None:
    from homeostat.consoles.film import Film, WatchedScreen
    from homeostat.consoles.frames import Frames
    from homeostat.consoles.peer import Peer
    from homeostat.consoles.screen_relay import relay_screen
    from homeostat.consoles.signalling import PeerOffer
    from homeostat.consoles.sitting import Sitting

    async def opened() -> socket.socket:
        found = socket.socket(socket.AF_UNIX)
        found.setblocking(False)
        await asyncio.get_running_loop().sock_connect(found, path)
        return found

    async def found() -> WatchedScreen:
        return WatchedScreen("painter", opened)

    peer = Peer((), Film(Frames(), found))
    pipe.send(await peer.answer(PeerOffer(await asyncio.to_thread(pipe.recv), video=True)))
    relaying = asyncio.create_task(relay_screen(peer, opened, Sitting(controls=True)))
    while not relaying.done():
        await asyncio.to_thread(pipe.recv)
        pipe.send(time.process_time())
