"""Accounts are charged within their limits, given back what came to nothing, and corrected by a count."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.charges.charges import BELIEVED, Charge, Charged, Charges
from homeostat.accounts.charges.measures import Amounts, Measure
from homeostat.accounts.charges.quotas import Quotas
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import QuotaExceeded
from homeostat.accounts.rights import Role
from tests.accounts.clock import SetClock

M = Measure
VM = frozenset({"VirtualMachine"})


def vm(name: str | int) -> Charged:
    return Charged("VirtualMachine", "default", f"vm{name}")


def cost(vcpus: int = 1) -> Amounts:
    return {M.MACHINES: 1, M.VCPUS: vcpus}


@pytest.fixture
def charges(database: Database, accounts: Accounts, clock: SetClock) -> Charges:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob")
    accounts.add("eve")
    return Charges(database, clock)


@pytest.fixture
def quotas(database: Database, charges: Charges, clock: SetClock) -> Quotas:
    return Quotas(database, clock)


def used(quotas: Quotas, account: str = "bob") -> dict[str, int]:
    (found,) = quotas.list(account)
    return {quota.measure.value: quota.used for quota in found.quotas if quota.used}


def test_up_to_the_limit_and_no_further(charges: Charges, quotas: Quotas) -> None:
    quotas.set("bob", {M.MACHINES: 3, M.VCPUS: 4, M.MEMORY: 2**31})
    for name in "abc":
        charges.charge("bob", vm(name), cost())
    with pytest.raises(QuotaExceeded) as refused:
        charges.charge("bob", vm("d"), {**cost(2), M.MEMORY: 2**32})
    assert str(refused.value) == (
        "the quota of bob is exceeded: machines: 3 used, 1 more asked for, 3 allowed; "
        "vcpus: 3 used, 2 more asked for, 4 allowed; memory: 0 used, 4Gi more asked for, 2Gi allowed"
    )
    assert used(quotas) == {"machines": 3, "vcpus": 3}
    charges.charge("eve", vm("d"), cost(9))
    charges.check("bob", vm("c"), cost(2))
    with pytest.raises(QuotaExceeded):
        charges.check("bob", vm("c"), cost(3))
    assert used(quotas) == {"machines": 3, "vcpus": 3}, "a check charges nothing"


def test_a_change_is_charged_by_what_it_adds(charges: Charges, quotas: Quotas) -> None:
    quotas.set("bob", {M.VCPUS: 4})
    charges.charge("bob", vm("a"), cost(2))
    charges.charge("bob", vm("b"), cost(2))
    with pytest.raises(QuotaExceeded, match="vcpus: 4 used, 1 more asked for, 4 allowed"):
        charges.charge("bob", vm("a"), cost(3))
    charges.charge("bob", vm("b"), cost(1))
    charges.charge("bob", vm("a"), cost(3))
    charges.charge("bob", vm("a"), {M.DISK: 5})
    assert charges.of("bob")[vm("a")] == {M.MACHINES: 1, M.VCPUS: 3, M.DISK: 5}, "what is not named stays"


def test_a_limit_below_what_is_there_refuses_only_more(charges: Charges, quotas: Quotas) -> None:
    charges.charge("bob", vm("a"), cost(8))
    quotas.set("bob", {M.VCPUS: 2})
    charges.charge("bob", vm("a"), {**cost(7), M.DISK: 5})
    charges.charge("bob", Charged("Disk", "default", "d"), {M.DISK: 5})
    with pytest.raises(QuotaExceeded):
        charges.charge("bob", vm("a"), cost(8))
    assert used(quotas) == {"machines": 1, "vcpus": 7, "disk": 10}


def test_whoever_is_refused_takes_no_turn_to_write(
    charges: Charges, quotas: Quotas, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas.set("bob", {M.VCPUS: 1})
    asked: list[str] = []
    writing = database.writing
    monkeypatch.setattr(database, "writing", lambda: asked.append("to write") or writing())
    with pytest.raises(QuotaExceeded):
        charges.charge("bob", vm("a"), cost(2))
    assert asked == []
    charges.charge("bob", vm("a"), cost(1))
    assert asked == ["to write"]


def test_given_back(charges: Charges, quotas: Quotas) -> None:
    first = charges.charge("bob", vm("a"), cost(1))
    second = charges.charge("bob", vm("a"), cost(5))
    assert first is not None and second is not None
    charges.give_back(first)
    assert used(quotas) == {"machines": 1, "vcpus": 5}, "it was charged anew meanwhile"
    charges.give_back(second)
    assert used(quotas) == {"machines": 1, "vcpus": 1}
    made = charges.charge("bob", vm("b"), cost())
    assert made is not None
    charges.give_back(made)
    charges.give_back(made)
    assert used(quotas) == {"machines": 1, "vcpus": 1}


def test_whoever_is_no_account_any_more(charges: Charges, accounts: Accounts) -> None:
    accounts.delete("eve")
    assert charges.charge("eve", vm("a"), cost()) is None
    assert charges.charge("nobody", vm("a"), cost()) is None
    charges.check("eve", vm("a"), cost())


def test_what_changes_hands(charges: Charges, quotas: Quotas) -> None:
    quotas.set("eve", {M.VCPUS: 2})
    charges.charge("bob", vm("a"), cost(3))
    with pytest.raises(QuotaExceeded):
        charges.charge("eve", vm("a"), cost(3))
    charges.charge("eve", vm("a"), cost(2))
    assert (used(quotas), used(quotas, "eve")) == ({}, {"machines": 1, "vcpus": 2})


def test_a_count_holds_against_all_but_the_newest(charges: Charges, quotas: Quotas, clock: SetClock) -> None:
    charges.charge("bob", vm("old"), cost(1))
    charges.charge("bob", vm("gone"), cost(1))
    charges.charge("bob", Charged("Disk", "default", "d"), {M.DISK: 5})
    charges.charge("bob", Charged("VirtualMachine", "other", "x"), cost(1))
    clock.go(seconds=BELIEVED.total_seconds() + 1)
    charges.charge("bob", vm("new"), cost(1))
    found = {"bob": {vm("old"): cost(4), vm("found"): cost(2)}, "nobody": {vm("x"): cost()}}
    assert charges.correct("default", VM, found, clock()) == 3
    assert {what.name: amounts.get(M.VCPUS, 0) for what, amounts in charges.of("bob").items()} == {
        "vmold": 4, "vmfound": 2, "vmnew": 1, "d": 0, "x": 1,
    }  # fmt: skip
    assert charges.correct("default", VM, {"bob": {**found["bob"], vm("new"): cost(1)}}, clock()) == 0
    assert charges.correct("default", VM, {"eve": found["bob"]}, clock()) == 2
    assert used(quotas, "eve") == {"machines": 2, "vcpus": 6}


def test_what_a_count_leaves_open_stays(charges: Charges, clock: SetClock) -> None:
    image = Charged("Image", "default", "iso")
    charges.charge("bob", image, {M.UPLOADS: 1, M.DISK: 7})
    charges.settle(image)
    assert charges.correct("default", frozenset({"Image"}), {"bob": {image: {M.UPLOADS: 1}}}, clock()) == 0
    assert charges.of("bob") == {image: {M.UPLOADS: 1, M.DISK: 7}}


def test_a_disk_that_turns_out_to_be_more_counts_at_once(charges: Charges, clock: SetClock) -> None:
    charges.charge("bob", vm("a"), {**cost(2), M.DISK: 3})
    began = clock()
    charges.charge("bob", vm("b"), {**cost(), M.DISK: 3})
    charges.charge("eve", vm("c"), {**cost(), M.DISK: 3})

    def count(disk: int, at: datetime = began) -> list[int]:
        there = {vm(name): {**cost(9), M.DISK: disk} for name in "abc"}
        charges.correct("default", VM, {"bob": there}, at)
        return [amounts[M.DISK] for who in ("bob", "eve") for amounts in charges.of(who).values()]

    clock.go(seconds=1)
    assert count(5, began - timedelta(seconds=1)) == [3, 3, 3], "charged since that count began"
    assert count(5, clock()) == [5, 5, 3], "of another's it says nothing"
    assert count(4, clock()) == [5, 5, 3]
    assert charges.of("bob")[vm("a")] == {M.MACHINES: 1, M.VCPUS: 2, M.DISK: 5}


def test_what_is_being_deleted_counts_until_it_has_gone(charges: Charges, quotas: Quotas, clock: SetClock) -> None:
    charges.charge("bob", vm("a"), cost())
    charges.settle(vm("a"))
    assert charges.correct("default", VM, {"bob": {vm("a"): cost()}}, clock()) == 0
    assert used(quotas) == {"machines": 1, "vcpus": 1}
    assert charges.correct("default", VM, {}, clock()) == 1
    assert used(quotas) == {}
    charges.settle(vm("a"))


def test_killed_between_charge_and_machine(charges: Charges, quotas: Quotas, clock: SetClock) -> None:
    charges.charge("bob", vm("a"), cost())
    assert charges.correct("default", VM, {}, clock() + BELIEVED - timedelta(seconds=1)) == 0
    assert charges.correct("default", VM, {}, clock() + BELIEVED) == 1
    assert used(quotas) == {}


@pytest.mark.parametrize("handles", [1, 2])
def test_many_at_once_get_as_many_as_there_is_room_for(charges: Charges, quotas: Quotas, url: str, handles: int) -> None:
    quotas.set_role(Role.USER, {M.MACHINES: 3})
    opened = [Database.open(url) for _ in range(handles)]
    start, made = threading.Barrier(20), []

    def ask(number: int) -> None:
        start.wait()
        for each in range(5):
            try:
                made.append(Charges(opened[number % handles]).charge("bob", vm(f"{number}-{each}"), cost()))
            except QuotaExceeded:
                continue

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in opened:
        database.close()
    assert len(made) == 3
    assert used(quotas) == {"machines": 3, "vcpus": 3}


ACTS = st.lists(
    st.tuples(st.sampled_from(["make", "fail", "change", "delete"]), st.integers(0, 3), st.integers(1, 3)), max_size=12
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_charged_is_what_there_is(acts: list[tuple[str, int, int]], charges: Charges, quotas: Quotas, clock: SetClock) -> None:
    """Whatever is made, changed, deleted and fails: never more than the limit, and after a count exactly what there is."""
    quotas.set("bob", {M.VCPUS: 5})
    clock.go(hours=1)
    charges.correct("default", VM, {}, clock())
    there: dict[Charged, Amounts] = {}
    for act, number, vcpus in acts:
        what = vm(number)
        if act == "delete":
            if there.pop(what, None) is not None:
                charges.settle(what)
            charges.correct("default", VM, {"bob": there}, clock())
        elif (act == "change") <= (what in there):
            charge: Charge | None = None
            try:
                charge = charges.charge("bob", what, cost(vcpus))
            except QuotaExceeded:
                continue
            if act == "fail":
                assert charge is not None
                charges.give_back(charge)
            else:
                there[what] = cost(vcpus)
        assert used(quotas).get("vcpus", 0) == sum(amounts[M.VCPUS] for amounts in there.values()) <= 5
    clock.go(hours=1)
    assert charges.correct("default", VM, {"bob": there}, clock()) == 0


def test_what_became_more_by_others_is_no_reason_to_refuse_what_asks_for_no_more(charges: Charges, quotas: Quotas) -> None:
    quotas.set("bob", {M.MACHINES: 1, M.RUNNING: 1, M.MEMORY: 128})
    charges.charge("bob", vm("a"), {M.MACHINES: 1, M.RUNNING: 1, M.MEMORY: 64})
    had = {M.MACHINES: 1, M.RUNNING: 1, M.MEMORY: 256}  # since its plugin was changed
    with pytest.raises(QuotaExceeded):
        charges.check("bob", vm("a"), {**had, M.MEMORY: 257}, had)
    charges.check("bob", vm("a"), {**had, M.RUNNING: 0}, had)
    charges.charge("bob", vm("a"), {**had, M.RUNNING: 0}, had)
    assert used(quotas) == {"machines": 1, "memory": 256}
