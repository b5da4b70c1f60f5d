"""Who signs in gets a session; who fails learns nothing, and waits longer each time, but never for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.database.tables import AccountRow, FailureRow
from homeostat.accounts.errors import AccountBanned, SignInRefused, TooManyAttempts
from homeostat.accounts.rights import Right, Role
from homeostat.accounts.signing_in import throttle
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sessions import Sessions
from homeostat.accounts.signing_in.sign_in import SignIn
from homeostat.accounts.signing_in.throttle import Limit, Limits, network_of
from tests.accounts.clock import SetClock

GOOD, BAD, HOME, AWAY = "correct horse", "wrong horse", "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def bob(accounts: Accounts) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob", Role.USER, GOOD)


def test_in(sign_in: SignIn, recognition: Recognition, sessions: Sessions, clock: SetClock) -> None:
    done = sign_in.sign_in("BOB", GOOD, HOME, "curl/8")
    assert (done.name, done.role, done.expires) == ("bob", Role.USER, clock.now + timedelta(minutes=15))
    who = recognition.who(done.access)
    assert (who.actor.how, who.actor.name, who.actor.session) == ("session", "bob", done.session)
    assert who.actor.rights == {Right.SEE, Right.CHANGE, Right.COPY}
    [opened] = sessions.list("bob")
    assert (opened.id, opened.address, opened.client, opened.made) == (done.session, HOME, "curl/8", clock.now)


@pytest.mark.parametrize("text", ["", "x" * 10_000, "a\0b", "\ud800", "\x1b[31m", "€" * 200])
def test_from_anywhere_by_anything(sign_in: SignIn, sessions: Sessions, text: str) -> None:
    fail(sign_in, 1, address=text)
    sign_in.sign_in("bob", GOOD, text, text)
    sign_in.sign_in("bob", GOOD, text, text)
    assert {session.address for session in sessions.list()} == {session.client[:64] for session in sessions.list()}


def test_what_lets_in_is_not_shown(sign_in: SignIn) -> None:
    done = sign_in.sign_in("bob", GOOD, HOME)
    assert done.access not in repr(done) and done.refresh not in repr(done)


@pytest.mark.parametrize(
    ("name", "password"),
    [("bob", BAD), ("bob", ""), ("bob", "x" * 1_000_000), ("bob", "\ud800" * 8), ("nobody", GOOD), ("no/body", GOOD), ("", ""),
     ("root", GOOD), ("x" * 1_000_000, GOOD), ("\ud800", GOOD), ("bob\0", GOOD)],
)  # fmt: skip
def test_one_answer_whatever_is_wrong(sign_in: SignIn, name: str, password: str) -> None:
    with pytest.raises(SignInRefused) as refused:
        sign_in.sign_in(name, password, HOME)
    assert (str(refused.value), refused.value.mend) == (str(SignInRefused()), SignInRefused.mend)


def test_the_database_is_asked_the_same_whether_there_is_such_an_account(database: Database, sign_in: SignIn) -> None:
    asked: list[str] = []
    event.listen(database._engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    said = []
    for name in ("bob", "nobody", "root"):
        asked.clear()
        fail(sign_in, 1, name, AWAY + name)
        said.append(list(asked))
    assert said[0] == said[1] == said[2] != []


def test_one_hash_is_made_whatever_is_wrong_and_of_the_same_cost(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, kept: str, password: str) -> bool:
        made.append(kept.rsplit("$", 2)[0])  # the parameters
        return verify(hasher, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    costs = []
    for number, name in enumerate(("bob", "nobody", "root", "no/body", "", "x" * 1000)):
        made.clear()
        fail(sign_in, 1, name, f"198.51.100.{number}")
        costs.append(list(made))
    assert costs == [["$argon2id$v=19$m=8,t=1,p=1"]] * len(costs)


def test_a_deleted_account_is_nobodys(sign_in: SignIn, accounts: Accounts) -> None:
    accounts.delete("bob")
    with pytest.raises(SignInRefused):
        sign_in.sign_in("bob", GOOD, HOME)


def test_a_ban_is_told_to_whoever_knows_the_password(sign_in: SignIn, accounts: Accounts, sessions: Sessions) -> None:
    accounts.ban("bob")
    with pytest.raises(SignInRefused):
        sign_in.sign_in("bob", BAD, HOME)
    with pytest.raises(AccountBanned):
        sign_in.sign_in("bob", GOOD, HOME)
    assert sessions.list() == []
    accounts.unban("bob")
    sign_in.sign_in("bob", GOOD, HOME)


def test_a_hash_of_other_parameters_is_made_again(database: Database, sign_in: SignIn, clock: SetClock) -> None:
    def kept() -> str | None:
        with database.reading() as session:
            return session.scalar(select(AccountRow.password).where(AccountRow.name == "bob"))

    first = kept()
    sign_in.sign_in("bob", GOOD, HOME)
    assert kept() == first
    SignIn(database, Passwords(iterations=2, memory=8), clock).sign_in("bob", GOOD, HOME)
    assert kept() != first and "t=2" in (kept() or "")
    sign_in.sign_in("bob", GOOD, HOME)


@pytest.mark.parametrize(
    "act", [lambda a: a.delete("bob"), lambda a: a.set_password("bob", "another horse"), lambda a: a.ban("bob")]
)
def test_what_happens_while_the_password_is_tried(
    sign_in: SignIn, accounts: Accounts, sessions: Sessions, monkeypatch: pytest.MonkeyPatch, act: Callable[[Accounts], object]
) -> None:
    looked = sign_in._candidate
    calls: list[int] = []

    def then(*words: str) -> object:
        calls.append(1)
        found = looked(*words)
        if len(calls) == 2:
            act(accounts)
        return found

    monkeypatch.setattr(sign_in, "_candidate", then)
    with pytest.raises((SignInRefused, AccountBanned)):
        sign_in.sign_in("bob", GOOD, HOME)
    assert sessions.list() == []


def fail(sign_in: SignIn, times: int, name: str = "bob", address: str = HOME) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            sign_in.sign_in(name, BAD, address)


@pytest.mark.parametrize("name", ["bob", "nobody"])
def test_each_failure_takes_longer(sign_in: SignIn, clock: SetClock, name: str) -> None:
    fail(sign_in, 5, name)
    waits = []
    for _ in range(9):
        with pytest.raises(TooManyAttempts) as refused:
            sign_in.sign_in(name, GOOD, HOME)  # with whatever password
        waits.append(refused.value.after)
        clock.go(seconds=refused.value.after - 0.5)
        with pytest.raises(TooManyAttempts):
            sign_in.sign_in(name, GOOD, HOME)
        clock.go(seconds=0.5)
        fail(sign_in, 1, name)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_who_waits_comes_in_and_all_is_forgotten(sign_in: SignIn, clock: SetClock) -> None:
    fail(sign_in, 5)
    clock.go(seconds=1)
    sign_in.sign_in("bob", GOOD, HOME)
    fail(sign_in, 5)


def test_who_waits_takes_no_turn_to_hash(sign_in: SignIn, passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(sign_in, 5)
    monkeypatch.setattr(Passwords, "turn", lambda self: pytest.fail("it takes a turn"))
    with pytest.raises(TooManyAttempts):
        sign_in.sign_in("bob", GOOD, HOME)


def test_refused_attempts_do_not_count(sign_in: SignIn, clock: SetClock) -> None:
    fail(sign_in, 5)
    for _ in range(50):
        with pytest.raises(TooManyAttempts):
            sign_in.sign_in("bob", BAD, HOME)
    clock.go(seconds=1)
    sign_in.sign_in("bob", GOOD, HOME)


def test_failures_are_forgotten_after_an_hour(sign_in: SignIn, clock: SetClock) -> None:
    fail(sign_in, 5)
    clock.go(hours=1)
    fail(sign_in, 5)


@pytest.mark.parametrize("home", [HOME, "x" * 100], ids=["short", "long"])
def test_a_stranger_does_not_keep_out_who_was_here(sign_in: SignIn, home: str) -> None:
    sign_in.sign_in("bob", GOOD, home)
    fail(sign_in, 5, address=AWAY)
    with pytest.raises(TooManyAttempts):
        sign_in.sign_in("bob", GOOD, AWAY)
    sign_in.sign_in("bob", GOOD, home)


def test_a_stranger_keeps_nobody_out_who_never_was_anywhere(sign_in: SignIn, clock: SetClock) -> None:
    for _ in range(70):
        with pytest.raises((SignInRefused, TooManyAttempts)):
            sign_in.sign_in("bob", BAD, AWAY)
        clock.go(seconds=60)
    with pytest.raises(TooManyAttempts):
        fail(sign_in, 6, address=AWAY)
    sign_in.sign_in("bob", GOOD, HOME)


def test_once_attacked_from_many_all_failures_count_for_the_account(sign_in: SignIn, clock: SetClock) -> None:
    for number in range(10):
        fail(sign_in, 5, "bob", f"198.51.100.{number}")
    for waits in (1, 2, 4):
        with pytest.raises(TooManyAttempts) as refused:
            sign_in.sign_in("bob", GOOD, HOME)
        assert refused.value.after == waits
        clock.go(seconds=waits)
        fail(sign_in, 1, "bob", "198.51.100.1")  # which has failed more often than is free there


@pytest.mark.parametrize("name", ["bob", "nobody"])
def test_who_tries_from_everywhere_waits_everywhere(sign_in: SignIn, name: str) -> None:
    sign_in.sign_in("bob", GOOD, HOME)
    for number in range(50):
        fail(sign_in, 1, name, f"198.51.100.{number}")
    with pytest.raises(TooManyAttempts):
        sign_in.sign_in(name, GOOD, AWAY)
    sign_in.sign_in("bob", GOOD, HOME)  # he has a session there
    with pytest.raises(TooManyAttempts):
        sign_in.sign_in(name, GOOD, AWAY)  # which does not help anybody else


def test_where_somebody_was_failures_count_too(sign_in: SignIn) -> None:
    sign_in.sign_in("bob", GOOD, HOME)
    fail(sign_in, 5)
    with pytest.raises(TooManyAttempts):
        sign_in.sign_in("bob", GOOD, HOME)


def test_an_address_that_tries_many_names_waits(sign_in: SignIn, clock: SetClock) -> None:
    for number in range(50):
        fail(sign_in, 1, f"name{number}")
    with pytest.raises(TooManyAttempts):
        sign_in.sign_in("bob", GOOD, HOME)
    sign_in.sign_in("bob", GOOD, AWAY)
    clock.go(seconds=1)
    sign_in.sign_in("bob", GOOD, HOME)
    clock.go(seconds=1)
    fail(sign_in, 1, "nobody")  # its own account does not clear what its address did
    with pytest.raises(TooManyAttempts) as refused:
        sign_in.sign_in("bob", GOOD, HOME)
    assert refused.value.after == 2


def test_a_clock_that_goes_back_locks_nobody_out(sign_in: SignIn, clock: SetClock) -> None:
    fail(sign_in, 5)
    clock.go(days=-1)
    sign_in.sign_in("bob", GOOD, HOME)


def test_other_servers_know_of_failures(sign_in: SignIn, url: str, passwords: Passwords, clock: SetClock) -> None:
    fail(sign_in, 5)
    other = Database.open(url)
    with pytest.raises(TooManyAttempts):
        SignIn(other, passwords, clock).sign_in("bob", GOOD, HOME)
    other.close()


def test_what_is_remembered_of_failures_is_bounded(sign_in: SignIn, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "ROWS_MAX", 20)
    fail(sign_in, 4)
    for number in range(30):
        fail(sign_in, 1, f"name{number}", f"198.51.100.{number}")
    with database.reading() as session:
        assert (session.scalar(select(func.count()).select_from(FailureRow)) or 0) <= 20
        assert session.get_one(FailureRow, "account bob").count == 4  # what failed least went first


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("x" * 500, "x" * 28),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


@given(st.integers(0, 10_000), st.integers(0, 100), st.floats(1, 1000))
def test_a_delay_grows_and_is_bounded(failures: int, free: int, longest: float) -> None:
    limit = Limit(free, longest)
    assert 0 <= limit.delay(failures) <= limit.delay(failures + 1) <= longest
    assert (limit.delay(failures) == 0) == (failures < free)


def test_other_limits(database: Database, passwords: Passwords, clock: SetClock) -> None:
    strict = SignIn(database, passwords, clock, Limits(account=Limit(free=1, longest=9)))
    fail(strict, 1)
    with pytest.raises(TooManyAttempts):
        strict.sign_in("bob", GOOD, HOME)


def test_failures_go_only_where_there_are_more_than_the_most(
    sign_in: SignIn, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows() -> int:
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(FailureRow)) or 0

    monkeypatch.setattr(throttle, "ROWS_MAX", 30)
    for number in range(10):  # three rows each
        fail(sign_in, 1, f"name{number}", f"198.51.100.{number}")
    assert rows() == 30
    fail(sign_in, 1, "name0", "198.51.100.99")  # one more, and room for some to come
    assert rows() == 27
