"""The screen of a real guest by WebRTC, in a real browser: the channel outlasts the WebSocket that opened it, and ends with the
right."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from homeostat.accounts.rights import Role
from homeostat.models.base import OWNER
from tests.api.people import Person, accounts, settle
from tests.e2e.homeostat import Homeostat, guest, idle
from tests.rig.browser import Page, browse
from tests.rig.consoles import Console, ticket
from tests.rig.guest import BOOT_TIMEOUT
from tests.rig.waiting import free_port, wait_until

NAME = "box"
BLOCK = 16  # pixels
NOVNC = """
if (self.RFB === undefined) {
  self.RFB = null;
  import("/web/novnc/core/rfb.js").then(({ default: RFB }) => { self.RFB = RFB; }, () => location.reload());
}
Boolean(self.RFB)
"""  # a part of it is lost where the network changes meanwhile, as by other tests
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


@dataclass
class Look:
    """A screen's size, and how bright its blocks are."""

    size: tuple[int, int]
    blocks: list[int]

    def differs(self, other: Look) -> float:
        """How much, on average over all blocks."""
        assert len(self.blocks) == len(other.blocks)
        return sum(abs(one - two) for one, two in zip(self.blocks, other.blocks, strict=True)) / len(self.blocks)


def look_by_rfb(http: httpx.Client, headers: Any) -> Look:
    """As a viewer of our own sees it."""
    with closing(Console.open(http, NAME, headers, mode="view")) as console:  # also where a guest that just starts shows nothing
        width, height = console.greet()
        pixels = console.picture((width, height))
    rows = [pixels[4 * width * y : 4 * width * (y + 1)] for y in range(height)]
    blocks = []
    for y in range(0, height - BLOCK + 1, BLOCK):
        for x in range(0, width - BLOCK + 1, BLOCK):
            parts = [row[4 * x : 4 * (x + BLOCK)] for row in rows[y : y + BLOCK]]
            blocks.append(round(sum(sum(part) - sum(part[3::4]) for part in parts) / (3 * BLOCK * BLOCK)))
    return Look((width, height), blocks)


