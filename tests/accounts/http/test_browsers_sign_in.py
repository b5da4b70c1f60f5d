"""A browser signs in, goes on and signs out by cookies, where a page of this server asks."""

from __future__ import annotations

from typing import Any

from falcon.testing import Result, TestClient

from homeostat_api.accounts import cookies
from tests.accounts.asker import PASSWORD, Asker

OURS = {"Origin": "http://127.0.0.1:8080"}
SIGN_IN = {"name": "ada", "password": PASSWORD, "cookie": True}


def ask(client: TestClient, method: str, path: str, sent: dict[str, str], json: Any = None, **kept: str) -> Result:
    headers = {**sent, **({"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())} if kept else {})}
    more = {} if json is None else {"json": json}
    return client.simulate_request(method, f"/api/v1/{path}", headers=headers, host="127.0.0.1:8080", **more)


def given(answer: Result) -> dict[str, str]:
    return {name: one.value for name, one in answer.cookies.items()}


def test_from_a_page_of_ours_only(client: TestClient) -> None:
    for sent in ({}, {"Origin": "https://evil.example"}):
        refused = ask(client, "POST", "session", sent, SIGN_IN)
        assert (refused.status_code, refused.json["code"], given(refused)) == (403, "csrf", {})
    answer = ask(client, "POST", "session", OURS, SIGN_IN)
    kept = given(answer)
    assert answer.status_code == 201 and set(kept) == {cookies.ACCESS, cookies.REFRESH} and all(kept.values())
    assert answer.json["access_token"] is None and answer.json["refresh_token"] is None
    assert answer.json["csrf_token"] == cookies.csrf_of(kept[cookies.ACCESS])


def test_it_goes_on_and_out(client: TestClient) -> None:
    kept = given(ask(client, "POST", "session", OURS, SIGN_IN))
    assert ask(client, "POST", "session/refresh", {}, {}, **kept).status_code == 403
    again = ask(client, "POST", "session/refresh", OURS, {}, **kept)
    newer = given(again)
    assert again.status_code == 200 and again.json["access_token"] is None and newer[cookies.REFRESH] != kept[cookies.REFRESH]
    out = ask(client, "DELETE", "session", OURS, None, **newer)
    assert (out.status_code, given(out)) == (204, {cookies.ACCESS: "", cookies.REFRESH: ""})
    assert ask(client, "GET", "whoami", {}, None, **newer).status_code == 401


def test_without_a_refresh_token_nothing_goes_on(client: TestClient) -> None:
    refused = ask(client, "POST", "session/refresh", OURS, {})
    assert (refused.status_code, refused.json["code"]) == (401, "unauthorized")
    assert "there is no refresh token" in refused.json["error"]


def test_a_program_gets_tokens_and_no_cookies(client: TestClient) -> None:
    answer = ask(client, "POST", "session", {}, {**SIGN_IN, "cookie": False})
    assert answer.status_code == 201 and answer.json["access_token"] and not given(answer)


def test_what_is_ended_leaves_nothing_to_tell(root: Asker, ada: Asker) -> None:
    session = ada.done("GET", "sessions")["sessions"][0]["id"]
    grant = root.done("POST", "grants", account="ada", rights=["see"], namespace="lab", kind="Disk", name="data")["id"]
    ada.done("POST", "tokens", name="ci", scopes=["see"])
    for asker, path in ((root, f"grants/{grant}"), (ada, "users/ada/tokens/ci"), (root, "session"), (ada, f"sessions/{session}")):
        answer = asker.ask("DELETE", path)
        assert (answer.status_code, answer.content) == (204, b"")
