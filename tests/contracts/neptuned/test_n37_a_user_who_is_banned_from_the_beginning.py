"""N37: a user who is made as one who is banned is banned from his first moment on, whatever goes wrong in the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from homeostat.store.files.state import StateFolder
from tests.contracts.neptuned.neptune import PASSWORD, Neptune

NO_LATER_BAN = "CREATE TRIGGER no_later_ban BEFORE UPDATE OF banned ON accounts BEGIN SELECT RAISE(ABORT, 'too late'); END"


@pytest.fixture
def late(neptune: Neptune) -> Iterator[Neptune]:
    """Who is there already is banned no more."""
    with closing(sqlite3.connect(StateFolder.open(neptune.state).accounts, timeout=20)) as database:
        database.execute(NO_LATER_BAN)
        yield neptune
        database.execute("DROP TRIGGER no_later_ban")


def test_n37_he_is_never_let_in(late: Neptune) -> None:
    body = {"username": "n37-late", "password": PASSWORD, "user_type": "user", "banned": True, "ban_reason": "spam"}
    late.ask("POST", "admin/users/create", body)
    found = [one for one in late.done("GET", "admin/users") if one["username"] == "n37-late"]
    assert [(one["banned"], one.get("ban_reason")) for one in found] == [(True, "spam")]
