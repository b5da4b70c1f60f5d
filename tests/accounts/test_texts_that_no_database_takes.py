"""Texts with NUL or half surrogates, which not every database takes, find nothing and are no trouble."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import Search
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import NoSuchGrant, NoSuchSession, NoSuchToken, NotAGrant, NotSignedIn
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.accounts.signing_in.passwords import Passwords
from tests.accounts.clock import SetClock

SEE = frozenset({Right.SEE})


@pytest.fixture
def reception(database: Database, accounts: Accounts, passwords: Passwords, clock: SetClock) -> Reception:
    accounts.add("root", Role.ADMINISTRATOR, "correct horse")
    return Reception(database, passwords, clock)


REFUSED: dict[str, tuple[Callable[[Reception, str], object], type[Exception]]] = {
    "session": (lambda r, text: r.sessions.end(text), NoSuchSession),
    "refresh": (lambda r, text: r.sessions.refresh(f"hsr_{text}"), NotSignedIn),
    "token": (lambda r, text: r.recognition.who(f"hst_{text}"), NotSignedIn),
    "revoke": (lambda r, text: r.tokens.revoke("root", text), NoSuchToken),
    "take": (lambda r, text: r.grants.take(text), NoSuchGrant),
    "kind": (lambda r, text: r.grants.give("root", Grant(SEE, "default", text)), NotAGrant),
    "kind and name": (lambda r, text: r.grants.give("root", Grant(SEE, "default", text, "web")), NotAGrant),
}


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\udfffb", "x" * 5000], ids=["nul", "high", "low", "long"])
@pytest.mark.parametrize("what", REFUSED)
def test_it_is_not_there(reception: Reception, what: str, text: str) -> None:
    call, error = REFUSED[what]
    with pytest.raises(error):
        call(reception, text)


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\udfffb"], ids=["nul", "high", "low"])
def test_nothing_is_found_by_it(reception: Reception, text: str) -> None:
    for search in (Search(account=text), Search(kind=text), Search(namespace=text), Search(name=text), Search(verb=text)):
        assert reception.audit.search(search, limit=5) == list(reception.audit.after(0, search)) == []
    reception.sign_in.sign_in("root", "correct horse", "192.0.2.1", f"a{text}b")
