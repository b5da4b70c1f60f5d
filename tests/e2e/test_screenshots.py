"""Pictures of real screens, and keys that reach real guests."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from PIL import Image

from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.grants import Grants
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.models.base import OWNER
from homeostat.store.files.state import StateFolder
from tests.api.people import Person, settle
from tests.e2e.homeostat import Homeostat, guest, idle
from tests.rig.guest import BOOT_TIMEOUT, READY, GuestImage
from tests.rig.libvirtd import Libvirtd
from tests.rig.program import ran
from tests.rig.waiting import free_port, wait_until

BIOS, TYPED, HIDDEN, HEADLESS = "bios", "typed", "hidden", "headless"
TEXT = (720, 400)  # 80 × 25 letters
# What is typed on the keyboard comes back on the serial line.
ECHOES = "#!/bin/sh\ncat /dev/tty1 >/dev/ttyS0 &\n"
WORDS = r"""Az09 !@#$%^&*()_+-=[]{}\|;:'",.<>/?`~"""


@dataclass
class Place:
    home: Homeostat
    http: httpx.Client
    bob: Person
    eve: Person

    def shot(self, who: Person, name: str, **query: str) -> httpx.Response:
        return who.ask("GET", f"vms/{name}/screenshot", params=query)

    def picture(self, name: str, **query: str) -> Image.Image:
        answer = self.shot(self.bob, name, **query)
        assert answer.status_code == 200, answer.text
        return Image.open(io.BytesIO(answer.content))

    def viewers(self, name: str) -> int:
        """How many QEMU shows the screen to."""
        return self.home.virsh("qemu-monitor-command", name, "--hmp", "info vnc").count("Client:")

    def type(self, text: str) -> None:
        answer = self.bob.ask("POST", f"vms/{TYPED}/keys", json={"text": text})
        assert answer.status_code == 204, answer.text


@pytest.fixture(scope="module")
def place(libvirtd: Libvirtd, guest_image: GuestImage) -> Iterator[Place]:
    home, port = Homeostat(libvirtd, guest_image), free_port()
    settle(home.state, bob=Role.USER, eve=Role.USER)
    screen = {"video": "vga"}
    typed = guest(guest_image, display=screen, nics=[], cloudInit={"userData": ECHOES})
    machines = {
        BIOS: idle(display=screen),
        TYPED: typed,
        HIDDEN: idle(display={**screen, "private": True}),
        HEADLESS: idle(),
    }
    try:
        for name, spec in machines.items():
            home.write(name, spec, labels={OWNER: "bob"})
        home.start("--bind", f"127.0.0.1:{port}")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            wait_until(lambda: http.get("/readyz").status_code == 200, 60, "the API is ready")
            home.wait_ready(*machines, timeout=BOOT_TIMEOUT)
            database = Database.open(sqlite_url(StateFolder.open(home.state).accounts))
            for name in (BIOS, HIDDEN):
                Grants(database).give("eve", Grant(frozenset({Right.SEE}), "default", "VirtualMachine", name))
            database.close()
            yield Place(home, http, Person(http, "bob"), Person(http, "eve"))
    finally:
        home.close()


def test_a_picture_shows_what_the_guest_shows(place: Place) -> None:
    wait_until(lambda: place.picture(BIOS).size == TEXT, 60, "the firmware has nothing to boot, and says so in text mode")
    wait_until(lambda: place.picture(BIOS).getbbox(), 20, "there are letters")
    thumbnail = place.picture(BIOS, size="thumbnail")
    assert thumbnail.size == (320, 178) and thumbnail.getbbox(), "and in small, too"
    assert place.shot(place.eve, BIOS).status_code == 200, "whoever sees the machine sees its screen"
    assert place.shot(place.eve, TYPED).status_code == 404


def test_it_is_sent_only_where_it_is_another_one(place: Place) -> None:
    def unchanged() -> bool:
        first = place.shot(place.bob, BIOS, size="thumbnail")
        assert first.headers["Cache-Control"] == "private, no-cache" and "Last-Modified" in first.headers
        again = place.bob.ask("GET", f"vms/{BIOS}/screenshot", params={"size": "thumbnail"})
        known = {**place.bob.headers, "If-None-Match": first.headers["ETag"]}
        path = f"/api/v1/vms/{BIOS}/screenshot"
        second = place.http.get(path, params={"size": "thumbnail"}, headers=known)
        full = place.http.get(path, headers=known)
        assert full.status_code == 200, "another size is another picture"
        return again.content == first.content and second.status_code == 304 and not second.content

    wait_until(unchanged, 30, "the cursor does not blink between them")


