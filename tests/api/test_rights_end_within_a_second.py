"""What takes a right away counts within a second: for requests, and for what stays open, on every worker."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api import inside
from tests.api.harness import Api, serving
from tests.api.people import PASSWORD, Person, accounts, settle
from tests.rig.waiting import wait_until

PATIENCE = 30.0  # seconds; a second where nobody else uses the machine


def sign_out(api: Api, bob: Person, root: Person) -> None:
    assert bob.status("DELETE", "session") == 204


def ban(api: Api, bob: Person, root: Person) -> None:
    assert root.status("PATCH", "users/bob", json={"banned": True}) == 200


def delete(api: Api, bob: Person, root: Person) -> None:
    assert root.status("DELETE", "users/bob") == 204


def another_password(api: Api, bob: Person, root: Person) -> None:
    assert root.status("PUT", "users/bob/password", json={"password": "another horse"}) == 204


def ended_by_an_administrator(api: Api, bob: Person, root: Person) -> None:
    session = bob.ask("GET", "whoami").json()["session"]
    assert root.status("DELETE", f"sessions/{session}") == 204


def banned_on_the_host(api: Api, bob: Person, root: Person) -> None:
    with accounts(api.state) as known:
        known.ban("bob")


ENDS = [sign_out, ban, delete, another_password, ended_by_an_administrator, banned_on_the_host]


class OpenStream:
    """An event stream that somebody has open."""

    def __init__(self, port: int, person: Person) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        lines = [f"{name}: {value}" for name, value in {"Host": "localhost", **person.headers}.items()]
        self._socket.sendall("\r\n".join(["GET /api/v1/events/vms HTTP/1.1", *lines, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        assert self._file.readline().startswith(b"HTTP/1.1 200")
        while self._file.readline().strip():
            pass
        self._chunk()

    def _chunk(self) -> bytes:
        size = int(self._file.readline().strip() or b"0", 16)
        content = self._file.read(size)
        self._file.readline()
        return content

    def ends(self) -> float:
        """The seconds until it ends."""
        began = time.monotonic()
        while self._chunk():
            pass
        return time.monotonic() - began


@pytest.mark.skipif(inside.INSIDE, reason="a stream needs a connection")
@pytest.mark.parametrize("end", ENDS)
def test_on_all_workers(tmp_path: Path, end: Callable[[Api, Person, Person], None]) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path, "--workers", "2") as api:
        root, bob = Person(api.http, "root"), Person(api.http, "bob")
        streams = [OpenStream(api.port, bob) for _ in range(4)]
        end(api, bob, root)
        for stream in streams:
            stream.ends()

        def refused_everywhere() -> bool:
            return all(fresh_status(api, bob) == 401 for _ in range(8))

        wait_until(refused_everywhere, PATIENCE, "no worker lets bob in")
        assert fresh_status(api, root) == 200


def fresh_status(api: Api, person: Person) -> int:
    """Asks over a connection of its own: any worker may take it."""
    with socket.create_connection(("127.0.0.1", api.port), PATIENCE) as connection:
        lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **person.headers}.items())
        connection.sendall(f"GET /api/v1/vms HTTP/1.1\r\nConnection: close\r\n{lines}\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


def test_a_lower_role_counts_and_a_password_of_before_opens_nothing(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.ADMINISTRATOR)
    with serving(tmp_path) as api:
        root, bob = Person(api.http, "root"), Person(api.http, "bob")
        assert bob.status("POST", "users", json={"name": "eve"}) == 201
        assert root.status("PATCH", "users/bob", json={"role": "user"}) == 200
        wait_until(lambda: bob.status("POST", "users", json={"name": "eva"}) == 403, PATIENCE, "bob administers no more")
        assert bob.status("PUT", "users/bob/password", json={"password": "another horse", "current": "wrong horse"}) == 401
        change = {"password": "another horse", "current": PASSWORD}
        assert bob.status("PUT", "users/bob/password", json=change) == 204
        assert bob.status("GET", "vms") == 200, "the session that asked goes on"
        assert api.http.post("/api/v1/session", json={"name": "bob", "password": PASSWORD}).status_code == 401


def test_a_token_that_was_revoked(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path) as api:
        bob = Person(api.http, "bob")
        made = bob.ask("POST", "tokens", json={"name": "ci", "scopes": ["see"]}).json()
        carried = {"Authorization": f"Bearer {made['token']}"}
        assert api.http.get("/api/v1/vms", headers=carried).status_code == 200
        assert bob.status("DELETE", "users/bob/tokens/ci") == 204
        wait_until(lambda: api.http.get("/api/v1/vms", headers=carried).status_code == 401, PATIENCE, "it opens nothing")
