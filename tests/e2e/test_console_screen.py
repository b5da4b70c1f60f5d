"""The screen of a real guest over a WebSocket: whoever may looks, one has control, it outlasts the guest, and it ends with the
right."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import websocket

from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.grants import Grants
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.models.base import OWNER
from homeostat.store.files.state import StateFolder
from tests.api.people import Person, accounts, settle
from tests.e2e.homeostat import Homeostat, idle
from tests.rig.consoles import BYTES, Console, ticket
from tests.rig.waiting import free_port, wait_until

NAME = "box"
SCREEN = {"display": {"video": "vga"}}
TEXT = (720, 400)  # 80 × 25 letters
CURSOR = 4 * 9 * 16  # bytes of a letter's pixels


@dataclass
class Place:
    home: Homeostat
    http: httpx.Client
    bob: Person
    root: Person

    def open(self, who: Person, protocol: str = "homeostat.console.v1", **wanted: str) -> Console:
        return Console.open(self.http, NAME, who.headers, protocol, **wanted)

    def wait_for_text(self) -> None:
        """Waits until the firmware has its last mode: a viewer of this size sees no other one any more."""

        def size() -> tuple[int, int]:
            console = self.open(self.root, mode="view")
            try:
                return console.greet()
            finally:
                console.close()

        wait_until(lambda: size() == TEXT, 60, "the firmware has nothing to boot, and says so in text mode")

    def consoles(self, who: Person) -> list[dict[str, object]]:
        found: list[dict[str, object]] = who.ask("GET", "consoles").json()["consoles"]
        return found


@pytest.fixture
def place(homeostat: Homeostat) -> Iterator[Place]:
    port = free_port()
    settle(homeostat.state, bob=Role.USER, eve=Role.USER)
    homeostat.write(NAME, idle(**SCREEN), labels={OWNER: "bob"})
    homeostat.start("--bind", f"127.0.0.1:{port}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
        homeostat.wait_ready(NAME)
        yield Place(homeostat, http, Person(http, "bob"), Person(http, "root"))


def test_many_look_and_one_has_control(place: Place) -> None:
    place.wait_for_text()
    bob, root = place.open(place.bob), place.open(place.root)
    assert bob.word("opened")["controls"]
    second = root.word("opened")
    assert not second["controls"]
    assert bob.greet() == root.greet() == TEXT

    def same() -> bool:
        one, other = bob.picture(TEXT), root.picture(TEXT)
        assert any(one) and any(other), "the screen is black"
        different = sum(a != b for a, b in zip(one, other, strict=True))
        assert different <= CURSOR, f"{different} bytes of the pictures differ"
        return True

    wait_until(same, 20, "they see the same text, but for the cursor, which blinks")
    assert [(one["account"], one["controls"]) for one in place.consoles(place.bob)] == [("bob", True), ("root", False)]
    assert place.root.status("POST", f"consoles/{second['console']}/control") == 204
    assert not bob.word("control")["controls"] and root.word("control")["controls"]
    assert place.bob.status("POST", f"consoles/{second['console']}/control") == 404, "it is not his"
    assert place.bob.status("DELETE", f"consoles/{second['console']}") == 204, "it is of his machine"
    assert str(root.end()) == "1008: ended by bob"
    bob.close()
    wait_until(lambda: place.consoles(place.root) == [], 10, "nobody looks")


def test_it_goes_on_after_a_restart(place: Place) -> None:
    console, plain = place.open(place.bob), place.open(place.root, BYTES)
    console.greet()
    plain.greet()
    os.kill(place.home.qemu_pid(NAME), signal.SIGKILL)
    assert plain.end().code == 1012
    console.word("waiting")
    console.word("restart")
    place.wait_for_text()
    console.send(b"")
    assert console.greet() == TEXT
    wait_until(lambda: any(console.picture(TEXT)), 20, "the firmware writes on the screen")


def test_as_many_as_may_look_go_on_after_a_restart(place: Place) -> None:
    """All of them open its screen again at once."""
    looking = [place.open(who, mode="view") for who in (place.bob, place.root) for _ in range(8)]
    for console in looking:
        console.greet()
    os.kill(place.home.qemu_pid(NAME), signal.SIGKILL)
    for console in looking:
        console.word("restart")


def test_it_ends_with_the_right(place: Place) -> None:
    database = Database.open(sqlite_url(StateFolder.open(place.home.state).accounts))
    given = Grants(database).give("eve", Grant(frozenset({Right.SEE}), "default", "VirtualMachine", NAME))
    eve = Person(place.http, "eve")
    assert eve.status("POST", f"vms/{NAME}/consoles", json={"mode": "control"}) == 403
    looking = place.open(eve)
    assert looking.word("opened")["controls"] is False
    Grants(database).take(given.id)
    assert looking.end().code == 1008
    mine = place.open(place.bob)
    mine.greet()
    with accounts(place.home.state) as known:
        known.ban("bob")
    assert mine.end().code == 1008
    database.close()


def test_a_machine_of_the_same_name_is_another_one(place: Place) -> None:
    mine, unused = place.open(place.bob), ticket(place.http, NAME, place.bob.headers)
    mine.greet()
    place.home.write("other", idle())  # a folder that holds nothing is doubted
    place.home.wait_ready("other")
    headless = place.root.ask("POST", "vms/other/consoles", json={})
    assert headless.status_code == 409 and "display.vnc.enabled: false" in headless.json()["error"]
    place.home.remove(NAME)
    assert mine.end().code == 1008
    place.home.wait_gone(NAME)
    place.home.write(NAME, idle(**SCREEN), labels={OWNER: "eve"})
    place.home.wait_ready(NAME)
    with pytest.raises(websocket.WebSocketBadStatusException, match="another machine by now"):
        Console(place.http.base_url, unused["path"], BYTES, unused["ticket"])
