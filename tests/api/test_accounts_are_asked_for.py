"""Who is let in: without any account this host's programs, as ever; from the first account on whoever signs in."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api.harness import refused, serving
from tests.api.people import PASSWORD, SESSION, Person, settle, sign_in
from tests.rig.waiting import wait_until

TOKEN = "correct-horse-battery-staple"


def test_the_first_account_ends_that_everybody_on_this_host_commands(tmp_path: Path) -> None:
    with serving(tmp_path) as api:
        assert api.http.get("/api/v1/whoami").json()["how"] == "local"
        refused(api.http.post(SESSION, json={"name": "root", "password": PASSWORD}), 409, "no_accounts")
        settle(api.state)
        wait_until(lambda: api.http.get("/api/v1/vms").status_code == 401, 10, "the server asks for accounts")
        refused(api.http.get("/nothing"), 401, "unauthorized")
        assert api.http.get("/healthz").status_code == 200
        root = Person(api.http, "root")
        assert root.ask("GET", "whoami").json() | {"session": ""} == {
            "name": "root",
            "role": "administrator",
            "how": "session",
            "rights": ["administer", "change", "copy", "moderate", "see"],
            "everywhere": ["administer", "change", "copy", "moderate", "see"],
            "session": "",
            "csrf_token": None,
        }
        assert root.status("GET", "vms") == 200


def test_where_accounts_are_required_nobody_is_let_in_before_there_are_some(tmp_path: Path) -> None:
    with serving(tmp_path, "--require-accounts") as api:
        answer = api.http.get("/api/v1/vms")
        refused(answer, 401, "unauthorized")
        assert "homeostat user add NAME --role administrator" in answer.json()["error"]
        settle(api.state)
        asked = {"name": "root", "password": PASSWORD}
        wait_until(lambda: api.http.post(SESSION, json=asked).status_code == 201, 10, "the server knows of the account")
        assert Person(api.http, "root").status("GET", "vms") == 200


def test_the_servers_token_opens_beside_accounts(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path, "--token-file", str(file)) as api:
        carried = {"Authorization": f"Bearer {TOKEN}"}
        assert api.http.get("/api/v1/whoami", headers=carried).json()["how"] == "token"
        assert api.http.get("/api/v1/vms").status_code == 401
        assert Person(api.http, "bob").status("GET", "vms") == 200


def test_a_token_comes_in_the_header_of_the_contracts_clients_too(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path) as api:
        made = Person(api.http, "bob").ask("POST", "tokens", json={"name": "ci", "scopes": ["see"]}).json()
        known = api.http.get("/api/v1/whoami", headers={"X-Volant-API-Key": made["token"]}).json()
        assert (known["name"], known["how"], known["rights"]) == ("bob", "api-token", ["see"])
        refused(api.http.get("/api/v1/vms", headers={"X-Volant-API-Key": "hst_nothing"}), 401, "unauthorized")


def test_what_is_wrong_with_name_or_password_nobody_learns(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path) as api:
        answers = [
            api.http.post(SESSION, json={"name": name, "password": password})
            for name, password in (
                ("bob", "wrong horse"),
                ("nobody", PASSWORD),
                ("no name!", PASSWORD),
                ("bob", 10**6 * "x"),
            )
        ]
        assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
        assert sign_in(api.http, "BOB")["name"] == "bob"


@pytest.mark.parametrize("token", ["hst_nothing", "hsr_nothing", "eyJhbGciOiJub25lIn0.e30.", "x", 2000 * "a", "ä"])
def test_what_is_no_token_lets_nobody_in(tmp_path: Path, token: str) -> None:
    settle(tmp_path / "state")
    with serving(tmp_path) as api:
        for path in ("/api/v1/vms", "/api/v1/whoami", "/nothing"):
            refused(api.http.get(path, headers={"Authorization": f"Bearer {token}".encode()}), 401, "unauthorized")


def test_a_damaged_database_lets_nobody_in_and_says_so(tmp_path: Path) -> None:
    settle(tmp_path / "state")
    file = tmp_path / "state/accounts.db"
    before = b"no database" * 1000
    file.write_bytes(before)
    with serving(tmp_path) as api:
        for path in ("/api/v1/vms", "/api/v1/whoami"):
            answer = api.http.get(path)
            refused(answer, 503, "accounts_unavailable")
            assert str(file) in answer.json()["error"] and answer.headers["Retry-After"]
        assert file.read_bytes() == before


def test_a_database_that_breaks_makes_the_server_not_ready(tmp_path: Path) -> None:
    settle(tmp_path / "state")
    with serving(tmp_path) as api:
        assert api.http.get("/readyz").json().get("code") in (None, "operator_missing")
        (tmp_path / "state/accounts.db").write_bytes(b"no database" * 1000)
        wait_until(lambda: api.http.get("/readyz").json()["code"] == "accounts_unavailable", 10, "it is not ready")
