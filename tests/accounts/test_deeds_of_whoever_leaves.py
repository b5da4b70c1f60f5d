"""Nothing begins for an account that has gone meanwhile: what it makes then would belong to whoever has its name next."""

from __future__ import annotations

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import Act, By
from homeostat.accounts.audit.deeds import Deeds
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import NotSignedIn
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sign_in import SignIn
from tests.accounts.clock import SetClock

GOOD, HOME = "correct horse", "192.0.2.1"
BOB = By("session", "bob", HOME)
CREATE = Act("create", "Disk", "data", "default")


@pytest.fixture
def deeds(database: Database, clock: SetClock) -> Deeds:
    return Deeds(database, clock)


@pytest.fixture
def bob(accounts: Accounts, sign_in: SignIn, database: Database, clock: SetClock) -> int:
    """Returns the number of bob, as whoever asks is recognised by it."""
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    accounts.add("bob", Role.USER, GOOD)
    number = Recognition(database, clock).who(sign_in.sign_in("bob", GOOD, HOME).access).actor.account
    assert number is not None
    return number


def test_one_who_is_there(deeds: Deeds, bob: int) -> None:
    assert not deeds.are_under_way("bob")
    begun = deeds.begin(BOB, CREATE, bob)
    assert deeds.are_under_way("bob") and not deeds.are_under_way("root")
    deeds.end(begun, BOB, CREATE)
    assert not deeds.are_under_way("bob")


def test_one_who_is_banned(deeds: Deeds, accounts: Accounts, bob: int) -> None:
    accounts.ban("bob")
    with pytest.raises(NotSignedIn):
        deeds.begin(BOB, CREATE, bob)
    accounts.unban("bob")
    assert deeds.begin(BOB, CREATE, bob)


def test_one_whose_name_is_anothers_by_now(deeds: Deeds, accounts: Accounts, bob: int) -> None:
    accounts.delete("bob")
    with pytest.raises(NotSignedIn):
        deeds.begin(BOB, CREATE, bob)
    accounts.release("bob")
    accounts.add("bob", Role.USER, GOOD)
    with pytest.raises(NotSignedIn):
        deeds.begin(BOB, CREATE, bob)
    assert not deeds.are_under_way("bob")


def test_one_who_has_no_account(deeds: Deeds) -> None:
    assert deeds.begin(By("token"), CREATE)
