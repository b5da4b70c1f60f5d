"""Each request about accounts does what its answer says. The accounts are real, of a database in a file."""

from __future__ import annotations

from typing import Any

import pytest
from falcon.testing import TestClient

from homeostat.accounts.errors import NotPermitted
from homeostat_api.accounts import cookies
from homeostat_api.http.answers.accounts import from_accounts
from tests.accounts.asker import ANOTHER, PASSWORD, Asker


def test_a_grant_is_given_and_taken_back(root: Asker, ada: Asker) -> None:
    given = root.done("POST", "grants", account="ada", rights=["see"], namespace="lab", kind="Disk", name="data")
    assert ada.done("GET", "grants") == {"grants": [given]}
    assert (given["account"], given["rights"], given["namespace"]) == ("ada", ["see"], "lab")
    assert ada.ask("DELETE", f"grants/{given['id']}").status_code == 403
    root.done("DELETE", f"grants/{given['id']}")
    assert ada.done("GET", "grants") == {"grants": []}
    assert root.ask("DELETE", f"grants/{given['id']}").status_code == 404


def test_a_session_is_told_and_ended(root: Asker, ada: Asker) -> None:
    assert ada.done("GET", "session")["name"] == ada.done("GET", "whoami")["name"] == "ada"
    assert ada.sign_in(ANOTHER).status_code == 401 and ada.sign_in().status_code == 201
    older, newer = sorted((one["id"] for one in ada.done("GET", "sessions")["sessions"]), key=_newest(ada))
    ada.done("DELETE", f"sessions/{newer}")
    assert [one["id"] for one in ada.done("GET", "sessions")["sessions"]] == [older]
    ada.done("DELETE", "session")
    assert ada.ask("GET", "whoami").status_code == 401
    assert root.done("GET", "whoami")["name"] == "root", "the others go on"


