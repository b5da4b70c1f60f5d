"""Who may see and change what of accounts: each call by everybody there is, and what of it the audit has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from homeostat.accounts.actor import Actor, How
from homeostat.accounts.administration import Administration
from homeostat.accounts.audit.audit import Search
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import (
    AccountsError,
    NoSuchAccount,
    NoSuchGrant,
    NoSuchSession,
    NotPermitted,
    SignInRefused,
    TooManyAttempts,
)
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Grant, Right, Role, anywhere
from homeostat.accounts.signing_in.passwords import Passwords
from tests.accounts.clock import SetClock

GOOD, OTHER = "correct horse", "battery staple"
ROLES = {"root": Role.ADMINISTRATOR, "mod": Role.MODERATOR, "mona": Role.MODERATOR, "alice": Role.USER, "bob": Role.USER}
SEEN = Grant(frozenset({Right.SEE}), "default")


class House:
    """Some accounts, and their administration by each of them."""

    def __init__(self, database: Database, passwords: Passwords, clock: SetClock) -> None:
        self.reception = Reception(database, passwords, clock)
        self.clock = clock
        for name, role in ROLES.items():
            self.reception.accounts.add(name, role, GOOD)
        self.session = {name: self.reception.sign_in.sign_in(name, GOOD, "192.0.2.1").session for name in ROLES}
        for name in ROLES:
            self.reception.tokens.create(name, "ci", [Right.SEE])

    def by(self, name: str, how: How = "session", rights: frozenset[Right] = frozenset(Right)) -> Administration:
        role = ROLES.get(name, Role.ADMINISTRATOR)
        session = self.session.get(name, "") if how == "session" else ""
        actor = Actor(how, role, name, anywhere(role) & rights, address="192.0.2.9", session=session)
        return Administration(self.reception, actor)

    def audit(self) -> list[tuple[str, str, str, str, str]]:
        """Returns what the audit has got since the last call: account, verb, kind, name, outcome."""
        found = self.reception.audit.search(Search(), limit=100)
        new = [entry for entry in found if entry.id > getattr(self, "_told", 0)]
        self._told = max((entry.id for entry in found), default=0)
        return [(e.by.account, e.act.verb, e.act.kind, e.act.name, e.act.outcome) for e in reversed(new)]


@pytest.fixture
def house(database: Database, passwords: Passwords, clock: SetClock) -> House:
    return House(database, passwords, clock)


Call = Callable[[Administration], object]
ADMINISTER: dict[str, tuple[Call, tuple[str, str, str]]] = {
    "add": (lambda by: by.add("new", Role.USER, None), ("add", "Account", "")),
    "set role": (lambda by: by.set_role("bob", Role.MODERATOR), ("set role", "Account", "bob")),
    "own role": (lambda by: by.set_role("alice", Role.ADMINISTRATOR), ("set role", "Account", "alice")),
    "ban a moderator": (lambda by: by.ban("mona", True), ("ban", "Account", "mona")),
    "unban a moderator": (lambda by: by.ban("mona", False), ("unban", "Account", "mona")),
    "ban root": (lambda by: by.ban("root", True), ("ban", "Account", "root")),
    "password": (lambda by: by.set_password("bob", OTHER, GOOD), ("set password", "Account", "bob")),
    "delete": (lambda by: by.delete("bob"), ("delete", "Account", "bob")),
    "token": (lambda by: by.create_token("bob", "x", [Right.SEE], None), ("create", "ApiToken", "bob")),
    "revoke": (lambda by: by.revoke_token("bob", "ci"), ("revoke", "ApiToken", "bob")),
    "give": (lambda by: by.give("bob", SEEN), ("give", "Grant", "bob")),
    "give all": (lambda by: by.give(None, SEEN), ("give", "Grant", "")),
    "take": (lambda by: by.take("0" * 12), ("take", "Grant", "")),
}
LAST = {"ban root", "take"}  # refused to everybody: nobody would be left, there is none


@pytest.mark.parametrize("what", ADMINISTER)
def test_it_takes_an_administrator(house: House, what: str) -> None:
    call, (verb, kind, noted) = ADMINISTER[what]
    user_only = house.by("root", "session", frozenset(Right) - {Right.ADMINISTER})
    for by, name in ((house.by("alice"), "alice"), (house.by("mod"), "mod"), (user_only, "root")):
        house.audit()
        with pytest.raises(NotPermitted) as refused:
            call(by)
        assert refused.value.right in (Right.ADMINISTER, Right.MODERATE)
        assert house.audit() == [(name, verb, kind, noted, "Refused")]
    if what in LAST:
        with pytest.raises(AccountsError) as error:
            call(house.by("root"))
        assert not isinstance(error.value, NotPermitted)
    else:
        call(house.by("root"))
        assert [(who, outcome) for who, _, _, _, outcome in house.audit()] == [("root", "Done")]


def test_a_moderator_bans_users_only(house: House) -> None:
    house.audit()
    assert house.by("mod").ban("bob", True).banned is not None
    assert house.by("mod").ban("bob", False).banned is None
    assert house.audit() == [("mod", "ban", "Account", "bob", "Done"), ("mod", "unban", "Account", "bob", "Done")]
    for banned in (True, False):
        with pytest.raises(NotPermitted) as refused:
            house.by("alice").ban("bob", banned)
        assert refused.value.right is Right.MODERATE
    with pytest.raises(NotPermitted):
        house.by("mod").ban("mod", True)


def test_accounts_that_one_sees(house: House) -> None:
    assert [account.name for account in house.by("alice").accounts()] == ["alice"]
    assert [account.name for account in house.by("mod").accounts()] == sorted(ROLES)
    assert [account.name for account in house.by("", "token").accounts()] == sorted(ROLES)
    assert house.by("", "token", frozenset({Right.SEE})).accounts() == []
    assert house.by("alice").account("ALICE").name == "alice" and house.by("mod").account("bob").name == "bob"
    for name in ("bob", "nobody"):
        with pytest.raises(NoSuchAccount, match=f"there is no account {name}"):
            house.by("alice").account(name.upper())


LISTS: dict[str, Callable[[Administration, str | None], list[str]]] = {
    "sessions": lambda by, account: [one.account for one in by.sessions(account)],
    "tokens": lambda by, account: [one.account for one in by.tokens(account)],
    "grants": lambda by, account: [one.account or "" for one in by.grants(account)],
}


@pytest.mark.parametrize("what", LISTS)
def test_what_one_sees_of_accounts(house: House, what: str) -> None:
    for name in ROLES:
        house.reception.grants.give(name, SEEN)
    seen = LISTS[what]
    assert seen(house.by("alice"), None) == seen(house.by("alice"), "alice") == seen(house.by("mod"), "alice") == ["alice"]
    assert sorted(seen(house.by("mod"), None)) == sorted(seen(house.by("root"), None)) == sorted(ROLES)
    for name in ("bob", "nobody"):
        with pytest.raises(NoSuchAccount, match=f"there is no account {name}"):
            seen(house.by("alice"), name)
    with pytest.raises(NotPermitted, match="no account of his own"):
        seen(house.by("", "token", frozenset({Right.SEE})), None)


def test_one_ends_ones_own_sessions(house: House) -> None:
    house.audit()
    for by in ("alice", "mod"):
        with pytest.raises(NoSuchSession):
            house.by(by).end_session(house.session["bob"])
    house.by("bob").end_session(house.session["bob"])
    house.by("root").end_session(house.session["alice"])
    ended = [f"{name}/{house.session[name]}" for name in ("bob", "alice")]
    assert house.audit() == [("bob", "end", "Session", ended[0], "Done"), ("root", "end", "Session", ended[1], "Done")]
    assert len(house.reception.sessions.list()) == 3


@pytest.mark.parametrize("call", [
    lambda by: by.end_session(by._reception.sessions.list("alice")[0].id),
    lambda by: by.set_password("alice", OTHER, GOOD),
    lambda by: by.create_token(None, "more", list(Right), None),
    lambda by: by.create_token("alice", "more", list(Right), None),
    lambda by: by.revoke_token("alice", "ci"),
], ids=["session", "password", "token", "named token", "revoke"])  # fmt: skip
def test_a_token_does_nothing_that_outlives_it(house: House, call: Call) -> None:
    house.audit()
    with pytest.raises(NotPermitted, match="a token cannot do this"):
        call(house.by("alice", "api-token"))
    ((who, _, _, _, outcome),) = house.audit()
    assert (who, outcome) == ("alice", "Refused")
    call(house.by("alice"))


def test_a_token_that_administers_does(house: House) -> None:
    by = house.by("root", "api-token")
    by.create_token("root", "more", [Right.SEE], None)
    by.end_session(house.session["bob"])
    with pytest.raises(NotPermitted):
        house.by("root", "api-token", frozenset({Right.SEE, Right.CHANGE, Right.MODERATE})).revoke_token("root", "ci")


def test_ones_own_password_takes_the_one_until_now(house: House) -> None:
    house.reception.sign_in.sign_in("alice", GOOD, "192.0.2.1")
    for wrong in (None, "", OTHER):
        with pytest.raises(SignInRefused):
            house.by("alice").set_password("alice", OTHER, wrong)
    house.by("alice").set_password("Alice", OTHER, GOOD)
    assert [one.id for one in house.reception.sessions.list("alice")] == [house.session["alice"]]
    house.reception.sign_in.sign_in("alice", OTHER, "192.0.2.1")
    with pytest.raises(SignInRefused):  # also an administrator's own
        house.by("root").set_password("root", OTHER)
    house.by("root").set_password("alice", GOOD)
    assert house.reception.sessions.list("alice") == []


def test_who_guesses_the_present_password_waits(house: House) -> None:
    for _ in range(5):
        with pytest.raises(SignInRefused):
            house.by("alice").set_password("alice", OTHER, "wrong")
    with pytest.raises(TooManyAttempts):
        house.by("alice").set_password("alice", OTHER, GOOD)


def test_tokens_are_ones_own_unless_somebody_is_named(house: House) -> None:
    made, text = house.by("alice").create_token(None, "x", [Right.SEE], timedelta(hours=1))
    assert made.account == "alice" and made.expires == house.clock.now + timedelta(hours=1)
    assert house.reception.recognition.who(text).actor.name == "alice"
    assert house.by("root").create_token("bob", "x", [Right.SEE], None)[0].account == "bob"
    house.by("alice").revoke_token("ALICE", "x")
    assert [one.name for one in house.by("alice").tokens()] == ["ci"]
    with pytest.raises(NotPermitted, match="no account of his own"):
        house.by("", "token").create_token(None, "x", [Right.SEE], None)


def test_grants_are_given_and_taken(house: House) -> None:
    given = house.by("root").give("bob", SEEN)
    everybodys = house.by("root").give(None, SEEN)
    assert [one.id for one in house.by("bob").grants()] == [everybodys.id, given.id]
    assert [one.id for one in house.by("alice").grants()] == [everybodys.id]
    house.by("root").take(given.id)
    with pytest.raises(NoSuchGrant):
        house.by("root").take(given.id)


def test_what_somebody_typed_is_not_noted_unless_it_is_an_account(house: House) -> None:
    house.audit()
    for typed in ("hunter2-secret", "Not A Name", "x" * 500):
        with pytest.raises(NotPermitted):
            house.by("alice").delete(typed)
    assert {name for _, _, _, name, _ in house.audit()} == {""}


def test_the_audit_that_one_sees(house: House) -> None:
    start = house.by("alice").newest_of_audit()
    house.by("alice").create_token(None, "x", [Right.SEE], None)
    house.by("bob").create_token(None, "x", [Right.SEE], None)
    for search in (Search(), Search(account="bob"), Search(account="root")):
        assert [one.by.account for one in house.by("alice").audit_after(search, start)] == ["alice"]
        assert {one.by.account for one in house.by("alice").audit(search, 100, None)} == {"alice"}
    assert [one.by.account for one in house.by("mod").audit_after(Search(), start)] == ["alice", "bob"]
    assert [one.by.account for one in house.by("mod").audit(Search(account="bob"), 1, None)] == ["bob"]
    assert [one.id for one in house.by("mod").audit(Search(), 1, start + 2)] == [start + 1]
    assert house.by("root").newest_of_audit() == start + 2
    with pytest.raises(NotPermitted):
        house.by("", "local", frozenset({Right.SEE})).audit(Search(), 1, None)


def test_the_audit_says_who_asked(house: House) -> None:
    house.by("root").ban("bob", True)
    by = house.by("root").audit(Search(verb="ban"), 1, None)[0].by
    assert (by.how, by.account, by.address) == ("session", "root", "192.0.2.9")
