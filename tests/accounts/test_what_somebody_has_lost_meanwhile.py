"""Whoever has lost what he was let in with, while what he asked for waited for its turn, changes nothing of accounts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.actor import Actor
from homeostat.accounts.administration import Administration
from homeostat.accounts.charges.measures import Measure
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import NotPermitted, NotSignedIn
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Grant, Right, Role, anywhere
from homeostat.accounts.signing_in.passwords import Passwords
from tests.accounts.clock import SetClock

GOOD, OTHER = "correct horse", "battery staple"
LOSSES: dict[str, tuple[Callable[[Reception], object], type[Exception]]] = {
    "deleted": (lambda house: house.accounts.delete("ann"), NotSignedIn),
    "banned": (lambda house: house.accounts.ban("ann", keep_sessions=True), NotSignedIn),
    "signed out": (lambda house: house.sessions.end_all("ann"), NotSignedIn),
    "another password": (lambda house: house.accounts.set_password("ann", OTHER), NotSignedIn),
    "another role": (lambda house: house.accounts.set_role("ann", Role.USER), NotPermitted),
}
DEEDS: dict[str, Callable[[Administration], object]] = {
    "add": lambda by: by.add("new", Role.USER, None),
    "set role": lambda by: by.set_role("bob", Role.USER),
    "ban": lambda by: by.ban("bob", True),
    "unban": lambda by: by.ban("bob", False),
    "set password": lambda by: by.set_password("bob", OTHER),
    "delete": lambda by: by.delete("bob"),
    "give": lambda by: by.give("bob", Grant(frozenset({Right.SEE}), "default")),
    "take": lambda by: by.take("0" * 12),
    "create a token": lambda by: by.create_token("bob", "more", [Right.SEE], None),
    "revoke a token": lambda by: by.revoke_token("bob", "ci"),
    "quota": lambda by: by.set_quota("bob", {Measure.MACHINES: 1}),
    "quota of a role": lambda by: by.set_role_quota(Role.USER, {Measure.MACHINES: 1}),
    "setting": lambda by: by.set_setting("word", "value"),
}


@pytest.fixture
def house(database: Database, passwords: Passwords, clock: SetClock) -> Reception:
    reception = Reception(database, passwords, clock)
    for name in ("ann", "bob"):
        reception.accounts.add(name, Role.ADMINISTRATOR, GOOD)
        reception.tokens.create(name, "ci", list(Right))
    return reception


def signed_in(house: Reception, name: str) -> Actor:
    session = house.sign_in.sign_in(name, GOOD, "192.0.2.1").session
    return Actor(
        "session",
        Role.ADMINISTRATOR,
        name,
        anywhere(Role.ADMINISTRATOR),
        session=session,
        account=house.accounts.get(name).id,
    )


def accounts(of: Accounts) -> list[tuple[str, Role, bool]]:
    return [(one.name, one.role, one.banned is None) for one in of.list()]


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_nothing_is_done_for_him(
    house: Reception, loss: tuple[Callable[[Reception], object], type[Exception]], deed: Callable[[Administration], object]
) -> None:
    take, refused = loss
    ann = Administration(house, signed_in(house, "ann"))
    take(house)
    before = accounts(house.accounts), house.grants.list(), house.tokens.list(), house.quotas.roles()

    with pytest.raises(refused):
        deed(ann)
    assert before == (accounts(house.accounts), house.grants.list(), house.tokens.list(), house.quotas.roles())


def test_of_two_administrators_who_delete_each_other_one_does(house: Reception) -> None:
    ann, bob = (Administration(house, signed_in(house, name)) for name in ("ann", "bob"))
    house.accounts.add("root", Role.ADMINISTRATOR)

    ann.delete("bob")
    with pytest.raises(NotSignedIn):
        bob.delete("ann")
    assert [one.name for one in house.accounts.list()] == ["ann", "root"]


def test_nor_by_a_token_that_was_revoked(house: Reception) -> None:
    by_token = Actor(
        "api-token", Role.ADMINISTRATOR, "ann", anywhere(Role.ADMINISTRATOR), token="ci", account=house.accounts.get("ann").id
    )
    Administration(house, by_token).ban("bob", True)
    house.tokens.revoke("ann", "ci")

    with pytest.raises(NotSignedIn):
        Administration(house, by_token).ban("bob", False)
