"""Nobody fills the audit by being refused."""

from __future__ import annotations

import pytest

from homeostat.accounts import refusals
from homeostat.accounts.audit import audit as module
from homeostat.accounts.audit.audit import Act, Audit, By, Search
from homeostat.accounts.database.database import Database
from tests.accounts.clock import SetClock

EVE, BOB = By("session", "eve", "192.0.2.1"), By("session", "bob", "192.0.2.1")


@pytest.fixture
def audit(database: Database, clock: SetClock) -> Audit:
    return Audit(database, clock)


def refused(name: str, verb: str = "DELETE") -> Act:
    return Act(verb, "Request", name, outcome="Refused", message="not found")


def entries(audit: Audit, account: str = "eve") -> list[tuple[str, str, int]]:
    return [(e.act.verb, e.act.name, e.count) for e in reversed(audit.search(Search(account=account)))]


def test_equal_ones_within_a_minute_are_one(audit: Audit, clock: SetClock) -> None:
    began = clock.now
    for _ in range(50):
        audit.note(EVE, refused("web"))
        clock.go(seconds=1)
    audit.note(EVE, refused("web", "PUT"))
    audit.note(BOB, refused("web"))
    (_, first) = audit.search(Search(account="eve"))
    assert (first.at, first.count, (first.last - began).total_seconds() if first.last else None) == (began, 50, 49)
    clock.go(seconds=10)
    audit.note(EVE, refused("web"))
    assert entries(audit) == [("DELETE", "web", 50), ("PUT", "web", 1), ("DELETE", "web", 1)], "of the next minute"
    assert entries(audit, "bob") == [("DELETE", "web", 1)]


def test_of_different_ones_a_few_a_minute_are_told(audit: Audit, clock: SetClock) -> None:
    for number in range(100):
        audit.note(EVE, refused(f"web{number}"))
    audit.note(EVE, refused("web0"))
    told = entries(audit)
    assert len(told) == refusals.TOLD_MAX + 1
    assert told[0] == ("DELETE", "web0", 2) and told[-1] == ("any", "", 100 - refusals.TOLD_MAX)
    clock.go(minutes=1)
    audit.note(EVE, refused("other"))
    assert entries(audit)[-1] == ("DELETE", "other", 1)


def test_what_is_done_is_told_each_time(audit: Audit) -> None:
    for _ in range(40):
        audit.note(EVE, Act("change", "Disk", "data"))
    assert len(audit.search(Search(account="eve"))) == 40


def test_many_of_them_push_nothing_else_out(audit: Audit, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EACH", 1)
    monkeypatch.setattr(refusals.forget_beyond, "__defaults__", (5,))
    audit.note(BOB, Act("change", "Disk", "data"))
    for number in range(30):
        audit.note(EVE, refused(f"web{number}"))
        clock.go(minutes=1)
    assert entries(audit, "bob") == [("change", "data", 1)]
    assert [name for _, name, _ in entries(audit)] == [f"web{number}" for number in range(25, 30)]
