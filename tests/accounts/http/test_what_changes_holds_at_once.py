"""What an account is changed to holds for the next request to this server, also for whoever was recognised a moment ago."""

from __future__ import annotations

from typing import Any

import pytest
from falcon.testing import TestClient

from homeostat.accounts.signing_in import recognition
from tests.accounts.asker import ANOTHER, PASSWORD, Asker

CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "banned": ("PATCH", "users/ada", {"banned": True}),
    "deleted": ("DELETE", "users/ada", {}),
    "another password": ("PUT", "users/ada/password", {"password": ANOTHER}),
}


@pytest.fixture(autouse=True)
def remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the server remember whom it has recognised for as long as no change is made here."""
    monkeypatch.setattr(recognition, "LOOK", 3600.0)


@pytest.mark.parametrize("what", CHANGES)
def test_by_an_administrator(root: Asker, ada: Asker, what: str) -> None:
    method, path, body = CHANGES[what]
    assert ada.ask("GET", "whoami").status_code == 200
    root.done(method, path, **body)
    assert ada.ask("GET", "whoami").status_code == 401


def test_another_role(root: Asker, ada: Asker) -> None:
    assert ada.done("GET", "whoami")["role"] == "user"
    root.done("PATCH", "users/ada", role="moderator")
    assert ada.done("GET", "whoami")["role"] == "moderator"


def test_what_he_changes_himself_ends_his_other_sessions(client: TestClient, ada: Asker) -> None:
    other = ada.signed_in()

    def goes_on() -> bool:
        return client.simulate_get("/api/v1/whoami", headers=other, host="127.0.0.1:8080").status_code == 200

    assert goes_on()
    ada.done("PUT", "users/ada/password", password=ANOTHER, current=PASSWORD)
    assert not goes_on() and ada.ask("GET", "whoami").status_code == 200
