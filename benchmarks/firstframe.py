"""From asking for a console to the whole first picture: ticket, WebSocket, handshake, pixels. Against the same by libvirt's
connection to QEMU, without any of ours."""

from __future__ import annotations

import socket
import time

from benchmarks.measure import DEADLINE, percentile, say
from benchmarks.result import Result
from benchmarks.screens import SIZE, Screens, screens
from homeostat.driver.guests.screen import open_screen
from tests.rig.consoles import BYTES, Console
from tests.rig.waiting import wait_until

DEFAULT = 50  # rounds
BUDGET = "p95 <= 300 ms"


def measure(count: int) -> Result:
    with screens(1) as place:
        wait_until(lambda: _ours(place)[1] == SIZE, DEADLINE, "the firmware shows text")
        ours, plain = [], []
        for number in range(count):
            ours.append(_ours(place)[0])
            plain.append(_plain(place))
            if not (number + 1) % 10:
                say(f"firstframe: {number + 1} of {count}")
    more = {"p50_s": percentile(ours, 50), "plain_p50_s": percentile(plain, 50)}
    value, baseline = percentile(ours, 95), percentile(plain, 95)
    return Result("firstframe", count, value, "s", BUDGET, baseline, value / baseline, more)


def _ours(place: Screens) -> tuple[float, tuple[int, int]]:
    began = time.perf_counter()
    console = Console.open(place.http, place.names[0], protocol=BYTES, mode="view")
    size = console.greet()
    console.picture(size)
    took = time.perf_counter() - began
    console.close()
    return took, size


def _plain(place: Screens) -> float:
    uuid = place.home.status(place.names[0]).domain_uuid
    assert uuid is not None
    began = time.perf_counter()
    with open_screen(place.home.rig.uri, uuid) as screen:
        screen.settimeout(DEADLINE)
        console = _Plain(screen)
        console.picture(console.greet())
    return time.perf_counter() - began


class _Plain(Console):
    """The same viewer, before QEMU itself."""

    def __init__(self, screen: socket.socket) -> None:
        self._screen, self._unread = screen, b""

    def message(self) -> bytes:
        return self._screen.recv(2**16)

    def send(self, data: bytes) -> None:
        self._screen.sendall(data)
