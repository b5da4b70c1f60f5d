"""A page in a real browser: in Chromium, driven through its DevTools protocol, or in Firefox (see ``firefox``)."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import websocket

from tests.rig.waiting import free_port, wait_until

BROWSER = "HOMEOSTAT_BROWSER"

# Without these Chromium looks for servers of its own, and cannot run as root.
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-allow-origins=*",
]  # fmt: skip

KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), " ": (32, " "), "ArrowDown": (40, ""), "End": (35, "")}
"""Codes of keys, and what they type."""
CONTROL, SHIFT = 2, 8
MODIFIERS = {"Alt": (1, 18), "Control": (CONTROL, 17), "Shift": (SHIFT, 16)}
"""Their bits, and their codes."""
LOADED = "document.readyState === 'complete' && location.href !== 'about:blank'"
FOCUSED = """(() => {
  const here = document.activeElement;
  if (!here || here === document.body) return "";
  const label = here.getAttribute("aria-label") || here.labels?.[0]?.querySelector("span")?.textContent;
  return (label || here.textContent || here.title || here.tagName).trim();
})()"""


class Page:
    """One page."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._socket = websocket.create_connection(address, timeout=20)
        self._number = 0
        self.logged: list[str] = []  # lines of its console, as far as they have been read
        self.reported: list[str] = []  # what the browser says of it: what could not be loaded, what a script did not catch
        self._ask("Runtime.enable")
        self._ask("Log.enable")

    def before_load(self, script: str) -> None:
        """Runs the script at the beginning of each page that is loaded from now on."""
        self._ask("Page.enable")
        self._ask("Page.addScriptToEvaluateOnNewDocument", source=script)

    def go(self, url: str) -> None:
        """Begins to load another page."""
        self._ask("Page.navigate", url=url)

    def text(self) -> str:
        return str(self.run("document.body.innerText"))

    def run(self, script: str) -> Any:
        """Runs the script in the page, and returns the value of its last expression, where JSON has such a value."""
        answer = self._ask("Runtime.evaluate", expression=script)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str, what: str, seconds: float = 20) -> None:
        """Waits until the script says true."""
        self.until(lambda: self.run(f"Boolean({script})") is True, what, seconds)

    def until(self, holds: Callable[[], object], what: str, seconds: float = 20) -> None:
        """Waits until something holds. A failure says what the page shows, and what went wrong in it."""
        try:
            wait_until(holds, seconds, what)
        except AssertionError as error:
            error.add_note(
                f"it shows: {self.text()[:2000]!r}; its console has: {self.logged[-10:]}; reported: {self.reported[-10:]}"
            )
            raise

    def shows(self, text: str, seconds: float = 20, why: str = "") -> None:
        """Waits until the text can be read in the page. A failure says what can be read instead."""
        self.until(lambda: text in self.text(), why or f"the page shows {text!r}", seconds)

    def press(self, key: str, times: int = 1, shift: bool = False, control: bool = False) -> None:
        """Presses a key, by its name in the DOM: Tab, Enter, Escape, ArrowDown; or a character."""
        letter = len(key) == 1 and key.isalpha()
        number, text = KEYS.get(key, (ord(key.upper()) if letter else 0, key))
        modifiers = (SHIFT if shift else 0) | (CONTROL if control else 0)
        about = {"key": key, "windowsVirtualKeyCode": number, "modifiers": modifiers}
        if letter:
            about["code"] = f"Key{key.upper()}"
        for _ in range(times):
            self._ask("Input.dispatchKeyEvent", type="keyDown", text="" if control else text, **about)
            self._ask("Input.dispatchKeyEvent", type="keyUp", **about)

    def together(self, *keys: str) -> None:
        """Presses keys that change others, one while the other is held, and lets go of all."""
        held = 0
        for kind, order in (("keyDown", keys), ("keyUp", tuple(reversed(keys)))):
            for key in order:
                bit, code = MODIFIERS[key]
                held ^= bit
                about = {"key": key, "code": f"{key}Left", "windowsVirtualKeyCode": code}
                self._ask("Input.dispatchKeyEvent", type=kind, modifiers=held, **about)

    def type(self, text: str) -> None:
        """Types into what has the keyboard."""
        self._ask("Input.insertText", text=text)

    def focused(self) -> str:
        """Returns what a person knows of the element that has the keyboard: its label, or its text."""
        return str(self.run(FOCUSED))

    def tab_to(self, name: str, most: int = 80, back: bool = False) -> None:
        """Goes on by Tab until the element of that name has the keyboard. ``back``: by Shift-Tab."""
        passed = []
        for _ in range(most):
            self.press("Tab", shift=back)
            if (here := self.focused()) == name:
                return
            passed.append(here)
        raise AssertionError(f"Tab comes to no {name!r}, but to {passed}")

    def tab_until(self, script: str, what: str, most: int = 80) -> None:
        """Goes on by Tab until the script says true."""
        for _ in range(most):
            self.press("Tab")
            if self.run(f"Boolean({script})"):
                return
        raise AssertionError(f"not by {most} times Tab: {what}")

    def attach(self, selector: str, file: Path) -> None:
        """Chooses a file in a field for files."""
        self._ask("DOM.enable")
        root = self._ask("DOM.getDocument")["root"]["nodeId"]
        field = self._ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._ask("DOM.setFileInputFiles", nodeId=field, files=[str(file)])

    def another(self, url: str) -> Page:
        """Opens another tab of the same browser."""
        opened = httpx.put(f"http://{urlsplit(self._address).netloc}/json/new?{url}", timeout=20).json()
        page = Page(opened["webSocketDebuggerUrl"])
        page.wait(LOADED, "the page is loaded")
        return page

    def close(self) -> None:
        """Closes the tab."""
        address = urlsplit(self._address)
        httpx.get(f"http://{address.netloc}/json/close/{address.path.rpartition('/')[2]}", timeout=20)

    def reload(self) -> None:
        """Loads the page again, and waits until another document is there: until then the former one answers."""
        self.run("window.former = true; location.reload()")
        self.wait(f"!window.former && ({LOADED})", "the page is loaded again", 30)

    def lose(self, *addresses: str) -> None:
        """Has requests for these addresses fail from now on, as on a network that changes; ``*`` in one stands for anything."""
        self._ask("Network.enable")
        self._ask("Network.setCacheDisabled", cacheDisabled=True)
        self._ask("Network.setBlockedURLs", urls=list(addresses))

    def forget_cookies(self, name: str = "", path: str = "/") -> None:
        """Forgets the cookie of that name and path; without a name, all of them."""
        if name:
            self._ask("Network.deleteCookies", name=name, domain="127.0.0.1", path=path)
        else:
            self._ask("Network.clearBrowserCookies")

    def resize(self, width: int, height: int) -> None:
        """Gives the page another size, in pixels."""
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def hide_scrollbars(self) -> None:
        self._ask("Emulation.setScrollbarsHidden", hidden=True)

    def prefer(self, scheme: str) -> None:
        """Sets which colours the system is said to have: light or dark."""
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self) -> bytes:
        """Returns what is seen, as PNG."""
        return base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])

    def awaited(self, script: str) -> Any:
        """Runs the script, and returns what its last expression, a promise, comes to."""
        answer = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
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
            if told.get("method") == "Log.entryAdded":
                self.reported.append("{level}: {text} {url}".format_map({"url": "", **told["params"]["entry"]}))
            if told.get("method") == "Runtime.exceptionThrown":
                self.reported.append(str(told["params"]["exceptionDetails"]))
            if told.get("id") == self._number:
                answer: dict[str, Any] = told["result"]
                return answer


def browse(url: str, profile: Path) -> AbstractContextManager[Page]:
    """Opens a page in a browser of its own: in Chromium, or in Firefox where HOMEOSTAT_BROWSER says so."""
    from tests.rig import firefox

    return firefox.browse_firefox(url, profile) if os.environ.get(BROWSER) == "firefox" else browse_chromium(url, profile)


@contextmanager
def browse_chromium(url: str, profile: Path) -> Iterator[Page]:
    program = shutil.which("chromium")
    assert program, "chromium is missing: scripts/install-system installs it"
    port = free_port()
    command = [program, *QUIET, f"--user-data-dir={profile}", f"--remote-debugging-port={port}", url]
    left = tempfile.TemporaryDirectory(prefix="hs-browser-", ignore_cleanup_errors=True)  # what it leaves in TMPDIR
    environment = {**os.environ, "TMPDIR": left.name}
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)

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
        page.wait(LOADED, "the page is loaded", 30)
        yield page
    finally:
        browser.terminate()
        browser.wait(20)
        left.cleanup()
