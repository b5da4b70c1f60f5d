"""Whoever asks in the tests of LIMEN's contract."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import websocket

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from tests.api.harness import DEADLINE
from tests.contracts.served import Served

PASSWORD = "correct horse"
QUICK = Passwords(iterations=1, memory=8)
SIZE = {"cpu": 1, "memory": 512, "os_type": "kali"}


@dataclass
class Somebody:
    """``browser``: keeps cookies, and shows nothing else."""

    name: str
    browser: httpx.Client
    access: str
    refresh: str

    def program(self) -> httpx.Client:
        """A client of his that has no cookies, and shows his token."""
        headers = {"Authorization": f"Bearer {self.access}"}
        return httpx.Client(base_url=self.browser.base_url, timeout=DEADLINE, headers=headers)

    def make(self, name: str, **more: Any) -> dict[str, Any]:
        answer = self.browser.post("/api/vms", json={"name": name, **SIZE, **more})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def act(self, vm: object, action: str, **more: Any) -> httpx.Response:
        return self.browser.post(f"/api/vms/{vm}/action", json={"action": action, **more})

    def listed(self, id: int) -> dict[str, Any] | None:
        return next((one for one in self.browser.get("/api/vms").json() if one["id"] == id), None)


@dataclass
class Limen:
    """The server, and its people."""

    served: Served
    database: Database

    def visitor(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.served.port}", timeout=DEADLINE)

    def account(self, name: str, role: Role = Role.USER) -> int:
        """Makes one, and returns its number."""
        return Accounts(self.database, QUICK).add(name, role, PASSWORD).id

    def somebody(self, name: str) -> Somebody:
        """Signs him in."""
        browser = self.visitor()
        answer = browser.post("/api/auth/login", json={"username": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return Somebody(name, browser, answer.json()["access_token"], answer.json()["refresh_token"])

    def screen(self, path: str, **options: Any) -> websocket.WebSocket:
        return websocket.create_connection(f"ws://127.0.0.1:{self.served.port}{path}", timeout=DEADLINE, **options)


def opened(root: Any, served: Served) -> Limen:
    """The server with its first account, ``root``."""
    limen = Limen(served, Database.open(sqlite_url(root / "state" / "accounts.db")))
    limen.account("root", Role.ADMINISTRATOR)
    return limen


def refused(answer: httpx.Response, status: int) -> str:
    """What an error in the contract's shape says."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"code", "message"} and body["code"] == status, body
    message: str = body["message"]
    assert message
    return message


def claims(access: str) -> dict[str, Any]:
    return dict(jwt.decode(access, options={"verify_signature": False}))


def texts(socket: websocket.WebSocket) -> list[dict[str, Any]]:
    """All texts until it is closed, or bytes come."""
    found = []
    while True:
        kind, data = socket.recv_data()
        if kind != websocket.ABNF.OPCODE_TEXT:
            return found
        found.append(json.loads(data))
