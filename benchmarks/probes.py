"""The cost of probing many machines: HTTP endpoints on loopback, each at its own address, asked every 10 s.

Another process plays the guests, so that only the operator's part is counted.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from benchmarks.measure import in_child, pass_seconds, run, say, until
from benchmarks.result import Result
from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.probe import HttpGet, Probe, Probes
from homeostat.runtime.machine.probing import Prober
from homeostat.runtime.machine.probing.attempt import Endpoint

DEFAULT = 1000
PERIOD = 10  # seconds
WINDOW = 20.0  # seconds: two periods
BUDGET = "<= 0.05 of a core"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


@dataclass(frozen=True, slots=True)
class Loopback:
    """A guest with its own address."""

    number: int
    base: int

    def locate(self, port: int) -> Endpoint:
        return Endpoint(f"127.1.{self.number // 250}.{self.number % 250 + 1}", self.base)

    def can_be_asked(self) -> bool:
        return True

    async def ping(self, timeout: float) -> None:
        raise DriverError("this guest has no agent")

    async def run(self, command: Sequence[str], timeout: float) -> int:
        raise DriverError("this guest has no agent")


def measure(count: int) -> Result:
    say(f"probes: {count} endpoints every {PERIOD} s, measuring {WINDOW:g} s")
    found = in_child(probe, count)
    return Result("probes", count, found["core"], "cores", BUDGET, more={"tries": found["tries"], "ms_per_try": found["ms"]})


def probe(count: int) -> dict[str, float]:
    """Runs in its own process."""
    ours, theirs = multiprocessing.Pipe()
    guests = multiprocessing.get_context("fork").Process(target=_serve, args=(theirs,), daemon=True)
    guests.start()
    try:
        return run(_probe(count, int(ours.recv())))
    finally:
        guests.terminate()
        guests.join()


async def _probe(count: int, port: int) -> dict[str, float]:
    told: set[Key] = set()
    prober = Prober(told.add)
    probes = Probes(readiness=Probe(http_get=HttpGet(port=80), period_seconds=PERIOD, timeout_seconds=5))
    keys = [Key("VirtualMachine", "default", f"m-{number:05d}") for number in range(count)]
    begun = time.perf_counter()
    for number, key in enumerate(keys):
        prober.watch(key, "run", probes, Loopback(number, port))
    await until(lambda: len(told) == count, "all are ready", 0.05)
    say(f"probes: all ready after {time.perf_counter() - begun:.2f} s")
    await pass_seconds(random.random())
    start, cpu = time.perf_counter(), time.process_time()
    await pass_seconds(WINDOW)
    passed, used = time.perf_counter() - start, time.process_time() - cpu
    failed = [key for key in keys if not (health := prober.health(key)) or not health.ready]
    if failed:
        raise RuntimeError(f"{len(failed)} of {count} are not ready any more")
    await prober.close()
    tries = count * WINDOW / PERIOD
    return {"core": used / passed, "tries": tries, "ms": used * 1000 / tries}


def _serve(pipe: Connection) -> None:
    """Plays all guests."""

    class Guest(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(ANSWER)
            self.transport.close()

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Guest, "0.0.0.0", 0, backlog=4096)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())
