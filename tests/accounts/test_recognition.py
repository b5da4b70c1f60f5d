"""Who shows a token is who it says, while it holds; forged ones let nobody in, and what changes counts within half a second."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import event, select, update

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.database.tables import AccountRow, ApiTokenRow, GrantRow, SigningKeyRow
from homeostat.accounts.errors import DatabaseFull, NotSignedIn
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.accounts.signing_in.api_tokens import ApiTokens
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sessions import SignedIn
from homeostat.accounts.signing_in.sign_in import SignIn
from tests.accounts.clock import SetClock

GOOD, HOME = "correct horse", "192.0.2.1"


@pytest.fixture
def bob(accounts: Accounts, sign_in: SignIn) -> SignedIn:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    accounts.add("bob", Role.USER, GOOD)
    return sign_in.sign_in("bob", GOOD, HOME)


def key_of(database: Database) -> SigningKeyRow:
    with database.reading() as session:
        row = session.scalars(select(SigningKeyRow)).one()
        session.expunge(row)
        return row


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


FORGERIES = (
    "none", "None", "other key", "kid of a path", "kid of sql", "no kid", "kid a number", "kid unknown", "HS512", "RS256",
    "expired", "no expiry", "expiry a text", "huge expiry", "no session", "another's session", "no account", "another issuer",
    "cut", "longer", "nested", "kid of a zero byte",
)  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged(database: Database, recognition: Recognition, clock: SetClock, bob: SignedIn, forgery: str) -> None:
    key = key_of(database)
    claims = jwt.decode(bob.access, options={"verify_signature": False})
    assert recognition.who(jwt.encode(claims, key.secret, "HS256", {"kid": key.kid})).actor.name == "bob"
    with pytest.raises(NotSignedIn):
        recognition.who(forged(forgery, claims, key, clock, bob))


def forged(forgery: str, claims: dict[str, object], key: SigningKeyRow, clock: SetClock, bob: SignedIn) -> str:
    def signed(secret: str = key.secret, kid: object = key.kid, algorithm: str = "HS256", **other: object) -> str:
        said = {name: value for name, value in (claims | other).items() if value is not None}
        headers = {"kid": kid} if isinstance(kid, str) else {}
        return jwt.encode(said, secret, algorithm, headers)

    match forgery:
        case "none" | "None":
            return f"{part({'alg': forgery, 'typ': 'JWT', 'kid': key.kid})}.{part(claims)}."
        case "other key":
            return signed(secret="x" * 43)
        case "kid of a path":
            text = f"{part({'alg': 'HS256', 'kid': '../../../../dev/null'})}.{part(claims)}"
            digest = hmac.digest(b"", text.encode(), "sha256")
            return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
        case "kid of sql":
            return signed(secret="x" * 43, kid="' UNION SELECT 'x")
        case "kid of a zero byte":
            return signed(secret="x" * 43, kid="\0" + key.kid)
        case "no kid":
            return signed(kid=None)
        case "kid a number":
            return f"{part({'alg': 'HS256', 'kid': 7})}.{part(claims)}.x"
        case "kid unknown":
            return signed(kid="0123456789ab")
        case "HS512":
            return signed(secret=key.secret * 2, algorithm="HS512")
        case "RS256":
            return f"{part({'alg': 'RS256', 'kid': key.kid})}.{bob.access.split('.', 1)[1]}"
        case "expired":
            return signed(exp=int(clock.now.timestamp()))
        case "no expiry":
            return signed(exp=None)
        case "no session":
            return signed(sid="0" * 24)
        case "another's session":
            return signed(sub="1")
        case "no account":
            return signed(sub="bob")
        case "another issuer":
            return signed(iss="other")
        case "cut":
            return bob.access[:-2]
        case "longer":
            return bob.access + "x" * 2000
        case "nested":
            return f"{part({'alg': 'HS256', 'kid': key.kid})}.{base64.urlsafe_b64encode(b'[' * 600).decode()}.x"
        case "huge expiry":
            return signed(exp=10**30)
    return signed(exp="soon")


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "x" * 43, "x" * 1_000_000, "\ud800", "ä.ä.ä"])
@pytest.mark.parametrize("prefix", ["", "hst_"])
def test_nonsense(recognition: Recognition, bob: SignedIn, prefix: str, text: str) -> None:
    shown = prefix + text
    with pytest.raises(NotSignedIn):
        recognition.who(shown)
    assert recognition.remembered(shown) is None


def test_it_is_remembered_for_half_a_second(recognition: Recognition, clock: SetClock, bob: SignedIn) -> None:
    assert recognition.remembered(bob.access) is None
    found = recognition.who(bob.access)
    assert recognition.remembered(bob.access) is found
    clock.go(seconds=0.5)
    assert recognition.remembered(bob.access) is None
    assert recognition.who(bob.access) is found  # nothing has changed, so nothing else was read


def test_nothing_is_remembered_beyond_its_expiry(recognition: Recognition, clock: SetClock, bob: SignedIn) -> None:
    clock.go(minutes=15, seconds=-0.1)
    recognition.who(bob.access)
    clock.go(seconds=0.1)
    assert recognition.remembered(bob.access) is None
    with pytest.raises(NotSignedIn):
        recognition.who(bob.access)


def test_no_more_is_remembered_than_so_many_and_the_newest_are(
    tokens: ApiTokens, recognition: Recognition, bob: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeostat.accounts.signing_in.recognition.REMEMBERED_MAX", 2)
    shown = [tokens.create("bob", name, Right)[1] for name in ("a", "b", "c")]
    for secret in shown:
        recognition.who(secret)
    assert [recognition.remembered(secret) is not None for secret in shown] == [False, True, True]


@pytest.mark.parametrize(("lifetime", "seconds"), [(None, 60), (3600, 60), (61, 60), (30, 30)])
def test_a_token_is_looked_at_again_after_a_minute_or_when_it_ends(
    tokens: ApiTokens, recognition: Recognition, clock: SetClock, bob: SignedIn, lifetime: int | None, seconds: int
) -> None:
    _, secret = tokens.create("bob", "ci", Right, None if lifetime is None else timedelta(seconds=lifetime))
    assert recognition.who(secret).until == clock.now + timedelta(seconds=seconds)


def test_another_role_counts_at_once(accounts: Accounts, recognition: Recognition, clock: SetClock, bob: SignedIn) -> None:
    assert not recognition.who(bob.access).actor.may(Right.MODERATE)
    accounts.set_role("bob", Role.MODERATOR)
    clock.go(seconds=0.5)
    found = recognition.who(bob.access).actor
    assert found.role is Role.MODERATOR and found.may(Right.MODERATE)


def test_what_changes_while_it_is_read_is_not_remembered(
    accounts: Accounts, recognition: Recognition, clock: SetClock, bob: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = recognition._by_access_token

    def then(shown: str) -> object:
        found = reading(shown)
        accounts.ban("bob")
        clock.go(seconds=0.5)
        recognition.generation()  # as another thread would
        return found

    monkeypatch.setattr(recognition, "_by_access_token", then)
    recognition.who(bob.access)
    monkeypatch.undo()
    with pytest.raises(NotSignedIn):
        recognition.who(bob.access)


def test_the_generation_of_the_last_half_second(accounts: Accounts, recognition: Recognition, clock: SetClock) -> None:
    before = recognition.generation()
    accounts.add("root", Role.ADMINISTRATOR)
    assert recognition.generation() == before
    clock.go(seconds=0.5)
    assert recognition.generation() == before + 1


def test_no_account_then_the_first(accounts: Accounts, recognition: Recognition, clock: SetClock) -> None:
    assert not recognition.has_accounts()
    accounts.add("root", Role.ADMINISTRATOR)
    clock.go(seconds=0.5)
    assert recognition.has_accounts()


def test_what_is_known_is_not_asked_again(
    database: Database, accounts: Accounts, recognition: Recognition, bob: SignedIn
) -> None:
    recognition.who(bob.access)
    recognition.has_accounts()
    asked: list[str] = []
    event.listen(database._engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    recognition.who(bob.access)
    assert recognition.has_accounts() and asked == []


def test_grants_come_with_the_actor(database: Database, recognition: Recognition, bob: SignedIn, clock: SetClock) -> None:
    with database.changing() as session:
        ids = {row.name: row.id for row in session.scalars(select(AccountRow))}
        for number, account in enumerate((ids["bob"], None, ids["root"])):
            row = GrantRow(
                id=str(number), account=account, rights="change see", namespace=f"n{number}", kind="", name="", made=clock.now
            )
            session.add(row)
    both = frozenset({Right.SEE, Right.CHANGE})
    assert recognition.who(bob.access).actor.grants == (Grant(both, "n0"), Grant(both, "n1"))


def test_a_token_may_what_its_scopes_and_its_account_may(
    accounts: Accounts, tokens: ApiTokens, recognition: Recognition, clock: SetClock, bob: SignedIn
) -> None:
    _, secret = tokens.create("bob", "ci", {Right.SEE, Right.ADMINISTER})
    found = recognition.who(secret)
    assert (found.actor.how, found.actor.name, found.actor.rights, found.actor.session) == ("api-token", "bob", {Right.SEE}, "")
    accounts.set_role("bob", Role.ADMINISTRATOR)
    clock.go(seconds=0.5)
    assert recognition.who(secret).actor.rights == {Right.SEE, Right.ADMINISTER}


def test_a_token_ends(accounts: Accounts, tokens: ApiTokens, recognition: Recognition, clock: SetClock, bob: SignedIn) -> None:
    _, short = tokens.create("bob", "short", Right, timedelta(hours=1))
    _, revoked = tokens.create("bob", "revoked", Right)
    _, banned = tokens.create("bob", "banned", Right)
    for secret in (short, revoked, banned):
        recognition.who(secret)
    tokens.revoke("bob", "revoked")
    clock.go(seconds=0.5)
    with pytest.raises(NotSignedIn):
        recognition.who(revoked)
    accounts.ban("bob")
    clock.go(seconds=0.5)
    with pytest.raises(NotSignedIn):
        recognition.who(banned)
    accounts.unban("bob")
    clock.go(seconds=0.5)
    recognition.who(banned)
    accounts.set_password("bob", "another horse")
    clock.go(hours=1)
    recognition.who(banned)
    with pytest.raises(NotSignedIn):
        recognition.who(short)
    accounts.delete("bob")
    clock.go(seconds=0.5)
    with pytest.raises(NotSignedIn):
        recognition.who(banned)


def test_it_ends_at_the_moment_that_it_names(tokens: ApiTokens, recognition: Recognition, clock: SetClock, bob: SignedIn) -> None:
    _, secret = tokens.create("bob", "ci", Right, timedelta(hours=1))
    clock.go(hours=1, seconds=-0.001)
    assert recognition.who(secret).until == clock.now + timedelta(seconds=0.001)
    clock.go(seconds=0.001)
    with pytest.raises(NotSignedIn):
        recognition.who(secret)


def test_so_does_a_session(recognition: Recognition, clock: SetClock, bob: SignedIn) -> None:
    clock.now = bob.refresh_expires - timedelta(seconds=0.001)
    assert recognition.of_session(bob.session).name == "bob"
    clock.now = bob.refresh_expires
    with pytest.raises(NotSignedIn):
        recognition.of_session(bob.session)


def test_its_last_use_is_noted_once_a_minute(
    database: Database, tokens: ApiTokens, recognition: Recognition, clock: SetClock, bob: SignedIn
) -> None:
    _, secret = tokens.create("bob", "ci", Right)
    assert tokens.list("bob")[0].last_used is None
    first = clock.now
    for seconds, noted in [(0, 0), (30, 0), (29, 0), (1, 60), (59, 60), (1, 120)]:
        clock.go(seconds=seconds)
        recognition.who(secret)
        assert tokens.list("bob")[0].last_used == first + timedelta(seconds=noted)
    generation = database.generation()
    clock.go(hours=-1)
    recognition.who(secret)
    assert database.generation() == generation  # it takes nothing from anybody


def test_a_token_works_where_its_use_cannot_be_noted(
    database: Database, tokens: ApiTokens, recognition: Recognition, bob: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = tokens.create("bob", "ci", Right)

    def refuse() -> None:
        raise DatabaseFull("no space")

    monkeypatch.setattr(database, "writing", refuse)
    assert recognition.who(secret).actor.name == "bob"


def test_a_right_of_a_newer_version_counts_for_nothing(
    database: Database, tokens: ApiTokens, recognition: Recognition, bob: SignedIn
) -> None:
    _, secret = tokens.create("bob", "ci", {Right.SEE})
    with database.changing() as session:
        session.execute(update(ApiTokenRow).values(scopes="see levitate"))
    assert recognition.who(secret).actor.rights == {Right.SEE}
