"""Who may do what to whose: by the role, by owning it, or by a grant; and never more than the server or a token leaves."""

from __future__ import annotations

import pytest

from homeostat.accounts.actor import HOUSE, NOBODY, Actor
from homeostat.accounts.rights import Grant, Right, Role, Subject

ALL = frozenset(Right)
HERS = Subject("VirtualMachine", "default", "web", "alice")
NOBODYS = Subject("VirtualMachine", "default", "db")


def actor(role: Role, *grants: Grant, name: str = "bob", rights: frozenset[Right] = ALL) -> Actor:
    return Actor("session", role, name, rights, grants)


def given(*rights: Right, namespace: str = "default", kind: str = "", name: str = "") -> Grant:
    return Grant(frozenset(rights), namespace, kind, name)


def allowed(who: Actor, subject: Subject) -> set[str]:
    return {right.value for right in Right if who.may_to(right, subject)}


OWNED = {"see", "change", "copy"}
EVERYTHING = {"see", "change", "copy", "moderate", "administer"}


@pytest.mark.parametrize(
    ("role", "own", "others"),
    [
        (Role.USER, OWNED, set()),
        (Role.MODERATOR, {*OWNED, "moderate"}, {"see", "moderate"}),
        (Role.ADMINISTRATOR, EVERYTHING, EVERYTHING),
    ],
)
def test_what_a_role_may(role: Role, own: set[str], others: set[str]) -> None:
    assert allowed(actor(role, name="alice"), HERS) == own
    assert allowed(actor(role), HERS) == others
    assert allowed(actor(role), NOBODYS) == others


@pytest.mark.parametrize(
    ("grant", "may"),
    [
        (given(Right.SEE), {"see"}),
        (given(Right.SEE, Right.CHANGE, kind="VirtualMachine", name="web"), {"see", "change"}),
        (given(Right.SEE, kind="VirtualMachine"), {"see"}),
        (given(Right.SEE, kind="VirtualMachine", name="db"), set()),
        (given(Right.SEE, kind="Disk", name="web"), set()),
        (given(Right.SEE, namespace="lab"), set()),
        (given(Right.ADMINISTER, Right.MODERATE), set()),  # no grant gives those
    ],
)
def test_what_a_grant_gives(grant: Grant, may: set[str]) -> None:
    assert allowed(actor(Role.USER, grant), HERS) == may


def test_a_scope_takes_away_and_gives_nothing() -> None:
    assert allowed(actor(Role.ADMINISTRATOR, rights=frozenset({Right.SEE})), HERS) == {"see"}
    assert allowed(actor(Role.USER, name="alice", rights=frozenset({Right.ADMINISTER})), HERS) == set()


def test_what_belongs_to_nobody_is_not_that_of_whom_has_no_account() -> None:
    assert allowed(Actor("token", Role.USER, "", ALL), NOBODYS) == set()
    assert allowed(NOBODY, NOBODYS) == set() and allowed(HOUSE, HERS) == EVERYTHING


@pytest.mark.parametrize(("role", "right", "everywhere"), [
    (Role.USER, Right.SEE, False), (Role.MODERATOR, Right.SEE, True), (Role.MODERATOR, Right.CHANGE, False),
    (Role.ADMINISTRATOR, Right.CHANGE, True),
])  # fmt: skip
def test_from_whom_nothing_is_hidden(role: Role, right: Right, everywhere: bool) -> None:
    assert actor(role).everywhere(right) is everywhere
    assert not actor(role, rights=frozenset()).everywhere(right)
