"""What the provider says of somebody becomes a session of the account that is bound to it, or that may be made for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import Act, Audit, By, Search
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import AccountBanned, NoAccountOf, ProviderRefused, TooManyAttempts
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.oidc.identities import Identities
from homeostat.accounts.signing_in.oidc.person import Person
from homeostat.accounts.signing_in.oidc.settings import OidcSettings
from homeostat.accounts.signing_in.oidc.sign_in import OidcSignIn
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sessions import SignedIn
from tests.accounts.clock import SetClock

ISSUER, HOME, AWAY = "https://login.example", "192.0.2.1", "198.51.100.7"
Enter = Callable[..., SignedIn]


@pytest.fixture
def enter(database: Database, clock: SetClock, accounts: Accounts) -> Enter:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob")
    Identities(database, clock).link("bob", ISSUER, "b")

    def enter(subject: str, claims: dict[str, Any] | None = None, **settings: Any) -> SignedIn:
        door = OidcSignIn(database, OidcSettings(ISSUER, "homeostat", **settings), clock)
        return door.sign_in(Person(ISSUER, subject, claims or {}), HOME, "browser")

    return enter


def test_as_whose_it_is(enter: Enter, recognition: Recognition, database: Database, clock: SetClock) -> None:
    done = enter("b", {"preferred_username": "root", "email": "root@example.com"}, create=True)
    assert (done.name, recognition.who(done.access).actor.name) == ("bob", "bob")
    assert Identities(database).list()[0].last_used == clock.now


def test_nobody_else(enter: Enter, accounts: Accounts, database: Database, clock: SetClock) -> None:
    with pytest.raises(NoAccountOf, match="no account here is yours") as refused:
        enter("B", {"preferred_username": "bob"})
    assert f"--issuer {ISSUER} --subject B" in refused.value.mend
    entry = Audit(database, clock).search()[0]
    assert (entry.by.how, entry.by.account, entry.by.address, entry.act.outcome) == ("unknown", "", HOME, "Refused")
    assert entry.act.message == f"no account is bound to it: B of {ISSUER}"
    assert [account.name for account in accounts.list()] == ["bob", "root"]


def test_nobody_who_is_banned_or_deleted(enter: Enter, accounts: Accounts, database: Database, clock: SetClock) -> None:
    accounts.ban("bob")
    with pytest.raises(AccountBanned):
        enter("b")
    assert Audit(database, clock).search()[0].act.name == "bob"
    accounts.unban("bob")
    enter("b")
    accounts.delete("bob")
    with pytest.raises(NoAccountOf):
        enter("b", {"preferred_username": "bobby"}, create=True)
    assert [account.name for account in accounts.list()] == ["root"], "nobody gets a second account"


def test_an_account_is_made_where_that_is_allowed(enter: Enter, accounts: Accounts) -> None:
    assert enter("c", {"preferred_username": "Carol@EXAMPLE.com"}, create=True).name == "carol"
    made = accounts.get("carol")
    assert (made.role, made.has_password, made.has_identity) == (Role.USER, False, True)
    assert enter("c", {"preferred_username": "other"}).name == "carol"


NAMES = [None, 3, "no name!", "", "bob", "root", "gone"]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_nobody_becomes_somebody_by_a_name(enter: Enter, accounts: Accounts, name: Any) -> None:
    accounts.add("gone")
    accounts.delete("gone")
    with pytest.raises(NoAccountOf) as refused:
        enter("x", {"preferred_username": name}, create=True)
    assert not any(name in str(refused.value) for name in ("bob", "root", "gone"))
    assert len(accounts.list()) == 2


ADDRESSES = {"c@example.com": True, "c@EXAMPLE.com": True, "c@evil.example.com": False, "c@x@example.com": False}
ADDRESSES |= {"c@example.com.evil": False, "example.com": False, "@example.com": False, "": False}


@pytest.mark.parametrize("email", ADDRESSES)
def test_only_for_those_with_an_address_there(enter: Enter, email: str) -> None:
    for verified in (True, False, "true", None):
        claims = {"preferred_username": "carol", "email": email, "email_verified": verified}
        if ADDRESSES[email] and verified is True:
            assert enter("c", claims, create=True, email_domains=frozenset({"example.com"})).name == "carol"
        else:
            with pytest.raises(NoAccountOf):
                enter(f"c {verified}", claims, create=True, email_domains=frozenset({"example.com"}))


ROLES = {"role_claim": "groups", "roles": {"ops": Role.MODERATOR, "root": Role.ADMINISTRATOR}}


GROUPS: list[tuple[Any, Role]] = [
    ("ops", Role.MODERATOR),
    (["x", "ops"], Role.MODERATOR),
    (["root", "ops"], Role.ADMINISTRATOR),
    (["ops", "root"], Role.ADMINISTRATOR),
    ([], Role.USER),
    (None, Role.USER),
    (["administrator"], Role.USER),
    ([{"ops": 1}, 3], Role.USER),
    ({"ops": 1}, Role.USER),
]


@pytest.mark.parametrize(("groups", "role"), GROUPS, ids=range(len(GROUPS)))
def test_the_provider_decides_on_roles_where_it_may(enter: Enter, accounts: Accounts, groups: Any, role: Role) -> None:
    assert enter("b", {"groups": groups}, **ROLES).role is role is accounts.get("bob").role
    assert enter("c", {"groups": groups, "preferred_username": "carol"}, create=True, **ROLES).role is role
    enter("b", {"groups": ["ops"]})
    assert accounts.get("bob").role is role, "else it has no say"


def test_what_role_the_provider_gives_is_in_the_audit(enter: Enter, database: Database, clock: SetClock) -> None:
    enter("b", {"groups": ["ops"]}, **ROLES)
    enter("b", {"groups": ["ops"]}, **ROLES)
    said = [(e.by, e.act.name, e.act.outcome, e.act.message) for e in Audit(database, clock).search(Search(verb="set role"))]
    assert said == [(By("session", "bob", HOME), "bob", "Done", f"user -> moderator, as {ISSUER} says")]


def test_who_comes_in_is_in_the_audit(enter: Enter, database: Database, clock: SetClock) -> None:
    enter("c", {"preferred_username": "carol"}, create=True)
    carol, found = By("session", "carol", HOME), Audit(database, clock).search(Search(account="carol"))
    assert [(entry.by, entry.act) for entry in found] == [
        (carol, Act("sign in", "Account", "carol", message=f"by {ISSUER}")),
        (carol, Act("add", "Account", "carol", message=f"as user, c of {ISSUER}")),
    ]


def test_the_last_administrator_stays_one(enter: Enter, accounts: Accounts, database: Database, clock: SetClock) -> None:
    Identities(database, clock).link("root", ISSUER, "r")
    assert enter("r", {"groups": []}, **ROLES).role is Role.ADMINISTRATOR
    refused = Audit(database, clock).search()[1].act
    assert (refused.verb, refused.outcome, refused.name) == ("set role", "Refused", "root")
    accounts.add("other", Role.ADMINISTRATOR)
    assert enter("r", {"groups": []}, **ROLES).role is Role.USER


def test_what_cannot_be_kept_apart_is_nobody(enter: Enter) -> None:
    for subject in ("", "b\0", "ä", 256 * "b"):
        with pytest.raises(ProviderRefused):
            enter(subject, {"preferred_username": "carol"}, create=True)


def test_who_brings_back_nonsense_waits(database: Database, clock: SetClock) -> None:
    door = OidcSignIn(database, OidcSettings(ISSUER, "homeostat"), clock)
    for _ in range(50):
        door.check_turn(HOME)
        door.refuse(HOME, "x")
    with pytest.raises(TooManyAttempts):
        door.check_turn(HOME)
    door.check_turn(AWAY)
    clock.go(minutes=6)
    door.check_turn(HOME)
