"""Invariant 11: passwords and tokens are in no answer, log, event, metric, file or command line. Each server under test is looked
through when its test is over (`Secrets`); here everything is done that has to do with one, and everything is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from homeostat.accounts.database.backups import back_up
from homeostat.accounts.rights import Role
from tests.api.harness import serving
from tests.api.people import PASSWORD, SESSION, Person, bearer, settle
from tests.rig.secrets import Secrets

TOKEN = "a-token-of-this-server-alone"
READ = ("users", "sessions", "tokens", "grants", "audit", "whoami", "vms", "errors", "system/info", "openapi")


def test_whatever_is_done_with_accounts(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path, "--token-file", str(tmp_path / "token")) as api:
        assert api.http.get("/api/v1/vms", headers=dict(bearer(TOKEN))).status_code == 200
        root, bob = Person(api.http, "root"), Person(api.http, "bob")
        do_all(api.http, root, bob)
        for who in (root, bob):
            assert {who.status("GET", path) for path in READ} == {200}
        assert api.http.get("/metrics", headers=root.headers).status_code == 200
        back_up(api.state / "accounts.db", api.state / "copy")


def do_all(http: httpx.Client, root: Person, bob: Person) -> None:
    for name, password in (("bob", "a wrong password"), ("a mistyped password", PASSWORD), ("bob", "longer " * 1000)):
        assert http.post(SESSION, json={"name": name, "password": password}).status_code == 401
    made = bob.ask("POST", "tokens", json={"name": "ci", "scopes": ["see", "change"]}).json()
    carried = dict(bearer(made["token"]))
    assert http.post("/api/v1/disks", json={"name": "data", "spec": {"size": "1Gi"}}, headers=carried).status_code == 201
    assert http.post("/api/v1/users", json={"name": "eve", "password": "never used"}, headers=carried).status_code == 403
    for password in ("short", "a password of eve"):
        root.ask("POST", "users", json={"name": "eve", "password": password, "role": "user"})
    assert root.status("PUT", "users/eve/password", json={"password": "another one of eve"}) == 204
    assert bob.status("PUT", "users/bob/password", json={"password": "not his", "current": "not that one"}) in (400, 401)
    refresh = {"refresh_token": bob.tokens["refresh_token"]}
    assert [http.post(f"{SESSION}/refresh", json=refresh).status_code for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("place", ["log", "state", "command line", "answer"])
def test_what_leaves_is_found(tmp_path: Path, place: str) -> None:
    secrets = Secrets()
    secrets.learn("a password", PASSWORD)
    (tmp_path / "state").mkdir()
    (tmp_path / "api.log").write_text(f"as {PASSWORD}" if place == "log" else "as bob")
    (tmp_path / "state/index.db").write_bytes(b"\0\xff" + (PASSWORD.encode() if place == "state" else b"bob"))
    if place == "answer":
        with pytest.raises(AssertionError, match=r"GET .* has a password in it"), said(secrets, f'["{PASSWORD}"]') as http:
            http.get("/api/v1/users")
        return
    program = "print('begun', flush=True); input()"
    command = [sys.executable, "-c", program, PASSWORD if place == "command line" else "bob"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"begun\n"
        [found] = secrets.leaks([tmp_path / "api.log", tmp_path / "state"], process.pid)
        process.communicate(b"\n")
    assert "has a password in it" in found


def said(secrets: Secrets, text: str) -> httpx.Client:
    answer = httpx.Response(200, headers={"Content-Type": "application/json"}, text=text)
    transport = httpx.MockTransport(lambda request: answer)
    return httpx.Client(base_url="http://localhost", transport=transport, event_hooks=secrets.hooks)
