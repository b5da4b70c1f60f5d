"""N06 to N13: making an account, signing out, another password, and leaving."""

from __future__ import annotations

import pytest

from tests.api.modes import of_a_folder
from tests.api.people import accounts
from tests.contracts.neptuned.neptune import Neptune, hashed, refused

OTHER = "battery staple"


def test_n06_who_registers_has_a_token_at_once(opened: Neptune) -> None:
    token = opened.done("POST", "register", {"username": "n06", "password": OTHER}, token="")["token"]
    assert opened.ask("POST", "logout", token=token).status_code == 200
    assert opened.enters("n06", OTHER) and not opened.enters("n06")


def test_n06_the_server_keeps_no_password_that_signs_in_elsewhere(opened: Neptune) -> None:
    opened.done("POST", "register", {"username": "n06-x07", "password": OTHER}, token="")
    for password, status in ((OTHER, 401), (hashed("n06-x07", OTHER), 201)):
        own = opened.served.real.http.post("/api/v1/session", json={"name": "n06-x07", "password": password})
        assert own.status_code == status


def test_n07_where_registrations_are_closed_no_account_is_made(neptune: Neptune) -> None:
    body = {"username": "n07", "password": OTHER}
    assert "not open" in refused(neptune.ask("POST", "register", body, token=""), 403)
    assert not neptune.enters("n07", OTHER)
    assert "n07" not in {user["username"] for user in neptune.done("GET", "admin/users")}


def test_n08_a_name_that_is_taken_is_refused(opened: Neptune) -> None:
    user = opened.user()
    refused(opened.ask("POST", "register", {"username": user.name, "password": OTHER}, token=""), 409)
    assert opened.enters(user.name)


@pytest.mark.parametrize(("name", "password"), [("", OTHER), ("Upper", OTHER), ("a b", OTHER), ("n08", "short"), ("../x", OTHER)])
def test_n08_what_is_no_name_or_password_is_refused(opened: Neptune, name: str, password: str) -> None:
    refused(opened.ask("POST", "register", {"username": name, "password": password}, token=""), 400)


def test_n09_logout_ends_this_session_and_no_other(neptune: Neptune) -> None:
    user = neptune.user()
    first, user.token = user.token, neptune.login(user.name)
    neptune.done("POST", "logout", token=first)
    refused(neptune.ask("POST", "logout", token=first), 401)
    assert user.known


def test_n10_another_password_ends_all_other_sessions(neptune: Neptune) -> None:
    user = neptune.user()
    other = neptune.login(user.name)
    neptune.done("POST", "change_password", {"password": OTHER}, token=user.token)
    assert user.known
    refused(neptune.ask("POST", "logout", token=other), 401)
    assert neptune.enters(user.name, OTHER) and not neptune.enters(user.name)


def test_n10_a_present_password_that_is_given_must_be_right(neptune: Neptune) -> None:
    user = neptune.user()
    refused(neptune.ask("POST", "change_password", {"password": OTHER, "old_password": OTHER}, token=user.token), 401)
    assert neptune.enters(user.name)
    neptune.done("POST", "change_password", {"password": OTHER, "old_password": "correct horse"}, token=user.token)


def test_n10_one_that_is_too_short_is_wrong_as_any_other(neptune: Neptune) -> None:
    user = neptune.user()
    said = refused(neptune.ask("POST", "change_password", {"password": OTHER, "old_password": "bad"}, token=user.token), 401)
    assert "characters" not in said and neptune.enters(user.name)
    for wrong in ("", "x" * 3000, 7):
        body = {"password": OTHER, "old_password": wrong}
        assert "old_password" in refused(neptune.ask("POST", "change_password", body, token=user.token), 400)
    assert "at least" in refused(neptune.ask("POST", "change_password", {"password": "bad"}, token=user.token), 400)


def test_n11_who_leaves_is_gone_and_his_name_is_free(opened: Neptune) -> None:
    user = opened.user()
    other = opened.login(user.name)
    opened.done("POST", "delete_account", token=user.token)
    for token in (user.token, other):
        refused(opened.ask("POST", "logout", token=token), 401)
    assert not opened.enters(user.name)
    assert user.name not in {one["username"] for one in opened.done("GET", "admin/users")}
    refused(opened.ask("GET", f"admin/users/{user.id}"), 404)
    opened.done("POST", "register", {"username": user.name, "password": OTHER}, token="")
    again = next(one for one in opened.done("GET", "admin/users") if one["username"] == user.name)
    assert again["id"] != user.id


@of_a_folder
def test_n11_a_name_that_something_carries_is_not_given_again(opened: Neptune) -> None:
    user = opened.user()
    machine = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "n11"}, "spec": {}}
    assert opened.own("POST", "apply", user.token, json=machine).is_success
    assert opened.own("DELETE", "vms/n11", user.token).is_success, "its revisions stay"
    opened.done("POST", "delete_account", token=user.token)
    assert "deleted" in refused(opened.ask("POST", "register", {"username": user.name, "password": OTHER}, token=""), 409)


@of_a_folder
def test_n11_a_name_whose_upload_is_under_way_is_not_given_again(opened: Neptune) -> None:
    """Else what has arrived would be the next one's, who could have an Image made of it."""
    user = opened.user()
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000", "Upload-Metadata": "name bjEx"}
    assert opened.own("POST", "uploads", user.token, headers=tus).is_success
    opened.done("POST", "delete_account", token=user.token)
    assert "deleted" in refused(opened.ask("POST", "register", {"username": user.name, "password": OTHER}, token=""), 409)


def test_n12_who_is_banned_may_leave(neptune: Neptune) -> None:
    user = neptune.user()
    neptune.done("POST", f"admin/users/{user.id}/ban")
    neptune.done("POST", "delete_account", token=user.token)
    refused(neptune.ask("GET", f"admin/users/{user.id}"), 404)


def test_n12_who_signs_in_while_he_is_banned_may_leave_or_sign_out(neptune: Neptune) -> None:
    user = neptune.user()
    with accounts(neptune.state) as known:
        known.ban(user.name, "natively")  # which ends his sessions
    token = neptune.login(user.name)
    neptune.done("POST", "logout", token=token)
    refused(neptune.ask("POST", "logout", token=token), 401)
    neptune.done("POST", "delete_account", token=neptune.login(user.name))


@pytest.mark.parametrize("path", ["logout", "change_password", "delete_account"])
@pytest.mark.parametrize("token", ["", "x", "eyJhbGciOiJub25lIn0.e30."])
def test_n13_without_a_good_token_nothing_is_done(neptune: Neptune, path: str, token: str) -> None:
    refused(neptune.ask("POST", path, {"password": OTHER}, token=token), 401)
