"""A page in a real browser, driven through Chromium's DevTools protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import websocket

from tests.rig.waiting import free_port, wait_until

# Without these Chromium looks for servers of its own, and cannot run as root.
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-allow-origins=*",
]  # fmt: skip


class Page:
    """One page."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=20)
        self._number = 0
        self.logged: list[str] = []  # lines of its console, as far as they have been read
        self._ask("Runtime.enable")

    def text(self) -> str:
        return str(self.run("document.body.innerText"))

    def run(self, script: str) -> Any:
        """Runs the script in the page, and returns the value of its last expression, where JSON has such a value."""
        answer = self._ask("Runtime.evaluate", expression=script)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def console(self) -> list[str]:
        """Returns all lines that the page has written to its console so far."""
        self.run("0")  # reading its answer also reads everything before it
        return self.logged

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv())
            if told.get("method") == "Runtime.consoleAPICalled":
                self.logged.append(" ".join(str(part.get("value")) for part in told["params"]["args"]))
            if told.get("id") == self._number:
                answer: dict[str, Any] = told["result"]
                return answer


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
        page = Page(pages()[0]["webSocketDebuggerUrl"])
        # A script that runs earlier would be lost with the empty page that comes first.
        loaded = "document.readyState === 'complete' && location.href !== 'about:blank'"
        wait_until(lambda: page.run(loaded), 30, "the page is loaded")
        yield page
    finally:
        browser.terminate()
        browser.wait(20)
