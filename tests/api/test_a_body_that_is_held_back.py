"""A body may come long after its request's headers. What took the rights of whoever sends it away meanwhile counts for it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api import inside
from tests.api.harness import Api, serving
from tests.api.people import Person, settle
from tests.rig.waiting import wait_until

pytestmark = pytest.mark.skipif(inside.INSIDE, reason="a body that is held back needs a connection")

PATIENCE = 30.0  # seconds; a second where nobody else uses the machine
DISK = {"name": "data", "spec": {"size": "1Mi"}}
PROMISED = 1.0  # seconds, after which what takes a right away counts


class HeldBack:
    """A request of which all but the last byte of the body was sent."""

    def __init__(self, api: Api, person: Person, method: str, path: str, body: object) -> None:
        sent = json.dumps(body).encode()
        named = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": len(sent), **person.headers}
        lines = [f"{method} /api/v1/{path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        self._last = sent[-1:]
        self._socket = socket.create_connection(("127.0.0.1", api.port), PATIENCE)
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + sent[:-1])
        self._began = time.monotonic()

    def status(self) -> int:
        """Sends the last byte, once what was done meanwhile has to count."""
        wait_until(lambda: time.monotonic() - self._began > PROMISED, PATIENCE, "a second has gone by")
        with self._socket as connection:
            connection.sendall(self._last)
            return int(connection.makefile("rb").readline().split()[1])


def ban(api: Api, root: Person, bob: Person) -> None:
    assert root.status("PATCH", "users/bob", json={"banned": True}) == 200


def lower(api: Api, root: Person, bob: Person) -> None:
    assert root.status("PATCH", "users/bob", json={"role": "user"}) == 200


def delete(api: Api, root: Person, bob: Person) -> None:
    assert root.status("DELETE", "users/bob") == 204


def sign_out(api: Api, root: Person, bob: Person) -> None:
    assert bob.status("DELETE", "session") == 204


@contextmanager
def house(folder: Path, role: Role) -> Iterator[tuple[Api, Person, Person]]:
    """A server, its administrator, and bob."""
    settle(folder / "state", bob=role)
    with serving(folder) as api:
        yield api, Person(api.http, "root"), Person(api.http, "bob")


@pytest.mark.parametrize("end", [ban, lower, delete, sign_out])
def test_nobody_makes_an_administrator_with_a_right_that_he_had(
    tmp_path: Path, end: Callable[[Api, Person, Person], None]
) -> None:
    with house(tmp_path, Role.ADMINISTRATOR) as (api, root, bob):
        asked = HeldBack(api, bob, "POST", "users", {"name": "eve", "role": "administrator"})
        end(api, root, bob)
        assert asked.status() == 401
        assert root.status("GET", "users/eve") == 404


def test_a_change_that_takes_no_body_waits_for_one_all_the_same(tmp_path: Path) -> None:
    with house(tmp_path, Role.USER) as (api, root, bob):
        assert bob.status("POST", "disks", json=DISK) == 201
        asked = HeldBack(api, bob, "DELETE", "disks/data", {})
        ban(api, root, bob)
        assert asked.status() == 401
        assert root.status("GET", "disks/data") == 200


def test_whoever_has_his_rights_still_is_answered(tmp_path: Path) -> None:
    with house(tmp_path, Role.USER) as (api, _, bob):
        assert HeldBack(api, bob, "POST", "disks", DISK).status() == 201
