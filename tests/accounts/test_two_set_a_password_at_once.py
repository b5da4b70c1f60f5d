"""Of two sessions that set the password of their account at once one does: it ends the other, which sets none any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.administration import Administration
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import NotSignedIn
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Role, anywhere
from homeostat.accounts.signing_in.passwords import Passwords
from tests.accounts.clock import SetClock

GOOD, OTHER, THIRD = "correct horse", "battery staple", "purple monkey"
Sets = Callable[[Administration, str], object]
WAYS: dict[str, Sets] = {
    "who shows the present one": lambda by, password: by.set_password("bob", password, GOOD),
    "who shows none": lambda by, password: by.set_own_password(password, None),
}


@pytest.mark.parametrize("sets", WAYS.values(), ids=WAYS)
def test_the_one_that_has_ended_meanwhile_sets_none(
    database: Database, passwords: Passwords, clock: SetClock, sets: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    reception = Reception(database, passwords, clock)
    reception.accounts.add("root", Role.ADMINISTRATOR)
    reception.accounts.add("bob", Role.USER, GOOD)
    first, second = (reception.sign_in.sign_in("bob", GOOD, "192.0.2.1").session for _ in range(2))

    def by(session: str) -> Administration:
        return Administration(reception, Actor("session", name="bob", rights=anywhere(Role.USER), session=session))

    hashes = Passwords.hash

    def hash(self: Passwords, password: str) -> str:
        """Hashes for as long as the other one takes for all."""
        monkeypatch.setattr(Passwords, "hash", hashes)
        sets(by(second), OTHER)
        return hashes(self, password)

    monkeypatch.setattr(Passwords, "hash", hash)
    with pytest.raises(NotSignedIn):
        sets(by(first), THIRD)
    assert [one.id for one in reception.sessions.list("bob")] == [second]
    assert reception.sign_in.sign_in("bob", OTHER, "192.0.2.1").name == "bob"
