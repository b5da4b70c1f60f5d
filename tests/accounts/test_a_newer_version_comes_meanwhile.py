"""A newer Homeostat may change the tables while a server of this version runs: that one writes nothing any more, and says so."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import ON_HOST, Act, Audit
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import DatabaseNewer
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.recognition import Recognition
from tests.accounts.clock import SetClock


@pytest.fixture
def newer(url: str, accounts: Accounts) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    other = Database.open(url)
    with other.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num='9999'"))
    other.close()


def test_nothing_is_written(database: Database, accounts: Accounts, newer: None) -> None:
    with pytest.raises(DatabaseNewer, match=r"version 9999 meanwhile; this Homeostat knows") as refused:
        accounts.add("bob")
    assert "restart this server with the newer Homeostat" in refused.value.mend
    with pytest.raises(DatabaseNewer):
        Audit(database).note(ON_HOST, Act("stop", "VirtualMachine"))
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 1
        assert session.execute(text("SELECT count(*) FROM audit")).scalar_one() == 1


def test_nobody_is_recognised_any_more(recognition: Recognition, clock: SetClock, newer: None) -> None:
    clock.go(seconds=1)
    with pytest.raises(DatabaseNewer):
        recognition.generation()
    with pytest.raises(DatabaseNewer):
        recognition.who("hst_nobody")
