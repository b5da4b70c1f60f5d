"""Requests per second for the list of all machines: the real server, one worker, eight clients that keep their connections."""

from __future__ import annotations

import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field

from benchmarks import fleet
from benchmarks.converge import converge
from benchmarks.measure import in_child, percentile, room, rss_mb, say
from benchmarks.result import Figure, Result
from tests.rig.waiting import free_port, wait_until

DEFAULT = 1000
CLIENTS = 8
WARM, WINDOW = 1.0, 5.0  # seconds
BUDGET = ">= 1,000 requests/s on one worker, p99 <= 20 ms at 8 clients"
PATH = "/api/v1/vms"


def measure(count: int) -> Result:
    with room() as place:
        fleet.write_machines(place / "vms", count)
        say(f"list: bringing up {count} machines on the test driver, so that they have statuses")
        in_child(converge, str(place), "state", count)
        port = free_port()
        command = [sys.executable, "-m", "homeostat_api", "--dir", str(place / "vms"), "--state", str(place / "state")]
        with subprocess.Popen([*command, "--bind", f"127.0.0.1:{port}"], stdout=sys.stderr) as server:
            try:
                wait_until(lambda: _answers(port), 30, "the server answers")
                say(f"list: {CLIENTS} clients for {WINDOW:g} s")
                whole = in_child(load, port, "", WARM, WINDOW)
                cached = in_child(load, port, "If-None-Match: *\r\n", WARM, WINDOW)
                memory = rss_mb(server.pid)
            finally:
                server.send_signal(signal.SIGTERM)
    more: dict[str, Figure] = {
        "p99_ms": whole["p99_ms"],
        "p50_ms": whole["p50_ms"],
        "clients": CLIENTS,
        "body_kb": whole["body_kb"],
        "not_modified_per_s": cached["rate"],
        "server_rss_mb": memory,
    }
    return Result("list", count, whole["rate"], "requests/s", BUDGET, more=more)


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


@dataclass(slots=True)
class Client:
    """One keep-alive connection with one request under way."""

    socket: socket.socket
    request: bytes
    buffer: bytearray = field(default_factory=lambda: bytearray(1 << 22))
    filled: int = 0
    length: int = -1  # of the whole answer, once its head is known
    sent: float = 0.0

    def ask(self) -> None:
        self.filled, self.length, self.sent = 0, -1, time.perf_counter()
        self.socket.sendall(self.request)

    def read(self) -> bool:
        """Tells whether the answer is complete."""
        got = self.socket.recv_into(memoryview(self.buffer)[self.filled :])
        if not got:
            raise ConnectionError("the server closed the connection")
        self.filled += got
        if self.length < 0 and (end := self.buffer.find(b"\r\n\r\n", 0, self.filled)) >= 0:
            self.length = end + 4 + _content_length(bytes(self.buffer[:end]))
        return 0 <= self.length <= self.filled


def _content_length(head: bytes) -> int:
    status, *fields = head.decode("latin-1").split("\r\n")
    code = status.split()[1]
    if code not in ("200", "304"):
        raise RuntimeError(f"the server answered {status}")
    named = dict(line.lower().split(": ", 1) for line in fields)
    return 0 if code == "304" else int(named["content-length"])


def load(port: int, headers: str, warm: float, window: float, path: str = PATH) -> dict[str, float]:
    """Measures. Every client asks again as soon as it has its answer."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()
    taken: list[float] = []
    with closing(selectors.DefaultSelector()) as waiting:
        for _ in range(CLIENTS):
            client = Client(socket.create_connection(("127.0.0.1", port)), request)
            waiting.register(client.socket, selectors.EVENT_READ, client)
            client.ask()
        begun = time.perf_counter()
        counted_from, end = begun + warm, begun + warm + window
        while (now := time.perf_counter()) < end or not taken:  # a machine that is busy may answer nothing in a short window
            for ready, _ in waiting.select(1.0):
                client = ready.data
                if client.read():
                    now = time.perf_counter()
                    if now >= counted_from:
                        taken.append(now - client.sent)
                    body = client.length
                    client.ask()
        took = max(now - counted_from, window)
        for ready in list(waiting.get_map().values()):
            ready.data.socket.close()
    return {
        "rate": len(taken) / took,
        "p50_ms": percentile(taken, 50) * 1000,
        "p99_ms": percentile(taken, 99) * 1000,
        "body_kb": body / 1000,
    }
