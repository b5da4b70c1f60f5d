"""What a transaction decides by stays as it was read until it is carried out: on a server its rows are locked, in an order that
lets nobody wait for each other. SQLite has one writer at a time, so that no other test notices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import Act, By
from homeostat.accounts.audit.deeds import Deeds
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import SignInRefused
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.sessions import Sessions
from homeostat.accounts.signing_in.sign_in import SignIn

GOOD, HOME = "correct horse", "192.0.2.1"
Locked = list[tuple[str, bool]]  # table, and whether others may read it so at the same time


@pytest.fixture
def locked() -> Iterator[Locked]:
    found: Locked = []

    def note(state: ORMExecuteState) -> None:
        lock = getattr(state.statement, "_for_update_arg", None)
        if lock is not None and state.bind_mapper is not None:
            found.append((state.bind_mapper.local_table.name, lock.read))

    event.listen(Session, "do_orm_execute", note)
    yield found
    event.remove(Session, "do_orm_execute", note)


def test_who_refreshes_locks_the_account_then_the_session(
    accounts: Accounts, sign_in: SignIn, sessions: Sessions, locked: Locked
) -> None:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    bob = sign_in.sign_in("root", GOOD, HOME)
    locked.clear()
    sessions.refresh(bob.refresh)
    assert locked == [("accounts", True), ("sessions", False)]


def test_who_signs_in_locks_the_account(accounts: Accounts, sign_in: SignIn, locked: Locked) -> None:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    sign_in.sign_in("root", GOOD, HOME)
    assert locked == [("accounts", False)]


def test_who_is_refused_locks_what_counts_his_failures(accounts: Accounts, sign_in: SignIn, locked: Locked) -> None:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    with pytest.raises(SignInRefused):
        sign_in.sign_in("root", "wrong horse", HOME)
    assert locked == [("sign_in_failures", False)] * 3


def test_what_begins_locks_the_account_of_whoever_asks(accounts: Accounts, database: Database, locked: Locked) -> None:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    Deeds(database).begin(By("session", "root"), Act("create", "Disk", "data"), 1)
    assert locked == [("accounts", True)]
