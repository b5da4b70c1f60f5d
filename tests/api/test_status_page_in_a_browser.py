"""The status page in a real browser: it shows the machines, and follows what becomes of them without being loaded again."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket

from homeostat.models.machine import MachineState
from tests.api.harness import Api
from tests.rig.waiting import free_port, wait_until

# Without these Chromium looks for servers of its own, and cannot run as root.
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-allow-origins=*",
]  # fmt: skip


class Page:
    """One page, asked through Chromium's DevTools protocol."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=20)
        self._number = 0

    def text(self) -> str:
        self._number += 1
        expression: dict[str, Any] = {"expression": "document.body.innerText"}
        self._socket.send(json.dumps({"id": self._number, "method": "Runtime.evaluate", "params": expression}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                return str(answer["result"]["result"].get("value", ""))


@contextmanager
def browse(url: str, profile: Path) -> Iterator[Page]:
    program = shutil.which("chromium")
    assert program, "chromium is missing: scripts/install-system installs it"
    port = free_port()
    command = [program, *QUIET, f"--user-data-dir={profile}", f"--remote-debugging-port={port}", url]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def pages() -> list[dict[str, Any]]:
        try:
            found = httpx.get(f"http://127.0.0.1:{port}/json", timeout=5).json()
        except httpx.TransportError:
            return []
        return [page for page in found if page["type"] == "page" and page["url"].startswith("http")]

    try:
        wait_until(lambda: bool(pages()), 30, "Chromium opens the page")
        yield Page(pages()[0]["webSocketDebuggerUrl"])
    finally:
        browser.terminate()
        browser.wait(20)


@pytest.mark.timeout(120)
def test_a_machine_is_shown_and_followed(own_api: Api, tmp_path: Path) -> None:
    own_api.http.post("/api/v1/vms", json={"name": "shown", "spec": {}}).raise_for_status()
    own_api.operator.report("shown", MachineState.RUNNING, ip="192.0.2.7")
    with browse(f"{own_api.http.base_url}/", tmp_path / "profile") as page:
        wait_until(lambda: "192.0.2.7" in page.text(), 20, "the page shows the machine's address")
        assert "shown" in page.text()
        own_api.http.post("/api/v1/vms", json={"name": "later", "spec": {}}).raise_for_status()
        own_api.operator.report("later", MachineState.RUNNING, ip="192.0.2.8")
        own_api.operator.event("later", "Started")
        wait_until(lambda: "192.0.2.8" in page.text(), 20, "the page shows what came after it was loaded")
