"""A console is opened by a ticket and by nothing else: what is refused, and how it is said. No guest runs here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import websocket

from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.grants import Grants
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.models.machine import MachineState
from homeostat.store.files.state import StateFolder
from tests.api import inside
from tests.api.harness import Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import Person, settle
from tests.rig.consoles import BYTES, WORDS, Console, ticket

pytestmark = [of_a_folder, pytest.mark.skipif(inside.INSIDE, reason="a WebSocket needs a server to connect to")]

NO_LIBVIRT = "qemu+unix:///system?socket=/nonexistent/libvirt-sock"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("consoles")
    settle(root / "state", bob=Role.USER, eve=Role.USER)
    StateFolder.open(root / "state").remember_libvirt(NO_LIBVIRT)
    with serving(root) as found:
        bob = Person(found.http, "bob")
        for name in ("web", "db", "off"):
            assert bob.status("POST", "vms", json={"name": name}) == 201
        for name in ("web", "db"):
            found.operator.report(name, MachineState.RUNNING, domain_uuid="00000000-0000-0000-0000-000000000001", host="local")
        yield found


@pytest.fixture
def bob(api: Api) -> Person:
    return Person(api.http, "bob")


def refused(api: Api, path: str, *protocols: str, **options: object) -> tuple[int, str]:
    """Opens a WebSocket that is refused. Returns the status, and what is said."""
    with pytest.raises(websocket.WebSocketBadStatusException) as failure:
        Console(api.http.base_url, path, *protocols, **options)
    body = failure.value.resp_body
    return failure.value.status_code, body.decode() if isinstance(body, bytes) else str(body)


def test_what_a_ticket_says(api: Api, bob: Person) -> None:
    given = ticket(api.http, "web", bob.headers)
    assert given["path"] == "/api/v1/vms/web/vnc" and given["protocols"] == [WORDS, BYTES]
    assert given["ticket"].startswith("hsc_")


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("web", {"kind": "vnc", "mode": "view"}, 201),
        ("off", {}, 409),
        ("nothing", {}, 404),
        ("web", {"kind": "spice"}, 400),
        ("web", {"mode": "all"}, 400),
        ("web", {"node": "view"}, 400),
    ],
)
def test_what_is_asked_for(bob: Person, name: str, body: dict[str, str], status: int) -> None:
    assert bob.status("POST", f"vms/{name}/consoles", json=body) == status


def test_what_is_anothers_is_not_there(api: Api) -> None:
    assert Person(api.http, "eve").status("POST", "vms/web/consoles", json={}) == 404


def test_its_right_has_ended(api: Api) -> None:
    database = Database.open(sqlite_url(StateFolder.open(api.state).accounts))
    given = Grants(database).give("eve", Grant(frozenset({Right.SEE}), "default", "VirtualMachine", "web"))
    eve = Person(api.http, "eve")
    asked = ticket(api.http, "web", eve.headers)
    Grants(database).take(given.id)
    database.close()
    status, said = refused(api, asked["path"], WORDS, asked["ticket"])
    assert (status, "not yours to look at so any more" in said) == (401, True)


def test_it_is_good_once_and_for_that_console_alone(api: Api, bob: Person) -> None:
    def fresh() -> str:
        text: str = ticket(api.http, "web", bob.headers)["ticket"]
        return text

    used = fresh()
    Console(api.http.base_url, "/api/v1/vms/web/vnc", WORDS, used).close()
    status, said = refused(api, "/api/v1/vms/web/vnc", WORDS, used)
    assert status == 401 and "it was used, has expired, or never was one" in said
    for path in ("/api/v1/vms/db/vnc", "/api/v1/vms/web/serial"):
        wrong = fresh()
        status, said = refused(api, path, WORDS, wrong)
        assert status == 401 and "for another console" in said
        assert refused(api, "/api/v1/vms/web/vnc", WORDS, wrong)[0] == 401  # it is used up
    status, said = refused(api, "/api/v1/vms/web/vnc", fresh())
    assert status == 400 and f"name {WORDS} or {BYTES}" in said


def test_nothing_else_opens_one(api: Api, bob: Person) -> None:
    token = bob.tokens["access_token"]
    assert refused(api, "/api/v1/vms/web/vnc", WORDS)[0] == 401
    status, said = refused(api, "/api/v1/vms/web/vnc", WORDS, header=[f"Authorization: Bearer {token}"])
    assert status == 401 and "opened by a ticket" in said
    status, said = refused(api, f"/api/v1/vms/web/vnc?access_token={token}", WORDS)
    assert status == 400 and "nothing that lets somebody in stands in a URL" in said and token not in said


def test_pages_of_others_open_none(api: Api, bob: Person) -> None:
    given = ticket(api.http, "web", bob.headers)
    assert refused(api, given["path"], WORDS, given["ticket"], origin="https://evil.example")[0] == 403
    ours = str(api.http.base_url).rstrip("/")
    Console(api.http.base_url, given["path"], WORDS, given["ticket"], origin=ours).close()  # it was not used up


def test_a_ticket_of_a_session_that_ended_opens_none(api: Api) -> None:
    bob = Person(api.http, "bob")
    given = ticket(api.http, "web", bob.headers)
    assert bob.status("DELETE", "session") == 204
    assert refused(api, given["path"], WORDS, given["ticket"])[0] == 401


def test_one_with_a_token_of_an_account(api: Api, bob: Person) -> None:
    made = bob.ask("POST", "tokens", json={"name": "pages", "scopes": ["see"]})
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    answer = api.http.post("/api/v1/vms/web/consoles", json={"mode": "control"}, headers=headers)
    assert answer.status_code == 403
    given = ticket(api.http, "web", headers)
    console = Console(api.http.base_url, given["path"], WORDS, given["ticket"])
    assert console.word("opened")["controls"] is False
    console.close()


def test_a_screen_that_is_not_there_is_waited_for_no_longer(api: Api, bob: Person) -> None:
    given = ticket(api.http, "web", bob.headers)
    assert Console(api.http.base_url, given["path"], BYTES, given["ticket"]).end().code in (1011, 1013)


def test_who_reads_nothing_keeps_no_other_open(api: Api, bob: Person) -> None:
    log = api.state / "machines" / "default" / "db" / "console.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"begun")
    known = {"domain_uuid": "00000000-0000-0000-0000-000000000001", "host": "local", "console_log": str(log)}
    api.operator.report("db", MachineState.RUNNING, **known)
    stuck = Console.open(api.http, "db", bob.headers, kind="serial")
    assert stuck.word("opened")["controls"]
    with log.open("ab") as file:
        file.write(b"x" * 64 * 2**20)
    root = Person(api.http, "root")
    other = Console.open(api.http, "db", root.headers, kind="serial")
    opened = other.word("opened")
    assert root.status("POST", f"consoles/{opened['console']}/control") == 204  # which the other one does not hear
    assert root.status("DELETE", f"consoles/{opened['console']}") == 204
    assert other.end().why == "ended by root"
    stuck.close()


@pytest.mark.parametrize("path", ["/console/web", "/console/web/serial", "/web/console/console.js", "/web/novnc/core/rfb.js"])
def test_pages_are_for_whoever_is_known(api: Api, bob: Person, path: str) -> None:
    assert api.http.get(path).status_code == 401
    answer = api.http.get(path, headers=bob.headers)
    assert answer.status_code == 200
    again = api.http.get(path, headers={**bob.headers, "If-None-Match": answer.headers.get("ETag", '"none"')})
    assert again.status_code == (304 if path.startswith("/web/") else 200)


@pytest.mark.parametrize(
    "path", ["/web/", "/web/../index.html", "/web/%2e%2e/index.html", "/web/novnc", "/web/%00", "/web//etc/passwd"]
)
def test_no_other_file_is_served(api: Api, bob: Person, path: str) -> None:
    request = httpx.Request("GET", str(api.http.base_url).rstrip("/") + path, headers=bob.headers)
    assert api.http.send(request).status_code == 404


def test_without_accounts_a_ticket_is_needed_too(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    StateFolder.open(tmp_path / "state").remember_libvirt(NO_LIBVIRT)
    with serving(tmp_path) as api:
        api.create("web")
        api.operator.report("web", MachineState.RUNNING, domain_uuid="00000000-0000-0000-0000-000000000001", host="local")
        assert refused(api, "/api/v1/vms/web/vnc", WORDS)[0] == 401
        given = ticket(api.http, "web")
        Console(api.http.base_url, given["path"], WORDS, given["ticket"]).close()
        assert api.http.get("/api/v1/vms").status_code == 200, "nobody needs an account for it"