class Viewer:
    """A viewer in the page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def __getattr__(self, name: str) -> Any:
        return json.loads(self.page.run(f"JSON.stringify(viewer.{name} ?? null)"))

    def look(self) -> Look | None:
        found = json.loads(self.page.run(f"JSON.stringify(viewer.look({BLOCK}))"))
        return Look(tuple(found["size"]), found["blocks"]) if found else None

    def words(self, kind: str) -> list[dict[str, Any]]:
        return [word for word in self.said if word["type"] == kind]


@pytest.fixture
def place(homeostat: Homeostat, tmp_path: Path) -> Iterator[Place]:
    with opened(homeostat, tmp_path, idle(display={"video": "vga"})) as found:
        yield found


@contextmanager
def browsing(
    homeostat: Homeostat, tmp_path: Path, path: str, machine: dict[str, Any], **metadata: Any
) -> Iterator[tuple[Page, httpx.Client]]:
    """A machine that runs, an API server, and a browser at one of its addresses."""
    port = free_port()
    homeostat.write(NAME, machine, **metadata)
    homeostat.start("--bind", f"127.0.0.1:{port}")
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=base, timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        homeostat.wait_ready(NAME)
        with browse(f"{base}{path}", tmp_path / "profile") as page:
            yield page, http


@contextmanager
def our_page(homeostat: Homeostat, tmp_path: Path) -> Iterator[tuple[Page, httpx.Client]]:
    """The page of the console, where nobody has an account."""
    with browsing(homeostat, tmp_path, f"/console/{NAME}?webrtc", idle(display={"video": "vga"})) as found:
        yield found


@contextmanager
def opened(homeostat: Homeostat, tmp_path: Path, machine: dict[str, Any]) -> Iterator[Place]:
    settle(homeostat.state, bob=Role.USER)
    with browsing(homeostat, tmp_path, "/healthz", machine, labels={OWNER: "bob"}) as (page, http):
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
    other = Console.open(place.http, NAME, Person(place.http, "root").headers)
    taking = other.word("opened")
    assert taking["controls"] is False, "it is one screen, with one control"
    assert Person(place.http, "root").status("POST", f"consoles/{taking['console']}/control") == 204
    wait_until(lambda: viewer.words("control") == [{"type": "control", "controls": False}], 10, "he hears that he lost control")
    other.close()
    with accounts(place.home.state) as known:
        known.ban("bob")
    wait_until(lambda: viewer.closed, 10, "the channel ends with the right")
    assert viewer.words("bye")[0]["code"] == 1008
    wait_until(lambda: Person(place.http, "root").ask("GET", "consoles").json()["consoles"] == [], 10, "it is off the list")


def test_a_video_shows_the_screen_and_keys_reach_the_guest(town: Homeostat, tmp_path: Path) -> None:
    assert town.image is not None
    # The kernel writes on the screen, and echoes there what is typed.
    with opened(town, tmp_path, guest(town.image, "console=tty0", display={"video": "vga"}, nics=[])) as place:
        viewer = place.viewer(video=True)
        wait_until(lambda: viewer.look() is not None, 30, "the video begins")

        def same() -> bool:
            seen, is_there = viewer.look(), look_by_rfb(place.http, place.bob.headers)
            assert seen is not None, "the video shows nothing"
            assert seen.size == is_there.size
            assert max(is_there.blocks) > 30, "the guest shows nothing"
            assert seen.differs(is_there) < 1, f"the video shows {seen}, the guest {is_there}"
            return True

        wait_until(same, BOOT_TIMEOUT, "the video shows what the guest shows")
        before = viewer.look()
        assert before is not None
        place.page.run("viewer.greet(); 0")
        wait_until(lambda: viewer.size is not None, 10, "RFB begins, for keys alone")
        for _ in range(30):
            place.page.run("viewer.press(119); 0")

        def changed() -> bool:
            now = viewer.look()
            return now is not None and max(abs(a - b) for a, b in zip(now.blocks, before.blocks, strict=True)) > 10

        wait_until(changed, 30, "what was typed is in the video")
        wait_until(same, 10, "the video is sharp again")
        killed = town.qemu_pid(NAME)
        os.kill(killed, signal.SIGKILL)
        # It may run again before the video has noticed: then nothing is said.
        town.wait_for(lambda: town.state_of(NAME) == "running" and town.qemu_pid(NAME) != killed, "it runs again")
        wait_until(same, BOOT_TIMEOUT, f"the video shows the next run: {viewer.words('video')}")
        place.page.run("viewer.peer.close(); 0")
        wait_until(lambda: place.consoles() == [], 10, "a viewer that closed his side is off the list")
        assert place.page.console() == []


SHOWN = "(() => { const c = document.querySelector('#screen canvas'); return c ? [c.width, c.height].join() : ''; })()"


def test_the_page_shows_it_by_webrtc_and_waits_for_the_next_run(homeostat: Homeostat, tmp_path: Path) -> None:
    with our_page(homeostat, tmp_path) as (page, http):
        page.shows("you have control", 30, "the page has the console")
        wait_until(lambda: page.run(SHOWN) == "720,400", 30, "it shows the screen")
        assert [one["kind"] for one in http.get("/api/v1/consoles").json()["consoles"]] == ["webrtc"]
        os.kill(homeostat.qemu_pid(NAME), signal.SIGKILL)
        page.shows("waiting", 30, "the page says that it waits")
        wait_until(lambda: "waiting" not in page.text() and page.run(SHOWN) != "", 60, "the page shows the next run")
        [shown] = http.get("/api/v1/consoles").json()["consoles"]
        assert http.delete(f"/api/v1/consoles/{shown['id']}").status_code == 204
        page.shows("ended by", 10, "the page says that it was ended")
        # noVNC says so of a run that ends before it has greeted, which a slow host lets happen.
        assert [line for line in page.console() if "Failed when connecting" not in line] == []


def test_the_page_falls_back_to_the_socket_and_says_so(
    homeostat: Homeostat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "aiortc.py").write_text("raise ModuleNotFoundError(\"No module named 'aiortc'\")")
    monkeypatch.setenv("PYTHONPATH", str(lacking))
    with our_page(homeostat, tmp_path) as (page, http):
        page.shows("you have control", 30, "the page has the console")
        assert "by WebSocket, since WebRTC failed" in page.text() and "homeostat[webrtc]" in page.text()
        assert [one["kind"] for one in http.get("/api/v1/consoles").json()["consoles"]] == ["vnc"]


def test_novnc_takes_the_channel_as_it_is(homeostat: Homeostat, tmp_path: Path) -> None:
    with browsing(homeostat, tmp_path, "/healthz", idle(display={"video": "vga"})) as (page, http):
        wait_until(lambda: page.run(NOVNC), 30, "noVNC is loaded")
        given = ticket(http, NAME, kind="webrtc")
        page.run(f"{SCRIPT}; var viewer = connect({json.dumps(given)}, {{novnc: true}}); 0")
        shown = "(() => { const c = document.querySelector('body > div canvas'); return c ? [c.width, c.height].join() : ''; })()"
        wait_until(lambda: page.run(shown) == "720,400", 30, "it shows the screen")
