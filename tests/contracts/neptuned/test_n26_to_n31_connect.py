"""N26 to N31: who may open a screen, as the handshake says. With a real screen: tests/e2e/test_neptuned_machines.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
import websocket

from homeostat_contracts.neptuned.resources.connect import HEADER, PASSWORD, PROTOCOL, TOKEN
from tests.contracts.neptuned.neptune import Handshake, Neptune, as_protocol


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


SECRET = "xyzzy"


def test_n26_whoever_has_an_account_enters(neptune: Neptune) -> None:
    id, user = neptune.run(), neptune.user()
    opened = neptune.connect(id, user.token)
    assert opened.status == 101
    assert json.loads(opened.socket.recv()) == {"type": "ice", "servers": []}
    opened.socket.close()


def test_n26_a_page_shows_its_token_as_a_subprotocol(neptune: Neptune) -> None:
    id, user = neptune.run(), neptune.user()
    opened = neptune.connect(id, "", None, PROTOCOL, TOKEN + user.token)
    assert opened.status == 101 and opened.socket.getsubprotocol() == PROTOCOL
    opened.socket.close()


def test_n27_an_unknown_one_is_an_error_in_the_handshake(neptune: Neptune) -> None:
    user = neptune.user()
    assert neptune.connect("nothing", user.token).status == 404
    assert neptune.connect(neptune.make()["id"], user.token).status == 409


@pytest.mark.parametrize("token", ["", "wrong"])
def test_n28_who_is_not_signed_in_is_refused(neptune: Neptune, token: str) -> None:
    assert neptune.connect(neptune.run(), token).status == 401


def test_n29_n42_who_is_banned_is_refused_and_learns_why(neptune: Neptune) -> None:
    id, user = neptune.run(), neptune.user()
    neptune.done("POST", f"admin/users/{user.id}/ban", {"reason": "typed format c:"})
    refused = neptune.connect(id, user.token)
    assert refused.status == 403 and "typed format c:" in refused.text
    assert neptune.connect(id, neptune.login(user.name)).status == 403
    neptune.done("POST", f"admin/users/{user.id}/unban")
    opened = neptune.connect(id, user.token)
    assert opened.status == 101
    opened.socket.close()


def test_n29_a_ban_ends_what_is_open(neptune: Neptune) -> None:
    id, user = neptune.run(), neptune.user()
    opened = neptune.connect(id, user.token)
    neptune.done("POST", f"admin/users/{user.id}/ban")
    assert ends(opened)


def ends(opened: Handshake) -> bool:
    """Waits for the end of a screen."""
    opened.socket.settimeout(20)
    while opened.socket.recv():
        pass
    return not opened.socket.connected


@pytest.mark.parametrize("change", [replace("/private", True), add("/password", "other")], ids=["private", "another password"])
def test_n30_who_entered_goes_when_the_machine_is_closed_to_him(neptune: Neptune, change: dict[str, Any]) -> None:
    private = change["path"] == "/password"
    id, user = neptune.run(private=private, password=SECRET), neptune.user()
    opened, mine = neptune.connect(id, user.token, {HEADER: SECRET}), neptune.connect(id, neptune.token)
    assert (opened.status, mine.status) == (101, 101)
    assert neptune.patch(id, replace("/name", "Other")).is_success
    assert neptune.patch(id, change).is_success
    assert ends(opened)
    assert json.loads(mine.socket.recv())["type"] == "ice"
    mine.socket.settimeout(1.5)
    with pytest.raises(websocket.WebSocketTimeoutException):
        mine.socket.recv()
    mine.socket.close()


def test_n30_a_private_one_asks_for_its_password(neptune: Neptune) -> None:
    id, user = neptune.run(private=True, password=SECRET), neptune.user()
    assert "password" not in neptune.get(id)
    assert neptune.connect(id, user.token).status == 403
    assert neptune.connect(id, user.token, {HEADER: "wrong"}).status == 403
    assert neptune.connect(id, "", {HEADER: SECRET}).status == 401
    for headers, protocols in (({HEADER: SECRET}, ()), (None, (PROTOCOL, as_protocol(PASSWORD, SECRET)))):
        opened = neptune.connect(id, user.token, headers, *protocols)
        assert opened.status == 101
        opened.socket.close()
    opened = neptune.connect(id, neptune.token)
    assert opened.status == 101, "who may change it needs none"
    opened.socket.close()


def test_n30_a_private_one_without_a_password_is_its_administrators(neptune: Neptune) -> None:
    id, user = neptune.run(private=True), neptune.user()
    assert neptune.connect(id, user.token, {HEADER: ""}).status == 403
    neptune.done("PATCH", f"admin/vms/{id}", [{"op": "add", "path": "/password", "value": SECRET}])
    opened = neptune.connect(id, user.token, {HEADER: SECRET})
    assert opened.status == 101
    opened.socket.close()
    for place in neptune.state.parent.rglob("*.yaml"):
        assert SECRET not in place.read_text()
