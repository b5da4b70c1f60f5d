"""Who leaves, and what is left to whoever is banned. A name that nothing names any more may be given again."""

from __future__ import annotations

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import Search
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import (
    AccountBanned,
    AccountExists,
    LastAdministrator,
    NoSuchAccount,
    NotPermitted,
    NotSignedIn,
    SessionBanned,
    SignInRefused,
)
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sessions import Sessions
from homeostat.accounts.signing_in.sign_in import SignIn
from tests.accounts.clock import SetClock
from tests.accounts.test_administration import GOOD, OTHER, House

HOME = "192.0.2.1"


@pytest.fixture
def house(database: Database, passwords: Passwords, clock: SetClock) -> House:
    return House(database, passwords, clock)


def test_who_leaves_is_gone(house: House) -> None:
    house.by("bob").leave()
    with pytest.raises(NoSuchAccount):
        house.by("root").account("bob")
    assert house.reception.sessions.list() and not [one for one in house.reception.sessions.list() if one.account == "bob"]


def test_a_token_leaves_for_nobody_and_the_last_administrator_stays(house: House) -> None:
    with pytest.raises(NotPermitted):
        house.by("bob", "api-token").leave()
    with pytest.raises(LastAdministrator):
        house.by("root").leave()
    assert {one.name for one in house.by("root").accounts()} >= {"bob", "root"}


def test_a_name_that_is_released_is_given_again_to_another_account(house: House) -> None:
    accounts, first = house.reception.accounts, house.reception.accounts.get("bob")
    accounts.release("bob")  # he is there: nothing happens
    house.by("bob").leave()
    with pytest.raises(AccountExists):
        accounts.add("bob")
    accounts.release("bob")
    assert accounts.add("bob").id != first.id


def test_who_gets_a_name_does_not_read_what_the_one_before_did(house: House) -> None:
    house.by("bob").leave()
    house.reception.accounts.release("bob")
    house.clock.go(seconds=1)
    house.reception.accounts.add("bob", Role.USER, GOOD)
    house.reception.sign_in.sign_in("bob", GOOD, "192.0.2.7")
    found = house.by("bob").audit(Search(), 100, None)
    assert {entry.by.address for entry in found} == {"192.0.2.7"}


def test_ones_own_password_changes_and_the_others_sessions_end(house: House) -> None:
    other = house.reception.sign_in.sign_in("bob", GOOD, HOME).session
    with pytest.raises(SignInRefused):
        house.by("bob").set_own_password(OTHER, "wrong horse")
    house.by("bob").set_own_password(OTHER, GOOD)
    left = {one.id for one in house.reception.sessions.list("bob")}
    assert house.session["bob"] in left and other not in left
    house.by("bob").set_own_password(GOOD, None)
    assert house.reception.sign_in.sign_in("bob", GOOD, HOME).name == "bob"


def test_an_administrator_gives_a_password_and_all_sessions_end(house: House) -> None:
    house.by("root").give_password("root", OTHER)
    assert not house.reception.sessions.list("root")
    with pytest.raises(NotPermitted):
        house.by("mod").give_password("bob", OTHER)


def test_sessions_sleep_while_their_account_is_banned(
    accounts: Accounts, sessions: Sessions, recognition: Recognition, sign_in: SignIn, clock: SetClock
) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob", Role.USER, GOOD)
    mine = sign_in.sign_in("bob", GOOD, HOME)
    accounts.ban("bob", "spam", keep_sessions=True)
    clock.go(seconds=1)
    with pytest.raises(SessionBanned, match="spam") as banned:
        recognition.who(mine.access)
    assert (banned.value.name, banned.value.session) == ("bob", mine.session)
    with pytest.raises(NotSignedIn):
        sessions.refresh(mine.refresh)
    with pytest.raises(AccountBanned):
        sign_in.sign_in("bob", GOOD, HOME)
    with pytest.raises(SessionBanned):
        recognition.who(sign_in.sign_in("bob", GOOD, HOME, also_banned=True).access)
    accounts.unban("bob")
    recognition.look_again()
    assert recognition.who(mine.access).actor.name == "bob"
