"""N32 to N42: what only administrators do, settings and users."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.neptuned.neptune import PASSWORD, Neptune, refused

OTHER = "battery staple"


@pytest.mark.parametrize("who", ["nobody", "user", "moderator", "signed out"])
def test_n32_every_administrators_route_is_refused_to_others(neptune: Neptune, who: str) -> None:
    token, status = "", 401
    if who != "nobody":
        token, status = neptune.user(who if who == "moderator" else "user").token, 403
    if who == "signed out":
        neptune.done("POST", "logout", token=token)
        status = 401
    routes = [(method, path) for path, methods in neptune.routes().items() for method in methods if "/admin/" in path]
    assert len(routes) == 15
    for method, path in routes:
        answer = neptune.ask(method.upper(), path.removeprefix("/api/v0/").replace("{", "").replace("}", ""), token=token)
        refused(answer, status)


def test_n33_n34_settings_count_at_once(neptune: Neptune) -> None:
    before = neptune.done("GET", "admin/config")
    assert set(before) == {"registrations_open", "chat"} and set(before["chat"]) == {"messages_max_rate", "messages_max_count"}
    wanted = {"registrations_open": True, "chat": {"messages_max_rate": 2.5, "messages_max_count": 7}}
    assert neptune.done("PATCH", "admin/config", wanted) == wanted == neptune.done("GET", "admin/config")
    assert neptune.ask("POST", "register", {"username": "n34", "password": OTHER}, token="").status_code == 200
    neptune.done("PATCH", "admin/config", {"registrations_open": False})
    assert neptune.done("GET", "admin/config") == {**wanted, "registrations_open": False}
    refused(neptune.ask("POST", "register", {"username": "n34-b", "password": OTHER}, token=""), 403)


@pytest.mark.parametrize(("sent", "answered"), [(3, "3"), (3.0, "3"), (0.5, "0.5")])
def test_n33_n34_whole_seconds_have_no_fraction(neptune: Neptune, sent: float, answered: str) -> None:
    changed = neptune.ask("PATCH", "admin/config", {"chat": {"messages_max_rate": sent}})
    for answer in (changed, neptune.ask("GET", "admin/config")):
        assert f'"messages_max_rate":{answered},' in answer.text.replace(" ", "")


@pytest.mark.parametrize("body", [{"registrations_open": "yes"}, {"chat": {"messages_max_rate": -1}}, {"chat": 1}, []])
def test_n34_what_is_no_setting_changes_nothing(neptune: Neptune, body: Any) -> None:
    before = neptune.done("GET", "admin/config")
    refused(neptune.ask("PATCH", "admin/config", body), 400)
    assert neptune.done("GET", "admin/config") == before


def test_n35_ids_are_snowflakes(neptune: Neptune) -> None:
    users = [neptune.user() for _ in range(3)]
    listed = {one["username"]: one for one in neptune.done("GET", "admin/users")}
    assert {"root", *(user.name for user in users)} <= set(listed)
    ids = [listed[user.name]["id"] for user in users]
    assert all(isinstance(id, str) and int(id) > 2**53 for id in ids)
    assert ids == sorted(ids, key=int) == sorted(ids) and len(set(ids)) == 3
    assert listed[users[0].name] == {"id": ids[0], "username": users[0].name, "user_type": "user", "banned": False}


def test_n36_one_user(neptune: Neptune) -> None:
    user = neptune.user("moderator")
    assert user.entry() == {"id": user.id, "username": user.name, "user_type": "moderator", "banned": False}
    for id in ("1", "root", user.id + "0", "x" * 300):
        refused(neptune.ask("GET", f"admin/users/{id}"), 404)


def test_n37_who_is_made_signs_in_with_his_type(neptune: Neptune) -> None:
    admin = neptune.user("administrator", id="1")
    assert admin.id != "1"
    assert neptune.ask("GET", "admin/config", token=admin.token).status_code == 200
    banned = neptune.done(
        "POST",
        "admin/users/create",
        {"username": "n37", "password": OTHER, "user_type": "user", "banned": True, "ban_reason": "at once"},
    )
    assert (banned["banned"], banned["ban_reason"]) == (True, "at once")


@pytest.mark.parametrize("change", [{"user_type": "god"}, {"username": None}, {"password": ""}, {"username": "root"}])
def test_n37_what_is_no_user_is_not_made(neptune: Neptune, change: dict[str, Any]) -> None:
    before = neptune.done("GET", "admin/users")
    body = {"username": "n37-b", "password": OTHER, "user_type": "user", "banned": False, **change}
    assert neptune.ask("POST", "admin/users/create", body).status_code in (400, 409)
    assert neptune.done("GET", "admin/users") == before


def test_n38_another_type_counts_at_once(neptune: Neptune) -> None:
    user = neptune.user()
    for type, status in (("administrator", 200), ("moderator", 403), ("user", 403)):
        assert neptune.done("POST", f"admin/users/{user.id}/change_type", {"type": type})["user_type"] == type
        assert neptune.ask("GET", "admin/config", token=user.token).status_code == status
    for wrong in ("god", "", None, 1):
        refused(neptune.ask("POST", f"admin/users/{user.id}/change_type", {"type": wrong}), 400)
    assert user.entry()["user_type"] == "user"


def test_n38_the_last_administrator_stays_one(neptune: Neptune) -> None:
    root = next(one["id"] for one in neptune.done("GET", "admin/users") if one["username"] == "root")
    for user in neptune.done("GET", "admin/users"):
        if user["user_type"] == "administrator" and user["id"] != root:
            neptune.done("DELETE", f"admin/users/{user['id']}")
    refused(neptune.ask("POST", f"admin/users/{root}/change_type", {"type": "user"}), 409)
    refused(neptune.ask("POST", "delete_account"), 409)
    refused(neptune.ask("DELETE", f"admin/users/{root}"), 409)


def test_n39_a_password_that_is_given_ends_all_sessions(neptune: Neptune) -> None:
    user = neptune.user()
    other = neptune.login(user.name)
    neptune.done("POST", f"admin/users/{user.id}/change_password", {"password": OTHER})
    for token in (user.token, other):
        refused(neptune.ask("POST", "logout", token=token), 401)
    assert neptune.enters(user.name, OTHER) and not neptune.enters(user.name, PASSWORD)


def test_n40_who_is_deleted_is_gone_and_his_name_is_free(neptune: Neptune) -> None:
    user = neptune.user()
    neptune.done("DELETE", f"admin/users/{user.id}")
    refused(neptune.ask("POST", "logout", token=user.token), 401)
    refused(neptune.ask("DELETE", f"admin/users/{user.id}"), 404)
    body = {"username": user.name, "password": OTHER, "user_type": "user", "banned": False}
    assert neptune.done("POST", "admin/users/create", body)["id"] != user.id


def test_n41_n42_a_ban_and_its_end(neptune: Neptune) -> None:
    user = neptune.user()
    assert neptune.done("POST", f"admin/users/{user.id}/ban", {"reason": "spam"})["banned"] is True
    assert (user.entry()["banned"], user.entry()["ban_reason"]) == (True, "spam")
    neptune.done("POST", f"admin/users/{user.id}/unban")
    assert user.entry()["banned"] is False and "ban_reason" not in user.entry()
    assert user.known
    neptune.done("POST", f"admin/users/{user.id}/ban")
    assert user.entry()["banned"] is True and "ban_reason" not in user.entry()
    refused(neptune.ask("POST", "admin/users/7/ban"), 404)
