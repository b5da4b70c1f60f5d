"""How a console by WebRTC is begun: by a ticket of its own kind, and messages that are known. Garbage ends it, and says why."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from homeostat.accounts.rights import Role
from homeostat.consoles.signalling import CANDIDATES_MAX, SIGNALLING
from homeostat.models.machine import MachineState
from homeostat.store.files.state import StateFolder
from tests.api import inside
from tests.api.harness import Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import Person, settle
from tests.rig.consoles import GARBLED, WORDS, Console, Ended, ticket, webrtc_offer
from tests.rig.waiting import wait_until

pytestmark = [of_a_folder, pytest.mark.skipif(inside.INSIDE, reason="a WebSocket needs a server to connect to")]

NO_LIBVIRT = "qemu+unix:///system?socket=/nonexistent/libvirt-sock"
UUID = "00000000-0000-0000-0000-000000000001"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("webrtc")
    settle(root / "state", bob=Role.USER)
    StateFolder.open(root / "state").remember_libvirt(NO_LIBVIRT)
    with serving(root) as found:
        assert Person(found.http, "bob").status("POST", "vms", json={"name": "web"}) == 201
        found.operator.report("web", MachineState.RUNNING, domain_uuid=UUID, host="local")
        yield found


@pytest.fixture
def bob(api: Api) -> Person:
    return Person(api.http, "bob")


def begin(api: Api, bob: Person) -> Console:
    given = ticket(api.http, "web", bob.headers, kind="webrtc")
    return Console(api.http.base_url, given["path"], SIGNALLING, given["ticket"])


def tell(console: Console, **said: Any) -> None:
    console.socket.send(json.dumps(said))


def test_it_has_a_ticket_of_its_own_kind(api: Api, bob: Person) -> None:
    given = ticket(api.http, "web", bob.headers, kind="webrtc")
    assert given["path"] == "/api/v1/vms/web/webrtc" and given["protocols"] == [SIGNALLING]
    for kind, path, protocol, status in (
        ("vnc", "webrtc", SIGNALLING, 401),
        ("webrtc", "vnc", WORDS, 401),
        ("webrtc", "webrtc", WORDS, 400),
    ):
        shown = ticket(api.http, "web", bob.headers, kind=kind)["ticket"]
        with pytest.raises(websocket.WebSocketBadStatusException) as failure:
            Console(api.http.base_url, f"/api/v1/vms/web/{path}", protocol, shown)
        assert failure.value.status_code == status


def test_it_is_listed_while_it_is_begun_and_ended_by_whoever_may(api: Api, bob: Person) -> None:
    console = begin(api, bob)
    assert console.word("ice")["servers"] == []
    [listed] = bob.ask("GET", "consoles").json()["consoles"]
    assert (listed["kind"], listed["mode"], listed["machine"]) == ("webrtc", "control", "web")
    assert bob.status("DELETE", f"consoles/{listed['id']}") == 204
    assert str(console.end()) == "1008: ended by bob"
    wait_until(lambda: bob.ask("GET", "consoles").json()["consoles"] == [], 5, "it is off the list")


def test_one_that_was_not_begun_ends_with_its_socket(api: Api, bob: Person) -> None:
    console = begin(api, bob)
    console.word("ice")
    console.close()
    wait_until(lambda: bob.ask("GET", "consoles").json()["consoles"] == [], 5, "it is off the list")


@pytest.mark.parametrize(("said", "why"), GARBLED.values(), ids=GARBLED)
def test_garbage_ends_it_with_a_reason(api: Api, bob: Person, said: dict[str, Any], why: str) -> None:
    console = begin(api, bob)
    tell(console, **said)
    assert why in console.word("error")["message"]
    ended = console.end()
    assert ended.code == 1002 and why in ended.why
    assert "Traceback" not in (api.state.parent / "api.log").read_text()


def test_bytes_and_too_many_candidates_end_it(api: Api, bob: Person) -> None:
    console = begin(api, bob)
    console.send(b"bytes")
    assert "signalling is text" in console.end().why
    console = begin(api, bob)
    tell(console, type="offer", sdp=asyncio.run(webrtc_offer()))
    one = {"candidate": "candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host", "sdpMid": "0"}
    for _ in range(CANDIDATES_MAX + 1):
        tell(console, type="candidate", candidate=one)
    assert f"more than {CANDIDATES_MAX} candidates" in console.end().why


def test_bye_ends_it(api: Api, bob: Person) -> None:
    console = begin(api, bob)
    tell(console, type="bye")
    assert console.word("bye")["message"] == "the viewer left"
    with pytest.raises(Ended, match="1000"):
        console.message()


def test_the_servers_of_the_configuration_are_named_to_who_opens_one(tmp_path: Path) -> None:
    secret = tmp_path / "turn"
    secret.write_text("s3cret-of-turn")
    secret.chmod(0o600)
    StateFolder.open(tmp_path / "state").remember_libvirt(NO_LIBVIRT)
    options = ["--consoles-ice-server", "stun:127.0.0.1:9", "--consoles-ice-server", "turn:127.0.0.1:9"]
    options += ["--consoles-turn-username", "homeostat", "--consoles-turn-credential-file", str(secret)]
    with serving(tmp_path, *options) as api:
        api.create("web")
        api.operator.report("web", MachineState.RUNNING, domain_uuid=UUID, host="local")
        given = ticket(api.http, "web", kind="webrtc")
        console = Console(api.http.base_url, given["path"], SIGNALLING, given["ticket"])
        turn = {"urls": ["turn:127.0.0.1:9"], "username": "homeostat", "credential": "s3cret-of-turn"}
        assert console.word("ice")["servers"] == [{"urls": ["stun:127.0.0.1:9"]}, turn]
        console.close()
    assert "s3cret-of-turn" not in (tmp_path / "api.log").read_text()


def test_without_aiortc_it_is_501_that_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "aiortc.py").write_text("raise ModuleNotFoundError(\"No module named 'aiortc'\")")
    monkeypatch.setenv("PYTHONPATH", str(lacking))
    StateFolder.open(tmp_path / "state").remember_libvirt(NO_LIBVIRT)
    with serving(tmp_path) as api:
        api.create("web")
        api.operator.report("web", MachineState.RUNNING, domain_uuid=UUID, host="local")
        answer = api.http.post("/api/v1/vms/web/consoles", json={"kind": "webrtc"})
        assert answer.status_code == 501 and answer.json()["code"] == "webrtc_unavailable"
        assert "No module named 'aiortc'" in answer.json()["error"]
        assert "pip install 'homeostat[webrtc]'" in answer.json()["error"]
        assert ticket(api.http, "web", kind="vnc")["path"] == "/api/v1/vms/web/vnc"
