"""Accounts are made, changed and deleted; an administrator is always left."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from homeostat.accounts.accounts import Account, Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import AccountExists, AccountsError, BadPassword, LastAdministrator, NoSuchAccount, NotAName
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from tests.accounts.clock import SetClock

GOOD = "correct horse"


@pytest.fixture
def root(accounts: Accounts) -> Account:
    return accounts.add("root", Role.ADMINISTRATOR, GOOD)


def test_there_are_none_at_first(accounts: Accounts) -> None:
    assert not accounts.any()
    assert accounts.list() == []


def test_the_first_is_an_administrator(accounts: Accounts, clock: SetClock) -> None:
    with pytest.raises(LastAdministrator, match="first account"):
        accounts.add("bob", Role.MODERATOR)
    assert not accounts.any()
    assert accounts.add("Root", Role.ADMINISTRATOR, GOOD) == Account("root", Role.ADMINISTRATOR, clock.now, None, True)
    assert accounts.any()


def test_who_there_is_by_name(accounts: Accounts, root: Account) -> None:
    zoe, bob = accounts.add("zoe"), accounts.add("BOB", Role.MODERATOR, GOOD)
    assert accounts.list() == [bob, root, zoe]
    assert accounts.get("Bob") == bob
    assert not zoe.has_password


@pytest.mark.parametrize("act", ["get", "ban", "unban", "delete"])
@pytest.mark.parametrize(("name", "refusal"), [("nobody", NoSuchAccount), ("no/body", NotAName)])
def test_nobody_of_that_name(accounts: Accounts, root: Account, act: str, name: str, refusal: type[AccountsError]) -> None:
    with pytest.raises(refusal):
        getattr(accounts, act)(name)


def test_two_of_one_name_are_refused(accounts: Accounts, root: Account) -> None:
    with pytest.raises(AccountExists, match="already"):
        accounts.add("ROOT")


def test_a_bad_password_makes_no_account(accounts: Accounts) -> None:
    with pytest.raises(BadPassword):
        accounts.add("root", Role.ADMINISTRATOR, "short")
    assert not accounts.any()


def test_many_at_once_make_one_of_a_name(url: str, passwords: Passwords, accounts: Accounts, root: Account) -> None:
    def add(number: int) -> bool:
        database = Database.open(url)  # as another program would
        try:
            Accounts(database, passwords).add("bob", Role.USER, f"{GOOD} {number}")
            return True
        except AccountExists:
            return False
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(add, range(8))) == [False] * 7 + [True]
    assert [account.name for account in accounts.list()] == ["bob", "root"]


LOSSES: dict[str, Callable[[Accounts], object]] = {
    "role": lambda accounts: accounts.set_role("root", Role.MODERATOR),
    "ban": lambda accounts: accounts.ban("root"),
    "delete": lambda accounts: accounts.delete("root"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_the_last_administrator_stays(accounts: Accounts, root: Account, loss: str) -> None:
    accounts.add("mary", Role.MODERATOR)
    accounts.add("banned", Role.ADMINISTRATOR)
    accounts.ban("banned")
    with pytest.raises(LastAdministrator) as refused:
        LOSSES[loss](accounts)
    assert "root is the only administrator" in str(refused.value)
    assert "user add NAME --role administrator" in refused.value.mend
    assert accounts.get("root") == root


@pytest.mark.parametrize("loss", LOSSES)
def test_one_of_two_administrators_may_go(accounts: Accounts, root: Account, loss: str) -> None:
    accounts.add("other", Role.ADMINISTRATOR)
    LOSSES[loss](accounts)
    assert accounts.list() != [accounts.get("other"), root]


def test_two_administrators_cannot_remove_each_other_at_once(accounts: Accounts, root: Account) -> None:
    accounts.add("other", Role.ADMINISTRATOR)

    def lose(name: str) -> bool:
        try:
            accounts.set_role(name, Role.USER)
            return True
        except LastAdministrator:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lose, ["root", "other"])) == [False, True]


def test_a_ban_is_lifted(accounts: Accounts, root: Account, clock: SetClock) -> None:
    bob = accounts.add("bob")
    since = clock.now
    assert accounts.ban("bob").banned == since
    clock.go(hours=1)
    assert accounts.ban("bob").banned == since
    assert accounts.unban("bob") == accounts.unban("bob") == bob


def test_the_name_of_a_deleted_account_is_never_given_again(accounts: Accounts, root: Account) -> None:
    accounts.add("bob", Role.MODERATOR, GOOD)
    accounts.delete("bob")
    assert accounts.list() == [root]
    with pytest.raises(NoSuchAccount):
        accounts.get("bob")
    with pytest.raises(AccountExists, match="which is deleted"):
        accounts.add("Bob")


def test_every_change_moves_the_generation_and_a_refusal_does_not(accounts: Accounts, database: Database, root: Account) -> None:
    accounts.add("bob")
    acts: list[Callable[[], object]] = [
        lambda: accounts.add("mary"),
        lambda: accounts.set_role("bob", Role.MODERATOR),
        lambda: accounts.ban("bob"),
        lambda: accounts.unban("bob"),
        lambda: accounts.set_password("bob", GOOD),
        lambda: accounts.delete("bob"),
    ]
    seen = [database.generation()]
    for act in acts:
        act()
        seen.append(database.generation())
    assert seen == sorted(set(seen))
    with pytest.raises(LastAdministrator):
        accounts.ban("root")
    assert database.generation() == seen[-1]