def test_a_session_goes_on_by_a_token_of_one_use(ada: Asker) -> None:
    first = ada.sign_in().json
    second = ada.done("POST", "session/refresh", refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert ada.ask("POST", "session/refresh", refresh_token=first["refresh_token"]).status_code == 401
    assert ada.ask("POST", "session/refresh", refresh_token="none").status_code == 401


def test_a_password_is_set(root: Asker, ada: Asker) -> None:
    assert ada.ask("PUT", "users/ada/password", password=ANOTHER, current="wrong").status_code >= 400
    ada.done("PUT", "users/ada/password", password=ANOTHER, current=PASSWORD)
    assert ada.sign_in().status_code == 401 and ada.sign_in(ANOTHER).status_code == 201
    root.done("PUT", "users/ada/password", password=PASSWORD)
    assert ada.sign_in().status_code == 201


def test_an_account_is_made_changed_and_deleted(root: Asker) -> None:
    assert root.done("POST", "users", name="eve", password=PASSWORD)["role"] == "user"
    assert root.done("PATCH", "users/eve", role="moderator") == root.done("GET", "users/eve")
    assert root.done("GET", "users/eve")["role"] == "moderator"
    assert root.done("PATCH", "users/eve", banned=True)["banned"] and root.done("GET", "users/eve")["banned"]
    assert root.ask("PATCH", "users/eve", banned=True, role="user").status_code == 400
    root.done("DELETE", "users/eve")
    assert root.ask("GET", "users/eve").status_code == 404
    assert [one["name"] for one in root.done("GET", "users")["users"]] == ["ada", "root"]


def test_what_has_nothing_to_tell_is_empty(root: Asker, ada: Asker) -> None:
    assert ada.ask("DELETE", "sessions/none").status_code == 404
    root.done("POST", "users", name="eve", password=PASSWORD)
    changed = root.ask("PUT", "users/eve/password", password=ANOTHER)
    assert (changed.status_code, changed.content) == (204, b"")
    gone = root.ask("DELETE", "users/eve")
    assert (gone.status_code, gone.content) == (204, b"")


@pytest.mark.parametrize("limit", [1.5, True, [1], {"a": 1}])
def test_what_is_no_limit_is_said_of_its_field(root: Asker, limit: object) -> None:
    for field in ("machines", "memory"):
        answer = root.ask("PATCH", "quotas/roles/user", **{field: limit})
        assert answer.status_code == 400
        assert answer.json["error"] == f'{field}: must be a whole number, text such as "unlimited", or null'


def test_the_quota_of_a_role_is_set(root: Asker) -> None:
    changed = root.done("PATCH", "quotas/roles/user", machines=3)
    assert changed["role"] == "user" and changed in root.done("GET", "quotas/roles")["roles"]
    assert root.ask("PATCH", "quotas/roles/king", machines=3).status_code == 400


def test_the_audit_is_searched_by_moments(root: Asker) -> None:
    for field in ("since", "until"):
        refused = root.ask("GET", f"audit?{field}={'x' * 65}")
        assert (refused.status_code, refused.json["code"]) == (400, "invalid_request")
        assert refused.json["details"] == {"parameter": field, "given": "x" * 64}
    whole = root.done("GET", "audit")["entries"]
    assert whole and root.done("GET", "audit?since=2026-01-15T10:00:00Z")["entries"] == whole
    assert not root.done("GET", "audit?until=2026-01-15")["entries"], "a moment without a zone is of UTC"
    assert root.ask("GET", "audit?since=0001-01-01T00:00:00%2B14:00").status_code == 400


def test_an_outcome_that_no_entry_can_have_is_refused(root: Asker) -> None:
    other = root.ask("GET", "audit?outcome=Refuse")
    said = "outcome: must be one of Done, Refused, Failed, Interrupted, PassedOn; did you mean Refused?"
    assert (other.status_code, other.json["error"]) == (400, said)


def test_the_audit_is_read_page_by_page(root: Asker) -> None:
    for name in ("eve", "sam", "mona"):
        root.done("POST", "users", name=name, password=PASSWORD)
    whole = root.done("GET", "audit?limit=1000")
    ids = [entry["id"] for entry in whole["entries"]]
    assert len(ids) > 5 and ids == sorted(ids, reverse=True) and whole["before"] is None
    for limit in (1, 2, len(ids)):
        found, before = [], ""
        for _ in range(len(ids) + 1):
            page = root.done("GET", f"audit?limit={limit}{before}")
            assert len(page["entries"]) <= limit
            found += [entry["id"] for entry in page["entries"]]
            if page["before"] is None:
                break
            assert page["before"] == found[-1]
            before = f"&before={page['before']}"
        assert found == ids
    assert root.done("GET", "audit?limit=0") == {"entries": [], "before": None}


def test_a_token_is_made_and_revoked(client: TestClient, ada: Asker) -> None:
    made = ada.done("POST", "tokens", name="ci", scopes=["see"])
    shown = {"Authorization": f"Bearer {made['token']}"}

    def asks() -> int:
        return client.simulate_get("/api/v1/whoami", headers=shown, host="127.0.0.1:8080").status_code

    assert asks() == 200 and [one["name"] for one in ada.done("GET", "tokens")["tokens"]] == ["ci"]
    ada.done("DELETE", "users/ada/tokens/ci")
    assert asks() == 401 and ada.done("GET", "tokens") == {"tokens": []}


def test_what_is_secret_is_kept_by_nobody_on_the_way(ada: Asker) -> None:
    for answer in (ada.sign_in(), ada.ask("GET", "whoami"), ada.ask("POST", "tokens", name="ci", scopes=["see"])):
        assert answer.status_code < 300 and answer.headers["cache-control"] == "no-store"


def test_a_proof_is_given_to_who_asks_by_cookie_alone(client: TestClient, ada: Asker) -> None:
    shown = ada.sign_in().json["access_token"]
    by_cookie = {"Cookie": f"{cookies.ACCESS}={shown}"}
    by_both = {**by_cookie, "Authorization": f"Bearer {shown}"}
    for headers, proof in ((by_cookie, cookies.csrf_of(shown)), (by_both, None)):
        told = client.simulate_get("/api/v1/whoami", headers=headers, host="127.0.0.1:8080").json
        assert (told["name"], told["csrf_token"]) == ("ada", proof)


def test_a_right_that_there_is_not_is_refused(ada: Asker) -> None:
    answer = ada.ask("POST", "tokens", name="ci", scopes=["see", "fly"])
    assert answer.status_code == 400 and "a right is one of" in answer.text and ada.done("GET", "tokens") == {"tokens": []}


@pytest.mark.parametrize(("right", "details"), [("change", {"right": "change"}), ("", {})])
def test_what_it_takes_is_named(right: str, details: dict[str, str]) -> None:
    told = from_accounts(NotPermitted("that is not yours", right=right))
    assert (told.status_code, told.problem_code, told.details) == (403, "forbidden", details)


def test_a_quota_is_set(root: Asker, ada: Asker) -> None:
    root.done("PATCH", "quotas/roles/user", machines=7)
    root.done("PATCH", "users/ada/quota", vcpus=5)
    (of_ada,) = ada.done("GET", "quotas")["quotas"]
    assert "7" in str(of_ada) and "5" in str(of_ada)


def test_without_a_provider_nobody_is_sent_to_one(ada: Asker) -> None:
    for path in ("session/oidc", "session/oidc/callback"):
        answer = ada.ask("GET", path)
        assert (answer.status_code, answer.json["code"]) == (404, "provider_not_configured")


def _newest(asker: Asker) -> Any:
    order = [one["id"] for one in asker.done("GET", "sessions")["sessions"]]
    return lambda one: -order.index(one)
