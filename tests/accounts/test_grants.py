"""Grants are given, listed and taken back, and count for whom they are given to."""

from __future__ import annotations

import pytest

from homeostat.accounts import grants as module
from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import NoSuchAccount, NoSuchGrant, NotAGrant
from homeostat.accounts.grants import GivenGrant, Grants
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sign_in import SignIn
from tests.accounts.clock import SetClock

GOOD = "correct horse"
SEES, CHANGES = frozenset({Right.SEE}), frozenset({Right.SEE, Right.CHANGE})
WEB = Grant(CHANGES, "default", "VirtualMachine", "web")


@pytest.fixture
def grants(database: Database, accounts: Accounts, clock: SetClock) -> Grants:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob", Role.USER, GOOD)
    return Grants(database, clock)


def test_given_listed_and_taken_back(grants: Grants, clock: SetClock) -> None:
    web = grants.give("BOB", WEB)
    demo = grants.give(None, Grant(SEES, "demo"))
    disks = grants.give("root", Grant(SEES, "default", "Disk"))
    assert web == GivenGrant(web.id, "bob", WEB, clock.now)
    assert grants.list() == [demo, web, disks]
    assert grants.list("bob") == [demo, web]
    grants.take(web.id)
    assert grants.list("bob") == [demo]


def test_the_same_again_is_one(grants: Grants, clock: SetClock) -> None:
    first, everybodys = grants.give("bob", WEB), grants.give(None, WEB)
    clock.go(hours=1)
    assert grants.give("bob", WEB) == first
    assert grants.give(None, WEB) == everybodys
    assert len(grants.list()) == 2


def test_they_count_at_once_and_go_at_once(grants: Grants, sign_in: SignIn, recognition: Recognition, clock: SetClock) -> None:
    shown = sign_in.sign_in("bob", GOOD, "192.0.2.1").access
    assert recognition.who(shown).actor.grants == ()
    web = grants.give("bob", WEB)
    clock.go(seconds=0.5)
    assert recognition.who(shown).actor.grants == (WEB,)
    grants.take(web.id)
    clock.go(seconds=0.5)
    assert recognition.who(shown).actor.grants == ()


def test_they_go_with_their_account(grants: Grants, accounts: Accounts) -> None:
    grants.give("bob", WEB)
    everybodys = grants.give(None, WEB)
    accounts.delete("bob")
    assert grants.list() == [everybodys]


@pytest.mark.parametrize(
    "grant",
    [
        Grant(frozenset(), "default"),
        Grant(frozenset({Right.ADMINISTER}), "default"),
        Grant(frozenset({Right.SEE, Right.MODERATE}), "default"),
        Grant(SEES, ""),
        Grant(SEES, "a" * 64),
        Grant(SEES, "a b"),
        Grant(SEES, "default", "", "web"),
        Grant(SEES, "default", "VirtualMachine", "../web"),
        Grant(SEES, "default", "VirtualMachine", "w" * 300),
    ],
)
def test_what_nobody_can_be_given(grants: Grants, grant: Grant) -> None:
    with pytest.raises(NotAGrant) as refused:
        grants.give("bob", grant)
    assert refused.value.mend
    assert grants.list() == []


def test_the_longest_names(grants: Grants) -> None:
    longest = Grant(SEES, "n" * 63, "VirtualMachine", "w" * 253)
    assert grants.give("bob", longest).grant == longest
    assert [given.grant for given in grants.list()] == [longest]


def test_they_are_bounded(grants: Grants, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PER_ACCOUNT", 1)
    grants.give("bob", WEB)
    with pytest.raises(NotAGrant, match="bob has 1 grants"):
        grants.give("bob", Grant(SEES, "demo"))
    grants.give("root", WEB)
    grants.give(None, WEB)
    with pytest.raises(NotAGrant, match="everybody has 1 grants"):
        grants.give(None, Grant(SEES, "demo"))


def test_nobodys(grants: Grants) -> None:
    for act in (lambda: grants.give("nobody", WEB), lambda: grants.list("nobody")):
        with pytest.raises(NoSuchAccount):
            act()
    with pytest.raises(NoSuchGrant):
        grants.take("nonsense")
