"""L01, L06: a bearer token counts before the refresh cookie, and that before ?token=. An access token is good for 900 seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from homeostat.accounts.signing_in.sign_in import SignIn
from tests.contracts.limen.people import PASSWORD, QUICK, Limen, Somebody, claims, refused


def test_l01_a_header_a_cookie_and_a_query_each_let_in(limen: Limen, bob: Somebody) -> None:
    assert bob.program().get("/api/vms").status_code == 200
    assert bob.browser.get("/api/vms").status_code == 200
    assert limen.visitor().get("/api/vms", params={"token": bob.access}).status_code == 200


def test_l01_the_header_counts_before_the_cookie_and_that_before_the_query(bob: Somebody, amy: Somebody, name: str) -> None:
    amys = amy.make(name)["id"]
    mine, hers = {"Authorization": f"Bearer {bob.access}"}, {"token": amy.access}

    def seen(answer_of: Somebody, **more: dict[str, str]) -> bool:
        return amys in [vm["id"] for vm in answer_of.browser.get("/api/vms", **more).json()]  # type: ignore[arg-type]

    assert not seen(amy, headers=mine, params=hers)
    assert not seen(bob, params=hers)
    assert seen(amy, params={"token": bob.access})


def test_l01_a_stale_cookie_defeats_no_token(limen: Limen, bob: Somebody) -> None:
    old = {"Cookie": "refresh_token=hsr_stale"}
    visitor = limen.visitor()
    assert visitor.get("/api/vms", headers={**old, "Authorization": f"Bearer {bob.access}"}).status_code == 200
    assert visitor.get("/api/vms", headers=old, params={"token": bob.access}).status_code == 200
    refused(visitor.get("/api/vms", headers=old), 401)


def test_l01_a_cookie_is_not_used_up(bob: Somebody) -> None:
    for _ in range(3):
        assert bob.browser.get("/api/vms").status_code == 200


def test_l06_it_is_refused_after_900_seconds(limen: Limen) -> None:
    began = datetime.now(UTC) - timedelta(seconds=899)
    shown = []
    for at in (began, began - timedelta(seconds=2)):
        shown.append(SignIn(limen.database, QUICK, lambda at=at: at).sign_in("bob", PASSWORD, "::1").access)  # type: ignore[misc]
    old = limen.visitor().get("/api/vms", headers={"Authorization": f"Bearer {shown[1]}"})
    assert "expired" in refused(old, 401)
    assert claims(shown[0])["exp"] - claims(shown[0])["iat"] == 900
