"""N01 to N05: where it is served, and who may sign in."""

from __future__ import annotations

import jwt
import pytest

from tests.contracts.neptuned.neptune import Neptune, entry, hashed, refused


def test_n01_every_path_is_below_v0(neptune: Neptune) -> None:
    paths = neptune.routes()
    assert paths and all(path.startswith("/api/v0/") for path in paths if path != "/openapi.json")
    assert neptune.http.get("/list").status_code in (401, 404)


def test_n02_another_hypervisor_is_refused(neptune: Neptune) -> None:
    assert "hypervisor" in refused(neptune.ask("POST", "admin/vms/create", entry("n02", hypervisor="xen")), 400)
    id = neptune.make()["id"]
    refused(neptune.patch(id, {"op": "replace", "path": "/hypervisor", "value": "bhyve"}), 400)
    refused(neptune.ask("GET", "admin/vms/n02"), 404)


def test_n03_the_hash_of_name_and_password_gives_a_jwt(neptune: Neptune) -> None:
    user = neptune.user()
    claims = jwt.decode(user.token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 14 * 24 * 3600
    upper = {"username": user.name, "password_hash": hashed(user.name).upper()}
    assert neptune.ask("POST", "login", upper, token="").status_code == 200


@pytest.mark.parametrize("what", ["unknown user", "wrong hash", "plain password"])
def test_n04_who_is_wrong_gets_an_error_and_no_token(neptune: Neptune, what: str) -> None:
    name = "nobody-at-all" if what == "unknown user" else neptune.user().name
    shown = {"unknown user": hashed(name), "wrong hash": hashed(name, "other"), "plain password": "correct horse"}[what]
    refused(neptune.ask("POST", "login", {"username": name, "password_hash": shown}, token=""), 401)


@pytest.mark.parametrize("body", [{}, {"username": "root"}, {"username": 1, "password_hash": ""}, [], None])
def test_n04_what_is_no_request_gets_an_error(neptune: Neptune, body: object) -> None:
    refused(neptune.ask("POST", "login", body, token=""), 400)


def test_n05_who_is_banned_signs_in_and_learns_why_he_may_nothing(neptune: Neptune) -> None:
    user = neptune.user()
    neptune.done("POST", f"admin/users/{user.id}/ban", {"reason": "played with the BIOS"})
    token = neptune.login(user.name)
    assert "played with the BIOS" in refused(neptune.ask("POST", "change_password", {"password": "x" * 9}, token=token), 403)
