"""Accounts of a server under test, and those who ask it as one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.store.files.state import StateFolder
from tests.api.harness import Api, serving

PASSWORD = "correct horse"
SESSION = "/api/v1/session"


@contextmanager
def accounts(state: Path) -> Iterator[Accounts]:
    """Opens the accounts of a state folder as a command on the host does."""
    folder = StateFolder.open(state)
    database = Database.open(sqlite_url(folder.accounts))
    try:
        yield Accounts(database, Passwords(iterations=1, memory=8))
    finally:
        database.close()


def settle(state: Path, **people: Role) -> None:
    """Makes accounts; the first one is an administrator, root."""
    with accounts(state) as known:
        for name, role in {"root": Role.ADMINISTRATOR, **people}.items():
            known.add(name, role, PASSWORD)


def inhabited(**people: Role) -> Any:
    """Returns a fixture for a module: a server of its own, with these accounts and root."""

    @pytest.fixture(scope="module")
    def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
        root = tmp_path_factory.mktemp("inhabited")
        settle(root / "state", **people)
        with serving(root) as found:
            yield found

    return api


def sign_in(http: httpx.Client, name: str, password: str = PASSWORD) -> dict[str, Any]:
    """Signs in, and returns the tokens."""
    answer = http.post(SESSION, json={"name": name, "password": password})
    assert answer.status_code == 201, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Person:
    """Somebody who has signed in."""

    def __init__(self, http: httpx.Client, name: str) -> None:
        self._http = http
        self.tokens = sign_in(http, name)
        self.headers = bearer(self.tokens["access_token"])

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._http.request(method, f"/api/v1/{path}", headers=self.headers, **more)

    def status(self, method: str, path: str, **more: Any) -> int:
        return self.ask(method, path, **more).status_code
