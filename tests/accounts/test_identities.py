"""An identity is bound to one account, by an administrator, and to nothing else that anybody could choose."""

from __future__ import annotations

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import Audit
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import IdentityTaken, NoSuchAccount, NoSuchIdentity, NotAnIdentity, NotSignedIn
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.oidc.identities import BoundIdentity, Identities
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sign_in import SignIn
from tests.accounts.clock import SetClock

ISSUER, SUBJECT, GOOD = "https://login.example", "Abc-1", "correct horse"


@pytest.fixture
def identities(database: Database, clock: SetClock, accounts: Accounts) -> Identities:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    accounts.add("bob")
    return Identities(database, clock)


def test_bound_and_taken_back(identities: Identities, accounts: Accounts, database: Database, clock: SetClock) -> None:
    assert not accounts.get("bob").has_identity
    linked = identities.link("BOB", ISSUER, SUBJECT)
    assert (linked.account, linked.issuer, linked.subject, linked.made) == ("bob", ISSUER, SUBJECT, clock.now)
    assert identities.link("bob", ISSUER, SUBJECT) == linked
    assert identities.list("bob") == identities.list() == [linked] and identities.list("root") == []
    assert [account.has_identity for account in accounts.list()] == [True, False] and accounts.get("bob").has_identity
    identities.unlink("bob", ISSUER, SUBJECT)
    assert identities.list() == []
    told = [(entry.act.verb, entry.act.name, entry.act.message) for entry in Audit(database, clock).search()[:2]]
    assert told == [("unlink", "bob", f"{SUBJECT} of {ISSUER}"), ("link", "bob", f"{SUBJECT} of {ISSUER}")]


def test_to_one_account_only(identities: Identities) -> None:
    identities.link("bob", ISSUER, SUBJECT)
    with pytest.raises(IdentityTaken, match="bob"):
        identities.link("root", ISSUER, SUBJECT)
    with pytest.raises(NoSuchIdentity):
        identities.unlink("root", ISSUER, SUBJECT)
    identities.link("root", ISSUER, SUBJECT.lower())
    identities.link("root", f"{ISSUER}/", SUBJECT)
    assert len(identities.list()) == 3


def test_a_deleted_account_loses_it_to_another(identities: Identities, accounts: Accounts, clock: SetClock) -> None:
    identities.link("bob", ISSUER, SUBJECT)
    accounts.delete("bob")
    assert identities.list() == []
    with pytest.raises(NoSuchAccount):
        identities.link("bob", ISSUER, SUBJECT)
    clock.go(seconds=1)
    linked = identities.link("root", ISSUER, SUBJECT)
    assert identities.list() == [linked] == [BoundIdentity("root", ISSUER, SUBJECT, clock.now, None)]


def test_when_it_is_taken_back_sessions_end(identities: Identities, sign_in: SignIn, recognition: Recognition) -> None:
    identities.link("root", ISSUER, SUBJECT)
    access = sign_in.sign_in("root", GOOD, "192.0.2.1").access
    recognition.who(access)
    identities.unlink("root", ISSUER, SUBJECT)
    recognition.look_again()
    with pytest.raises(NotSignedIn):
        recognition.who(access)


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [(ISSUER, ""), (ISSUER, 256 * "x"), (ISSUER, "a\0"), (ISSUER, "a\n"), (ISSUER, "ä"), (ISSUER, "\ud800"),
     ("http://login.example", "x"), ("login.example", "x"), ("https://u:p@login.example", "x"), (f"{ISSUER}/{'x' * 255}", "x")],
    ids=range(10),
)  # fmt: skip
def test_what_no_provider_calls_anybody(identities: Identities, issuer: str, subject: str) -> None:
    with pytest.raises(NotAnIdentity):
        identities.link("bob", issuer, subject)
