"""The screen of a real guest by WebRTC, in a real browser: the channel outlasts the WebSocket that opened it, and ends with the
right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from homeostat.accounts.rights import Role
from homeostat.models.base import OWNER
from tests.api.people import Person, accounts, settle
from tests.e2e.homeostat import Homeostat, idle
from tests.rig.browser import Page, browse
from tests.rig.consoles import ticket
from tests.rig.waiting import free_port, wait_until

NAME = "box"
SCRIPT = Path(__file__).with_name("webrtc_viewer.js").read_text()


@dataclass
class Place:
    home: Homeostat
    http: httpx.Client
    bob: Person
    page: Page

    def viewer(self, **wanted: Any) -> Viewer:
        given = ticket(self.http, NAME, self.bob.headers, kind="webrtc")
        self.page.run(f"{SCRIPT}; var viewer = connect({json.dumps(given)}, {json.dumps(wanted)}); 0")
        return Viewer(self.page)

    def consoles(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.bob.ask("GET", "consoles").json()["consoles"]
        return found


class Viewer:
    """A viewer in the page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def __getattr__(self, name: str) -> Any:
        return json.loads(self.page.run(f"JSON.stringify(viewer.{name} ?? null)"))

    def words(self, kind: str) -> list[dict[str, Any]]:
        return [word for word in self.said if word["type"] == kind]


@pytest.fixture
def place(homeostat: Homeostat, tmp_path: Path) -> Iterator[Place]:
    port = free_port()
    settle(homeostat.state, bob=Role.USER)
    homeostat.write(NAME, idle(display={"video": "vga"}), labels={OWNER: "bob"})
    homeostat.start("--bind", f"127.0.0.1:{port}")
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=base, timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        homeostat.wait_ready(NAME)
        with browse(f"{base}/healthz", tmp_path / "profile") as page:
            yield Place(homeostat, http, Person(http, "bob"), page)


def test_the_channel_outlasts_the_socket_and_ends_with_the_right(place: Place) -> None:
    viewer = place.viewer()
    wait_until(lambda: bool(viewer.words("opened")), 30, "the channel is open")
    assert viewer.words("opened")[0]["controls"] is True
    place.page.run("viewer.socket.close(); 0")
    wait_until(lambda: viewer.socketEnd is not None, 10, "the WebSocket is closed")
    place.page.run("viewer.greet(); 0")
    wait_until(lambda: viewer.size is not None, 10, "RFB goes on")
    assert [(one["kind"], one["account"], one["controls"]) for one in place.consoles()] == [("webrtc", "bob", True)]
    with accounts(place.home.state) as known:
        known.ban("bob")
    wait_until(lambda: viewer.closed, 10, "the channel ends with the right")
    assert viewer.words("bye")[0]["code"] == 1008
