"""Tokens of accounts are made, listed and revoked; what lets somebody in is kept nowhere."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.database.secret_texts import fresh_id
from homeostat.accounts.errors import NoSuchAccount, NoSuchToken, NotAToken
from homeostat.accounts.rights import Right, Role
from homeostat.accounts.signing_in import api_tokens as module
from homeostat.accounts.signing_in.api_tokens import ApiToken, ApiTokens
from tests.accounts.clock import SetClock


@pytest.fixture(autouse=True)
def root(accounts: Accounts) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob")


def test_made_listed_and_revoked(tokens: ApiTokens, clock: SetClock) -> None:
    ci, secret = tokens.create("BOB", "ci", {Right.SEE}, timedelta(days=90))
    other, _ = tokens.create("root", "ci", Right)
    assert ci == ApiToken(ci.id, "bob", "ci", frozenset({Right.SEE}), clock.now, clock.now + timedelta(days=90))
    assert secret.startswith("hst_") and len(secret) == 47
    assert tokens.list() == [ci, other] and tokens.list("bob") == [ci]
    tokens.revoke("bob", "ci")
    tokens.revoke("root", other.id)
    assert tokens.list() == []


def test_what_lets_in_is_in_no_file(tokens: ApiTokens, tmp_path: Path, database: Database) -> None:
    _, secret = tokens.create("bob", "ci", {Right.SEE})
    database.close()
    for path in tmp_path.iterdir():
        assert secret.encode() not in path.read_bytes() and secret[4:].encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("name", "scopes", "lifetime"),
    [
        ("", Right, None),
        ("a b", Right, None),
        ("-a", Right, None),
        ("a" * 64, Right, None),
        ("ci", (), None),
        ("ci", Right, timedelta(0)),
        ("ci", Right, timedelta(days=-1)),
        ("ci", Right, timedelta(days=36_500)),
    ],
)
def test_what_is_none(tokens: ApiTokens, name: str, scopes: tuple[Right, ...], lifetime: timedelta | None) -> None:
    with pytest.raises(NotAToken) as refused:
        tokens.create("bob", name, scopes, lifetime)
    assert refused.value.mend
    assert tokens.list() == []


def test_two_of_one_name(tokens: ApiTokens, clock: SetClock) -> None:
    tokens.create("bob", "ci", Right, timedelta(hours=1))
    with pytest.raises(NotAToken, match="already"):
        tokens.create("bob", "ci", Right)
    clock.go(hours=1)
    tokens.create("bob", "ci", Right)  # the other one lets nobody in any more
    assert len(tokens.list()) == 1


def test_they_are_bounded(tokens: ApiTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PER_ACCOUNT", 2)
    for name in ("a", "b"):
        tokens.create("bob", name, Right)
    with pytest.raises(NotAToken, match="most"):
        tokens.create("bob", "c", Right)
    tokens.create("root", "c", Right)


def test_nobodys(tokens: ApiTokens) -> None:
    tokens.create("root", "ci", Right)
    with pytest.raises(NoSuchToken):
        tokens.revoke("bob", "ci")
    with pytest.raises(NoSuchAccount):
        tokens.revoke("nobody", "ci")
    with pytest.raises(NoSuchAccount):
        tokens.create("nobody", "ci", Right)
    with pytest.raises(NoSuchAccount):
        tokens.list("nobody")


def test_one_that_is_not_there_is_named_briefly(tokens: ApiTokens) -> None:
    for length in (63, 64):
        with pytest.raises(NoSuchToken) as refused:
            tokens.revoke("root", "t" * length)
        assert "t" * 63 in str(refused.value) and "t" * 64 not in str(refused.value)


def test_what_refers_to_something_has_48_bits() -> None:
    assert {len(fresh_id()) for _ in range(9)} == {12}