def test_it_is_read_as_long_as_somebody_looks(place: Place) -> None:
    place.picture(BIOS)
    assert place.viewers(BIOS) >= 1
    wait_until(lambda: place.viewers(BIOS) == 0, 20, "nobody looks any more")
    place.picture(BIOS)
    assert place.viewers(BIOS) >= 1, "and it begins again"


@pytest.mark.parametrize(
    ("name", "who", "why"),
    [
        (HEADLESS, "bob", "display.vnc.enabled: false"),
        (HIDDEN, "eve", "display.private"),
    ],
    ids=[HEADLESS, HIDDEN],
)
def test_there_is_nothing_to_see(place: Place, name: str, who: str, why: str) -> None:
    person = place.bob if who == "bob" else place.eve
    refused = place.shot(person, name)
    assert (refused.status_code, refused.json()["code"]) == (409, "console_unavailable") and why in refused.json()["error"]
    dummy = place.shot(person, name, dummy="true", size="thumbnail")
    assert dummy.status_code == 200 and Image.open(io.BytesIO(dummy.content)).width == 320
    assert person.status("POST", f"vms/{name}/consoles", json={"mode": "view"}) == 409
    if name == HIDDEN:
        assert place.viewers(HIDDEN) == 0, "it was not even read"
        assert place.picture(HIDDEN).width >= 640, "its owner sees it"


def test_keys_reach_the_guest(place: Place) -> None:
    wait_until(lambda: READY in place.home.console(TYPED), BOOT_TIMEOUT, "the guest has booted")
    place.type(WORDS + "\n")
    wait_until(lambda: WORDS in place.home.console(TYPED), 30, "every character arrived")
    long = "".join(f"{number:04d} " for number in range(40))
    place.type(long + "\n")
    wait_until(lambda: long in place.home.console(TYPED), 30, "none was lost")
    chord = place.bob.ask("POST", f"vms/{TYPED}/keys", json={"keys": ["shift", "a"]})
    assert chord.status_code == 204, chord.text
    place.type("b\n")
    wait_until(lambda: "Ab" in place.home.console(TYPED), 30, "a chord is pressed together, and let go")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "over REST"])
def test_commands(place: Place, tmp_path: Path, elsewhere: bool) -> None:
    wait_until(lambda: READY in place.home.console(TYPED), BOOT_TIMEOUT, "the guest has booted")
    (tmp_path / "token").write_text(place.bob.tokens["access_token"])
    server = "--server", str(place.http.base_url), "--token-file", str(tmp_path / "token")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        whole = [sys.executable, "-m", "homeostat.cli.main", *words, *server] if elsewhere else place.home.command(*words)
        return ran(whole)

    file, word = tmp_path / "screen.png", f"by command {elsewhere}"
    shot = run("screenshot", "vm", BIOS, "-o", str(file))
    assert shot.returncode == 0 and Image.open(file).size == TEXT, shot.stderr
    typed = run("type", "vm", TYPED, f"{word}\n")
    assert typed.returncode == 0 and f"{len(word) + 1} characters typed" in typed.stdout, typed.stderr
    wait_until(lambda: word in place.home.console(TYPED), 30, "it arrived")
    assert run("type", TYPED, "--keys", "shift+c").returncode == 0
    assert run("type", TYPED, "d\n").returncode == 0
    wait_until(lambda: place.home.console(TYPED).count("Cd") == 1 + elsewhere, 30, "a chord did, too")
    refused = run("type", TYPED, "naïve")
    assert refused.returncode == 2 and "character 3, ï" in refused.stderr
    missing = run("screenshot", HEADLESS, "-o", str(tmp_path / "none.png"))
    assert missing.returncode == 1 and "Traceback" not in missing.stderr and not (tmp_path / "none.png").exists(), missing.stderr
    assert run("screenshot", BIOS, "--show").returncode == 1, "this is no terminal"


def test_keys_that_are_refused(place: Place) -> None:
    refused = place.bob.ask("POST", f"vms/{BIOS}/keys", json={"text": "naïve"})
    assert (refused.status_code, refused.json()["code"]) == (400, "no_such_key") and "character 3, ï" in refused.json()["error"]
    assert place.eve.status("POST", f"vms/{BIOS}/keys", json={"text": "a"}) == 403
    assert place.bob.status("POST", f"vms/{BIOS}/keys", json={"text": "a", "keys": ["a"]}) == 400
    done = place.bob.ask("GET", "audit", params={"verb": "type"}).text
    assert "a text" in done and "naïve" not in done and "ï" not in done and WORDS[:4] not in done, done
