"""A ticket opens one console, once and soon; who has a console open is known to every server; one at a time has control."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.charges.measures import Measure
from homeostat.accounts.charges.quotas import Quotas
from homeostat.accounts.consoles import (
    Bearer,
    ConsoleKind,
    ConsoleLimits,
    ConsoleMode,
    ConsoleOf,
    Consoles,
    Ticket,
)
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import ConsoleLimit, NoSuchConsole, TicketRefused
from homeostat.accounts.rights import Role
from tests.accounts.clock import SetClock

BOB = Bearer("session", "bob", "5e55", "", "192.0.2.1")
SCREEN = ConsoleOf("default", "web", "uid-1", ConsoleKind.VNC, ConsoleMode.CONTROL)
TICKET = Ticket(BOB, SCREEN)
MANY = ConsoleLimits(100, 100)


@pytest.fixture
def server(database: Database, clock: SetClock) -> Callable[[], Consoles]:
    return lambda: Consoles(database, clock)


@pytest.fixture
def here(server: Callable[[], Consoles]) -> Consoles:
    return server()


def test_a_ticket_says_all_of_it_to_any_server(server: Callable[[], Consoles], clock: SetClock) -> None:
    text, expires = server().issue(TICKET)
    assert (expires - clock.now).total_seconds() == 30 and text.startswith("hsc_")
    assert server().redeem(text) == TICKET


def test_it_is_good_once(here: Consoles) -> None:
    text, _ = here.issue(TICKET)
    here.redeem(text)
    with pytest.raises(TicketRefused):
        here.redeem(text)


def test_of_many_who_use_it_at_once_one_is_let_in(url: str, here: Consoles, clock: SetClock) -> None:
    text, _ = here.issue(TICKET)

    def redeem(_: int) -> bool:
        database = Database.open(url)
        try:
            Consoles(database, clock).redeem(text)
        except TicketRefused:
            return False
        finally:
            database.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(redeem, range(8))) == 1


@pytest.mark.parametrize(("seconds", "good"), [(29.9, True), (30, False), (3600, False)])
def test_it_is_good_for_half_a_minute(here: Consoles, clock: SetClock, seconds: float, good: bool) -> None:
    text, _ = here.issue(TICKET)
    clock.go(seconds=seconds)
    if good:
        assert here.redeem(text) == TICKET
    else:
        with pytest.raises(TicketRefused, match="has expired"):
            here.redeem(text)


@pytest.mark.parametrize("shown", ["", "hsc_", "hsc_" + 43 * "a", "hst_" + 43 * "a", "hsc_" + 9000 * "a", "hsc_\x00\ud800"])
def test_what_is_no_ticket(here: Consoles, shown: str) -> None:
    here.issue(TICKET)
    with pytest.raises(TicketRefused):
        here.redeem(shown)


def test_old_ones_are_forgotten(here: Consoles, clock: SetClock, database: Database) -> None:
    from sqlalchemy import func, select

    from homeostat.accounts.database.tables import ConsoleTicketRow

    here.issue(TICKET)
    clock.go(seconds=31)
    here.issue(TICKET)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ConsoleTicketRow)) == 1


def test_who_looks_is_known_everywhere(server: Callable[[], Consoles], clock: SetClock) -> None:
    here, there = server(), server()
    opened = here.open(TICKET, MANY)
    assert opened.since == clock.now and opened.bearer == BOB
    known = replace(opened, bearer=replace(BOB, session=""))  # by what he is recognised is nobody else's business
    assert there.list() == [known] and here.served() == {opened.id: known} and there.served() == {}
    here.close(opened.id)
    assert there.list() == []


def test_what_its_server_says_nothing_of_counts_no_more(server: Callable[[], Consoles], clock: SetClock) -> None:
    dead, here = server(), server()
    dead.open(TICKET, MANY)
    kept = here.open(TICKET, MANY)
    clock.go(seconds=10)
    here.keep([kept.id])
    clock.go(seconds=5)
    assert [one.id for one in here.list()] == [kept.id]
    assert here.open(TICKET, ConsoleLimits(2, 100)).controls  # whoever had control is dead


def test_one_at_a_time_has_control_of_a_screen(here: Consoles) -> None:
    first, second = here.open(TICKET, MANY), here.open(TICKET, MANY)
    assert first.controls and not second.controls
    other = replace(SCREEN, machine="db", uid="uid-2")
    again = replace(SCREEN, uid="uid-9")  # another machine, which got the name
    line = replace(SCREEN, kind=ConsoleKind.SERIAL)
    assert all(here.open(Ticket(BOB, console), MANY).controls for console in (other, again, line))
    here.take_control(second.id)
    now = {one.id: one.controls for one in here.list()}
    assert (now[first.id], now[second.id]) == (False, True) and sum(now.values()) == 4
    here.take_control(second.id)  # once more, from another program
    assert [here.served()[one.id].taken for one in (first, second)] == [0, 2]


def test_the_same_screen_by_webrtc_has_the_same_control(here: Consoles) -> None:
    first, second = here.open(TICKET, MANY), here.open(Ticket(BOB, replace(SCREEN, kind=ConsoleKind.WEBRTC)), MANY)
    assert first.controls and not second.controls
    here.take_control(second.id)
    assert {one.id: one.controls for one in here.list()} == {first.id: False, second.id: True}


def test_who_only_looks_has_none_and_takes_none(here: Consoles) -> None:
    looking = here.open(Ticket(BOB, replace(SCREEN, mode=ConsoleMode.VIEW)), MANY)
    assert not looking.controls
    with pytest.raises(NoSuchConsole):
        here.take_control(looking.id)
    assert here.open(TICKET, MANY).controls


def test_another_server_ends_it(server: Callable[[], Consoles]) -> None:
    here = server()
    opened = here.open(TICKET, MANY)
    server().end(opened.id, "maintenance")
    assert here.served()[opened.id].ended == "maintenance"
    for ask in (lambda: here.end("nothing", ""), lambda: here.take_control("nothing")):
        with pytest.raises(NoSuchConsole, match="no console 'nothing' is open"):
            ask()


def test_a_machine_has_so_many(here: Consoles) -> None:
    for _ in range(2):
        here.open(TICKET, ConsoleLimits(2, 100))
    with pytest.raises(ConsoleLimit, match="2 consoles of web are open, and 2 are the most"):
        here.open(TICKET, ConsoleLimits(2, 100))
    here.open(Ticket(BOB, replace(SCREEN, machine="db", uid="uid-2")), ConsoleLimits(2, 100))


@pytest.mark.parametrize(("limit", "quota", "allowed"), [(2, None, 2), (2, 1, 1), (1, 5, 1), (5, 0, 0)])
def test_an_account_has_so_many(
    accounts: Accounts, database: Database, here: Consoles, limit: int, quota: int | None, allowed: int
) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob", Role.USER)
    quotas = Quotas(database)
    quotas.set("bob", {Measure.CONSOLES: quota})
    limits = ConsoleLimits(100, limit)
    for _ in range(allowed):
        here.open(TICKET, limits)
    with pytest.raises(ConsoleLimit, match=f"{allowed} consoles of bob are open, and {allowed} are the most"):
        here.open(TICKET, limits)
    used = next(one for one in quotas.list("bob")[0].quotas if one.measure is Measure.CONSOLES)
    assert (used.used, used.limit) == (allowed, quota)
    for bearer in (Bearer("local"), Bearer("session", "root", "r")):
        here.open(Ticket(bearer, SCREEN), limits)
        here.open(Ticket(bearer, SCREEN), ConsoleLimits(100, 100))


def test_many_at_once_get_as_many_as_there_may_be(url: str, clock: SetClock) -> None:
    def opens(_: int) -> bool:
        database = Database.open(url)
        try:
            return Consoles(database, clock).open(TICKET, ConsoleLimits(3, 100)).controls is not None
        except ConsoleLimit:
            return False
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(opens, range(12))) == 3
    database = Database.open(url)
    assert [one.controls for one in Consoles(database, clock).list()].count(True) == 1
    database.close()
