"""People make accounts for themselves: users, at once or once an administrator has let them in, and not too many from one
address."""

from __future__ import annotations

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import AccountBanned, AccountExists, LastAdministrator, TooManyRegistered
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.accounts.signing_in.registration import WAITS, Registration
from homeostat.accounts.signing_in.sign_in import SignIn
from homeostat.accounts.signing_in.throttle import Limit, Limits
from tests.accounts.clock import SetClock

GOOD, HOME, OTHER = "correct horse", "192.0.2.1", "192.0.2.2"


@pytest.fixture
def registration(database: Database, passwords: Passwords, clock: SetClock, accounts: Accounts) -> Registration:
    accounts.add("root", Role.ADMINISTRATOR)
    return Registration(database, passwords, clock, Limits(address=Limit(free=2, longest=60)))


def test_a_user_is_made_and_comes_in(registration: Registration, sign_in: SignIn) -> None:
    made = registration.register("Bob", GOOD, HOME)
    assert (made.name, made.role, made.banned) == ("bob", Role.USER, None)
    assert sign_in.sign_in("bob", GOOD, HOME).name == "bob"


def test_who_has_to_wait_comes_in_once_he_is_let_in(registration: Registration, sign_in: SignIn, accounts: Accounts) -> None:
    assert registration.register("bob", GOOD, HOME, waits=True).ban_reason == WAITS
    with pytest.raises(AccountBanned, match="pending"):
        sign_in.sign_in("bob", GOOD, HOME)
    assert accounts.unban("bob").ban_reason == ""
    assert sign_in.sign_in("bob", GOOD, HOME).name == "bob"


def test_a_name_that_is_taken_stays_its_owners(registration: Registration, sign_in: SignIn) -> None:
    registration.register("bob", GOOD, HOME)
    with pytest.raises(AccountExists):
        registration.register("BOB", "another password", HOME)
    assert sign_in.sign_in("bob", GOOD, HOME).name == "bob"


def test_from_one_address_come_only_so_many(registration: Registration, clock: SetClock) -> None:
    registration.register("bob", GOOD, HOME)
    registration.register("amy", GOOD, HOME)
    with pytest.raises(TooManyRegistered, match="from this address") as refused:
        registration.register("zoe", GOOD, HOME)
    registration.register("zed", GOOD, OTHER)
    clock.go(seconds=refused.value.after)
    registration.register("zoe", GOOD, HOME)


def test_nobody_before_the_first_administrator(database: Database, passwords: Passwords, clock: SetClock) -> None:
    with pytest.raises(LastAdministrator):
        Registration(database, passwords, clock).register("bob", GOOD, HOME)


def test_accounts_have_numbers_for_good(accounts: Accounts, registration: Registration) -> None:
    bob = registration.register("bob", GOOD, HOME)
    root = accounts.get("root")
    accounts.delete("bob")
    amy = registration.register("amy", GOOD, HOME)
    assert accounts.ids(["root", "bob", "amy", "nobody"]) == {"root": root.id, "bob": bob.id, "amy": amy.id}
    assert len({root.id, bob.id, amy.id, 0}) == 4
