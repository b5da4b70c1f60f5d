"""A page in Firefox, driven through WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/)."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import websocket

from tests.rig.browser import LOADED, MODIFIERS, Page
from tests.rig.waiting import free_port, wait_until

KEYS = {
    "Tab": "\ue004", "Enter": "\ue006", "Escape": "\ue00c", "ArrowDown": "\ue015", "End": "\ue010",
    "Shift": "\ue008", "Control": "\ue009", "Alt": "\ue00a",
}  # fmt: skip
"""Keys that type nothing, as WebDriver numbers them."""
PREFERENCES = {
    "browser.shell.checkDefaultBrowser": False,
    "devtools.jsonview.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.disable_beforeunload": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.http.http3.enable": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "extensions.getAddons.cache.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "accessibility.tabfocus": 7,
}
"""Without these it looks for servers of its own, shows JSON within a page of its own, lets a tab close without asking, and skips
links as it goes on by Tab."""


class Session:
    """One browser."""

    def __init__(self, port: int) -> None:
        self._socket = websocket.create_connection(f"ws://127.0.0.1:{port}/session", timeout=30, suppress_origin=True)
        self._number = 0
        self._pages: dict[str, FirefoxPage] = {}
        self.ask("session.new", capabilities={"alwaysMatch": {"unhandledPromptBehavior": {"default": "ignore"}}})
        self.ask("session.subscribe", events=["log.entryAdded"])

    def page(self, context: str) -> FirefoxPage:
        return self._pages.setdefault(context, FirefoxPage(self, context))

    def first(self) -> str:
        """Returns the context of the first tab."""
        return str(self.ask("browsingContext.getTree")["contexts"][0]["context"])

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("method") == "log.entryAdded":
                entry = said["params"]
                page = self._pages.get(entry["source"].get("context", ""))
                if page is not None and entry["type"] in ("console", "javascript"):
                    page.logged.append(entry["text"] or "")
            if said.get("id") == self._number:
                assert said["type"] == "success", f"{method}: {said}"
                answer: dict[str, Any] = said["result"]
                return answer

    def close(self) -> None:
        self._socket.close()


class FirefoxPage(Page):
    """One page."""

    def __init__(self, session: Session, context: str) -> None:
        self._session, self._context = session, context
        self.logged: list[str] = []
        self.reported: list[str] = []

    def before_load(self, script: str) -> None:
        self._tell("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}", contexts=[self._context])

    def go(self, url: str) -> None:
        self._tell("browsingContext.navigate", context=self._context, url=url, wait="none")

    def run(self, script: str) -> Any:
        return self._evaluate(script, False)

    def awaited(self, script: str) -> Any:
        return self._evaluate(script, True)

    def press(self, key: str, times: int = 1, shift: bool = False, control: bool = False) -> None:
        held = [KEYS[name] for name, on in (("Shift", shift), ("Control", control)) if on]
        for _ in range(times):
            self._keys([*held, KEYS.get(key, key)])

    def together(self, *keys: str) -> None:
        assert set(keys) <= MODIFIERS.keys()
        self._keys([KEYS[key] for key in keys])

    def type(self, text: str) -> None:
        actions = [step for letter in text for step in ({"type": "keyDown", "value": letter}, {"type": "keyUp", "value": letter})]
        self._act(actions)

    def attach(self, selector: str, file: Path) -> None:
        nodes = self._session.ask(
            "browsingContext.locateNodes", context=self._context, locator={"type": "css", "value": selector}
        )["nodes"]
        self._tell("input.setFiles", context=self._context, element={"sharedId": nodes[0]["sharedId"]}, files=[str(file)])

    def another(self, url: str) -> Page:
        page = self._session.page(self._session.ask("browsingContext.create", type="tab")["context"])
        page.go(url)
        page.wait(LOADED, "the page is loaded", 30)
        return page

    def close(self) -> None:
        self._tell("browsingContext.close", context=self._context)

    def lose(self, *addresses: str) -> None:
        raise NotImplementedError("an intercept of WebDriver BiDi answers each request by an event")

    def forget_cookies(self, name: str = "", path: str = "/") -> None:
        self._tell("storage.deleteCookies", filter={"name": name, "path": path} if name else {})

    def resize(self, width: int, height: int) -> None:
        self._tell("browsingContext.setViewport", context=self._context, viewport={"width": width, "height": height})

    def hide_scrollbars(self) -> None:
        raise NotImplementedError("pictures are taken in Chromium")

    def prefer(self, scheme: str) -> None:
        raise NotImplementedError("WebDriver BiDi has no way to do this")

    def picture(self) -> bytes:
        return base64.b64decode(self._session.ask("browsingContext.captureScreenshot", context=self._context)["data"])

    def _keys(self, keys: list[str]) -> None:
        down = [{"type": "keyDown", "value": key} for key in keys]
        self._act([*down, *({"type": "keyUp", "value": key} for key in reversed(keys))])

    def _act(self, actions: list[dict[str, str]]) -> None:
        self._tell("input.performActions", context=self._context, actions=[{"type": "key", "id": "keys", "actions": actions}])

    def _evaluate(self, script: str, wait: bool) -> Any:
        target = {"context": self._context}
        answer = self._session.ask("script.evaluate", expression=script, target=target, awaitPromise=wait, userActivation=True)
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return _value(answer["result"])

    def _tell(self, method: str, **parameters: Any) -> None:
        self._session.ask(method, **parameters)

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        raise NotImplementedError(f"{method} is of Chromium's protocol")


def _value(remote: dict[str, Any]) -> Any:
    """Returns what JSON has for a value of a script."""
    match remote["type"]:
        case "array":
            return [_value(one) for one in remote.get("value", [])]
        case "object":
            return {key: _value(one) for key, one in remote.get("value", [])}
        case "string" | "boolean" | "number":
            return remote["value"]
        case _:
            return None


@contextmanager
def browse_firefox(url: str, profile: Path) -> Iterator[Page]:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    assert program, "firefox is missing: scripts/install-system installs it"
    profile.mkdir(parents=True, exist_ok=True)
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    port = free_port()
    command = [program, "--headless", "--no-remote", "--profile", str(profile), f"--remote-debugging-port={port}", "about:blank"]
    environment = {**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    session: Session | None = None

    def answers() -> bool:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
        except httpx.TransportError:
            return False
        return True

    try:
        wait_until(answers, 60, "Firefox begins")
        session = Session(port)
        first = session.page(session.first())
        page = first.another(url)  # in the first tab the address bar has the keyboard
        first.close()
        yield page
    finally:
        if session is not None:
            session.close()
        browser.terminate()
        browser.wait(20)
