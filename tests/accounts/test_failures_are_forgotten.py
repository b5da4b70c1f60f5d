"""Who comes in has his own failures at that address forgotten, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from homeostat.accounts.database.database import Database
from homeostat.accounts.database.tables import FailureRow
from homeostat.accounts.signing_in import throttle
from homeostat.accounts.signing_in.throttle import Attempt, Limit, Limits
from tests.accounts.clock import SetClock

LIMITS = Limits()
BOB, AWAY, EVE = Attempt("bob", "192.0.2.1"), Attempt("bob", "192.0.2.2"), Attempt("eve", "192.0.2.1")


def counted(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {row.about: row.count for row in session.scalars(select(FailureRow))}


def fail(database: Database, clock: SetClock, *attempts: Attempt, limits: Limits = LIMITS) -> None:
    with database.writing() as session:
        for attempt in attempts:
            throttle.failed(session, attempt, limits, clock.now)


def test_his_own_there(database: Database, clock: SetClock) -> None:
    fail(database, clock, BOB, BOB, AWAY, EVE)
    before = counted(database)
    assert before["account bob 192.0.2.1"] == 2
    with database.writing() as session:
        throttle.succeeded(session, BOB, LIMITS)
    assert counted(database) == {about: count for about, count in before.items() if about != "account bob 192.0.2.1"}


def test_where_none_failed_nothing_is(database: Database, clock: SetClock) -> None:
    fail(database, clock, BOB)
    before = counted(database)
    with database.writing() as session:
        throttle.succeeded(session, AWAY, LIMITS)
        throttle.succeeded(session, Attempt(None, BOB.address), LIMITS)
    assert counted(database) == before


@pytest.mark.parametrize(("ago", "count"), [(timedelta(hours=1) - timedelta(milliseconds=1), 2), (timedelta(hours=1), 1)])
def test_they_begin_anew_after_an_hour(database: Database, clock: SetClock, ago: timedelta, count: int) -> None:
    fail(database, clock, BOB)
    clock.now += ago
    fail(database, clock, BOB)
    assert set(counted(database).values()) == {count}


def test_beyond_what_is_free_here_they_count_for_the_account_once_it_is_attacked_from_many(
    database: Database, clock: SetClock
) -> None:
    limits = Limits(account=Limit(1, 60), everywhere=Limit(3, 60))
    told = []
    for attempt in (BOB, BOB, AWAY, AWAY, Attempt("bob", "192.0.2.3"), BOB):
        fail(database, clock, attempt, limits=limits)
        told.append(counted(database)["account bob"])
    assert told == [1, 1, 2, 2, 3, 4]


def test_what_others_fail_from_there_does_not_keep_them_from_counting_for_the_account(
    database: Database, clock: SetClock
) -> None:
    limits = Limits(account=Limit(1, 60), everywhere=Limit(3, 60))
    fail(database, clock, EVE, EVE, EVE, BOB, limits=limits)
    assert counted(database)["account bob"] == 1
