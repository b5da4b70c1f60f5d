"""A session goes on by refresh tokens, each good for one use, and ends for all servers when it is ended."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import func, select

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.database.tables import RefreshRow, SigningKeyRow
from homeostat.accounts.errors import NoSuchAccount, NoSuchSession, NotSignedIn
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in import sessions as module
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sessions import Sessions, SignedIn
from homeostat.accounts.signing_in.sign_in import SignIn
from tests.accounts.clock import SetClock

GOOD, HOME = "correct horse", "192.0.2.1"


@pytest.fixture
def bob(accounts: Accounts, sign_in: SignIn) -> SignedIn:
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob", Role.USER, GOOD)
    return sign_in.sign_in("bob", GOOD, HOME)


def test_it_goes_on(sessions: Sessions, recognition: Recognition, clock: SetClock, bob: SignedIn) -> None:
    clock.go(minutes=14)
    second = sessions.refresh(bob.refresh)
    clock.go(minutes=14)
    third = sessions.refresh(second.refresh)
    assert bob.session == second.session == third.session
    assert len({bob.refresh, second.refresh, third.refresh}) == 3
    assert recognition.who(third.access).actor.name == "bob"
    assert third.refresh_expires == clock.now + timedelta(days=14)
    assert sessions.list("bob")[0].refreshed == clock.now
    with pytest.raises(NotSignedIn):
        recognition.who(bob.access)


def test_tokens_of_one_second_differ(sessions: Sessions, bob: SignedIn) -> None:
    assert sessions.refresh(bob.refresh).access != bob.access


@pytest.mark.parametrize("seconds", [0, 15, -1, -15])
def test_used_again_at_once_it_is_refused_and_nothing_ends(
    sessions: Sessions, recognition: Recognition, clock: SetClock, bob: SignedIn, seconds: int
) -> None:
    second = sessions.refresh(bob.refresh)
    clock.go(seconds=seconds)
    with pytest.raises(NotSignedIn, match="used before"):
        sessions.refresh(bob.refresh)
    assert recognition.who(sessions.refresh(second.refresh).access).actor.name == "bob"


@pytest.mark.parametrize("seconds", [16, 86_400, -16])
def test_used_again_later_it_ends_the_family(
    sessions: Sessions, recognition: Recognition, clock: SetClock, bob: SignedIn, seconds: int
) -> None:
    second = sessions.refresh(sessions.refresh(bob.refresh).refresh)
    clock.go(seconds=seconds)
    with pytest.raises(NotSignedIn):
        sessions.refresh(bob.refresh)
    for ended in (lambda: sessions.refresh(second.refresh), lambda: recognition.who(second.access)):
        with pytest.raises(NotSignedIn):
            ended()
    assert sessions.list() == []


def test_of_many_at_once_one_goes_on(url: str, sessions: Sessions, clock: SetClock, bob: SignedIn) -> None:
    def refresh(_: int) -> SignedIn | None:
        database = Database.open(url)
        try:
            return Sessions(database, clock).refresh(bob.refresh)
        except NotSignedIn:
            return None
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        [won] = [done for done in pool.map(refresh, range(8)) if done is not None]
    assert sessions.refresh(won.refresh).session == bob.session


@pytest.mark.parametrize(
    "token", ["", "hsr_", "hsr_x", "hst_" + "x" * 43, "x" * 1_000_000, "hsr_" + "x" * 1_000_000, "hsr_\ud800"]
)
def test_what_is_no_refresh_token(sessions: Sessions, bob: SignedIn, token: str) -> None:
    with pytest.raises(NotSignedIn):
        sessions.refresh(token)


def test_an_access_token_is_no_refresh_token_and_the_other_way(
    sessions: Sessions, recognition: Recognition, bob: SignedIn
) -> None:
    with pytest.raises(NotSignedIn):
        sessions.refresh(bob.access)
    with pytest.raises(NotSignedIn):
        recognition.who(bob.refresh)


def test_without_a_refresh_it_ends_after_a_while(sessions: Sessions, clock: SetClock, bob: SignedIn) -> None:
    clock.go(days=14)
    with pytest.raises(NotSignedIn):
        sessions.refresh(bob.refresh)
    assert sessions.list() == []


def test_however_often_it_is_refreshed_it_ends(
    sessions: Sessions, recognition: Recognition, clock: SetClock, bob: SignedIn
) -> None:
    last = bob
    for _ in range(9):
        clock.go(days=10, seconds=-66)
        last = sessions.refresh(last.refresh)
    assert last.refresh_expires == last.expires == clock.now + timedelta(seconds=66 * 9)
    clock.go(seconds=66 * 9)
    with pytest.raises(NotSignedIn):
        sessions.refresh(last.refresh)
    with pytest.raises(NotSignedIn):
        recognition.who(last.access)


ENDS: dict[str, Callable[[Accounts, Sessions, SignedIn], object]] = {
    "sign out": lambda accounts, sessions, bob: sessions.end(bob.session),
    "sign out by its owner": lambda accounts, sessions, bob: sessions.end(bob.session, "bob"),
    "everywhere": lambda accounts, sessions, bob: sessions.end_all("bob"),
    "ban": lambda accounts, sessions, bob: accounts.ban("bob"),
    "password": lambda accounts, sessions, bob: accounts.set_password("bob", "another horse"),
    "delete": lambda accounts, sessions, bob: accounts.delete("bob"),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_it_ends_it_within_half_a_second(
    accounts: Accounts, sessions: Sessions, recognition: Recognition, clock: SetClock, bob: SignedIn, end: str
) -> None:
    assert recognition.who(bob.access).actor.name == "bob"
    ENDS[end](accounts, sessions, bob)
    clock.go(seconds=0.5)
    assert recognition.remembered(bob.access) is None
    with pytest.raises(NotSignedIn):
        recognition.who(bob.access)
    with pytest.raises(NotSignedIn):
        sessions.refresh(bob.refresh)
    assert sessions.list() == []


@pytest.mark.parametrize("keep", ["end_all", "set_password"])
def test_the_one_that_asks_may_stay(
    accounts: Accounts, sessions: Sessions, sign_in: SignIn, recognition: Recognition, bob: SignedIn, keep: str
) -> None:
    other = sign_in.sign_in("bob", GOOD, HOME)
    if keep == "end_all":
        sessions.end_all("bob", keep=bob.session)
    else:
        accounts.set_password("bob", "another horse", keep=bob.session)
    assert recognition.who(bob.access).actor.session == bob.session
    with pytest.raises(NotSignedIn):
        recognition.who(other.access)


def test_nobody_ends_what_is_anothers_or_not_there(accounts: Accounts, sessions: Sessions, bob: SignedIn) -> None:
    with pytest.raises(NoSuchSession):
        sessions.end(bob.session, "root")
    with pytest.raises(NoSuchSession):
        sessions.end("nonsense")
    with pytest.raises(NoSuchAccount):
        sessions.end_all("nobody")
    assert len(sessions.list("bob")) == 1 and sessions.list("root") == []


def test_old_ones_give_way(
    sessions: Sessions, sign_in: SignIn, clock: SetClock, bob: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PER_ACCOUNT", 3)
    for before in range(1, 6):
        clock.go(seconds=1)
        sign_in.sign_in("bob", GOOD, HOME)
        ages = [(clock.now - session.made).total_seconds() for session in sessions.list("bob")]
        assert ages == list(range(min(before + 1, 3)))


def test_what_has_ended_leaves_nothing(
    database: Database, sessions: Sessions, sign_in: SignIn, clock: SetClock, bob: SignedIn
) -> None:
    sessions.refresh(bob.refresh)
    clock.go(days=15)
    sign_in.sign_in("bob", GOOD, HOME)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RefreshRow)) == 1


@pytest.mark.parametrize(("minutes", "kept"), [(60, 2), (61, 1)])
def test_a_key_goes_once_nothing_that_it_signed_can_hold(
    database: Database, sign_in: SignIn, clock: SetClock, bob: SignedIn, minutes: int, kept: int
) -> None:
    clock.go(days=30 + 14, minutes=minutes)
    sign_in.sign_in("bob", GOOD, HOME)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SigningKeyRow)) == kept


def test_keys_rotate_and_what_they_signed_holds(
    database: Database, sessions: Sessions, recognition: Recognition, sign_in: SignIn, clock: SetClock, bob: SignedIn
) -> None:
    def keys() -> int:
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(SigningKeyRow)) or 0

    last = bob
    for _ in range(2):
        clock.go(days=10)
        last = sessions.refresh(last.refresh)
    assert keys() == 1
    clock.go(days=9, hours=23, minutes=50)
    old = sessions.refresh(last.refresh)
    clock.go(minutes=10)
    new = sessions.refresh(old.refresh)
    assert keys() == 2
    assert recognition.who(old.access).actor.session == recognition.who(new.access).actor.session
    clock.go(days=14, seconds=-1)
    new = sessions.refresh(new.refresh)
    clock.go(days=14, seconds=-1)
    new = sessions.refresh(new.refresh)
    clock.go(days=13)
    new = sessions.refresh(new.refresh)
    clock.go(days=12)
    sessions.refresh(new.refresh)
    assert keys() == 2  # what the first one signed has expired


def test_a_refresh_token_tells_who_has_it_and_is_not_used_up(sessions: Sessions, recognition: Recognition, bob: SignedIn) -> None:
    assert recognition.by_refresh(bob.refresh).session == bob.session
    again = sessions.access(bob.refresh)
    assert (again.refresh, again.session) == (bob.refresh, bob.session)
    assert recognition.who(again.access).actor.name == "bob"
    assert sessions.refresh(bob.refresh).session == bob.session


@pytest.mark.parametrize("why", ["used", "ended", "banned", "expired", "no refresh token", "unknown"])
def test_a_refresh_token_that_is_no_good_tells_nobody(
    sessions: Sessions, recognition: Recognition, accounts: Accounts, clock: SetClock, bob: SignedIn, why: str
) -> None:
    shown = {"no refresh token": bob.access, "unknown": bob.refresh + "x"}.get(why, bob.refresh)
    match why:
        case "used":
            sessions.refresh(bob.refresh)
        case "ended":
            sessions.end(bob.session)
        case "banned":
            accounts.ban("bob")
        case "expired":
            clock.go(days=15)
    with pytest.raises(NotSignedIn):
        recognition.by_refresh(shown)
    with pytest.raises(NotSignedIn):
        sessions.access(shown)


def test_an_access_token_tells_what_its_reader_wants(sessions: Sessions, sign_in: SignIn, bob: SignedIn) -> None:
    def told(role: Role) -> dict[str, object]:
        return {"role": f"the {role}", "exp": 7}

    mine = sign_in.sign_in("bob", GOOD, HOME, told=told)
    for one in (mine, sessions.access(mine.refresh, told), sessions.refresh(mine.refresh, told)):
        claims = jwt.decode(one.access, options={"verify_signature": False})
        assert claims["role"] == "the user" and claims["exp"] == int(one.expires.timestamp())
    assert "role" not in jwt.decode(bob.access, options={"verify_signature": False})


def test_a_lasting_one_needs_no_refresh_and_ends_by_itself(
    sessions: Sessions, recognition: Recognition, sign_in: SignIn, clock: SetClock, bob: SignedIn
) -> None:
    clock.go(days=29, hours=23)  # the key that signs it is about to rotate
    lasts = sign_in.sign_in("bob", GOOD, HOME, lasting=timedelta(days=90))
    clock.go(days=13)
    sign_in.sign_in("bob", GOOD, HOME)
    clock.go(hours=23)
    assert recognition.who(lasts.access).actor.session == lasts.session
    assert (lasts.refresh, lasts.expires) == ("", lasts.refresh_expires)
    with pytest.raises(NotSignedIn):
        sessions.refresh(lasts.refresh)
    clock.go(hours=1)
    with pytest.raises(NotSignedIn):
        recognition.who(lasts.access)
    assert lasts.session not in {row.id for row in sessions.list("bob")}


@pytest.mark.parametrize("ends", ["signs out", "is banned", "changes his password"])
def test_a_lasting_one_ends_when_its_owner(
    ends: str, accounts: Accounts, sessions: Sessions, recognition: Recognition, sign_in: SignIn, clock: SetClock, bob: SignedIn
) -> None:
    lasts = sign_in.sign_in("bob", GOOD, HOME, lasting=timedelta(hours=8))
    clock.go(hours=7)
    assert recognition.who(lasts.access).actor.name == "bob"
    if ends == "signs out":
        sessions.end(lasts.session)
    elif ends == "is banned":
        accounts.ban("bob")
    else:
        accounts.set_password("bob", "battery staple")
    clock.go(seconds=1)
    with pytest.raises(NotSignedIn):
        recognition.who(lasts.access)
