"""An API worker that is killed takes its own consoles along, and no others: no ticket is good again, and control is free."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import websocket

from tests.e2e.homeostat import Homeostat, idle
from tests.rig.consoles import WORDS, Console, ticket
from tests.rig.waiting import free_port, wait_until

NAME = "box"
SOON = 60.0


class Server:
    """An API server with a worker of its own, beside the operator's."""

    def __init__(self, home: Homeostat) -> None:
        port = free_port()
        words = ["-m", "homeostat_api", "--dir", str(home.folder), "--state", str(home.state), "--bind", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen([home.command()[0], *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SOON)

    def wait_ready(self) -> None:
        wait_until(lambda: self.http.get("/readyz").status_code == 200, SOON, "the API is ready")

    def kill_worker(self) -> None:
        pid = self.process.pid
        (worker,) = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        os.kill(worker, signal.SIGKILL)

    def open(self) -> Console:
        return Console.open(self.http, NAME)

    def close(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(SOON)


@pytest.fixture
def servers(homeostat: Homeostat) -> Iterator[list[Server]]:
    homeostat.write(NAME, idle(display={"video": "vga"}))
    homeostat.start()
    homeostat.wait_ready(NAME)
    found = [Server(homeostat), Server(homeostat)]
    try:
        for server in found:
            server.wait_ready()
        yield found
    finally:
        for server in found:
            server.close()


def test_others_go_on(servers: list[Server]) -> None:
    doomed, other = servers
    taken = doomed.open()
    assert taken.word("opened")["controls"]
    looking = other.open()
    own = looking.word("opened")
    assert not own["controls"]
    size = looking.greet()
    given = ticket(doomed.http, NAME)
    Console(doomed.http.base_url, given["path"], WORDS, given["ticket"])

    doomed.kill_worker()
    with pytest.raises((websocket.WebSocketException, OSError)):
        taken.end()
    assert len(looking.picture(size)) == 4 * size[0] * size[1]
    with pytest.raises(websocket.WebSocketBadStatusException):
        Console(other.http.base_url, given["path"], WORDS, given["ticket"])

    def alone() -> bool:
        return [one["id"] for one in other.http.get("/api/v1/consoles").json()["consoles"]] == [own["console"]]

    wait_until(alone, SOON, "those of the worker that was killed are off the list")
    assert other.http.post(f"/api/v1/consoles/{own['console']}/control").status_code == 204
    assert looking.word("control")["controls"]
    doomed.wait_ready()
    assert doomed.open().greet() == size
