"""Limits of roles and accounts: which holds, how they are written, and what is shown of them."""

from __future__ import annotations

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import Audit, Search
from homeostat.accounts.charges.charges import Charged, Charges
from homeostat.accounts.charges.measures import AMOUNT_MAX, DEFAULT, Measure, NewLimit, limit_from
from homeostat.accounts.charges.quotas import Quotas
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import NoSuchAccount, NotAQuota
from homeostat.accounts.rights import Role
from tests.accounts.clock import SetClock


@pytest.fixture
def quotas(database: Database, accounts: Accounts, clock: SetClock) -> Quotas:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob")
    return Quotas(database, clock)


def limits(quotas: Quotas, account: str = "bob") -> dict[str, tuple[int | None, bool]]:
    (found,) = quotas.list(account)
    return {quota.measure.value: (quota.limit, quota.own) for quota in found.quotas if quota.limit is not None or quota.own}


def test_nothing_is_limited_at_first(quotas: Quotas) -> None:
    assert [found.account for found in quotas.list()] == ["bob", "root"]
    assert limits(quotas) == {}
    assert {limit for found in quotas.roles().values() for limit in found.values()} == {None}


def test_an_account_has_the_limits_of_its_role_or_its_own(quotas: Quotas, accounts: Accounts) -> None:
    quotas.set_role(Role.USER, {Measure.MACHINES: 3, Measure.DISK: 2**30})
    quotas.set("BOB", {Measure.MACHINES: 5, Measure.VCPUS: 0})
    assert limits(quotas) == {"machines": (5, True), "disk": (2**30, False), "vcpus": (0, True)}
    assert limits(quotas, "root") == {}
    quotas.set("bob", {Measure.MACHINES: DEFAULT, Measure.DISK: None})
    assert limits(quotas) == {"machines": (3, False), "disk": (None, True), "vcpus": (0, True)}
    quotas.set_role(Role.USER, {Measure.MACHINES: None})
    assert limits(quotas) == {"disk": (None, True), "vcpus": (0, True)}
    quotas.set_role(Role.MODERATOR, {Measure.SNAPSHOTS: 7})
    accounts.set_role("bob", Role.MODERATOR)
    assert limits(quotas)["snapshots"] == (7, False)


def test_what_is_no_limit_changes_nothing(quotas: Quotas) -> None:
    for wrong in (-1, AMOUNT_MAX + 1):
        with pytest.raises(NotAQuota):
            quotas.set("bob", {Measure.VCPUS: 1, Measure.MACHINES: wrong})
        with pytest.raises(NotAQuota):
            quotas.set_role(Role.USER, {Measure.VCPUS: 1, Measure.MACHINES: wrong})
    with pytest.raises(NoSuchAccount):
        quotas.set("eve", {Measure.MACHINES: 1})
    with pytest.raises(NoSuchAccount):
        quotas.list("eve")
    assert limits(quotas) == {}


def test_who_said_so_is_in_the_audit(quotas: Quotas, database: Database) -> None:
    quotas.set("bob", {Measure.MEMORY: 2**34, Measure.DISK: None, Measure.VCPUS: DEFAULT})
    quotas.set_role(Role.USER, {Measure.MACHINES: 3})
    said = [(e.act.verb, e.act.name, e.act.message) for e in Audit(database).search(Search(kind="Quota"))]
    assert said == [("set", "role user", "machines=3"), ("set", "bob", "memory=16Gi, disk=unlimited, vcpus=default")]


def test_deleted_with_the_account(quotas: Quotas, accounts: Accounts, database: Database, clock: SetClock) -> None:
    quotas.set("bob", {Measure.MACHINES: 5})
    charges = Charges(database, clock)
    charges.charge("bob", Charged("VirtualMachine", "default", "web"), {Measure.MACHINES: 1})
    accounts.delete("bob")
    assert charges.of("bob") == {}
    assert [found.account for found in quotas.list()] == ["root"]


@pytest.mark.parametrize(
    ("measure", "text", "limit"),
    [
        (Measure.MACHINES, "10", 10),
        (Measure.MEMORY, "64Gi", 64 * 2**30),
        (Measure.DISK, "1024", 1024),
        (Measure.VCPUS, "unlimited", None),
        (Measure.VCPUS, "default", DEFAULT),
    ],
)
def test_limits_as_people_write_them(measure: Measure, text: str, limit: NewLimit) -> None:
    assert limit_from(measure, text) == limit


@pytest.mark.parametrize(
    ("measure", "text"), [(Measure.MACHINES, "4Gi"), (Measure.MEMORY, "much"), (Measure.VCPUS, "-1"), (Measure.VCPUS, "")]
)
def test_what_is_none_says_how_one_is_written(measure: Measure, text: str) -> None:
    with pytest.raises(NotAQuota, match=measure.value):
        limit_from(measure, text)
