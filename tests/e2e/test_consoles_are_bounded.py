"""As many consoles as the configuration says, for as long as it says: whoever types nothing is warned first."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import websocket

from tests.e2e.homeostat import Homeostat, idle
from tests.rig.consoles import Console, Ended
from tests.rig.waiting import free_port, wait_until

NAME = "box"
KEY = b"\x04\x01\x00\x00\x00\x00\xff\xe1"  # Shift goes down


@pytest.fixture
def http(homeostat: Homeostat) -> Iterator[httpx.Client]:
    port = free_port()
    homeostat.write(NAME, idle(display={"video": "vga"}))
    bounds = ("--consoles-per-machine", "1", "--consoles-idle", "2s", "--consoles-total", "6s")
    homeostat.start("--bind", f"127.0.0.1:{port}", *bounds)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as found:
        wait_until(lambda: found.get("/readyz").status_code == 200, 60, "the API is ready")
        homeostat.wait_ready(NAME)
        yield found


def test_their_number_and_their_time(http: httpx.Client) -> None:
    silent = Console.open(http, NAME)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Console.open(http, NAME)
    assert refused.value.status_code == 429
    silent.greet()
    assert silent.word("idle")["seconds"] <= 2
    assert str(silent.end()) == "1008: nothing was typed for 2 seconds"

    busy = Console.open(http, NAME)
    busy.greet()
    busy.socket.settimeout(1)

    def ended() -> Ended | None:
        busy.send(KEY)
        try:
            busy.message()
        except websocket.WebSocketTimeoutException:
            return None
        except Ended as end:
            return end
        return None

    end = wait_until(ended, 20, "it ends although somebody types")
    assert str(end) == "1008: a console is open for 6 seconds at most: open another one"
