"""Whoever is killed in the middle of a change leaves the state before it, and hinders nobody."""

from __future__ import annotations

import subprocess
import sys

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords

DIES = """
import os, signal, sys
from homeostat.accounts.accounts import Accounts, row_of
from homeostat.accounts.database.database import Database
with Database.open(sys.argv[1]).changing() as session:
    row_of(session, "root").name = "mallory"
    session.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_all_is_as_before(url: str, database: Database, accounts: Accounts, passwords: Passwords) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    generation = database.generation()
    assert subprocess.run([sys.executable, "-c", DIES, url], check=False).returncode == -9
    assert [account.name for account in accounts.list()] == ["root"]
    assert database.generation() == generation
    accounts.add("bob")
    again = Database.open(url)
    assert [account.name for account in Accounts(again, passwords).list()] == ["bob", "root"]
    again.close()
