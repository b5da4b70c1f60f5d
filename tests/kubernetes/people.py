"""Accounts that all API servers of a cluster share, in a PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from tests.api.people import PASSWORD
from tests.rig.postgres import Postgres


@contextmanager
def shared_accounts(**people: Role) -> Iterator[str]:
    """Makes them, and yields the URL of their database. The first one is an administrator, root."""
    server = Postgres()
    try:
        server.run("CREATE DATABASE accounts")
        database = Database.open(server.url("accounts"))
        known = Accounts(database, Passwords(iterations=1, memory=8))
        for name, role in {"root": Role.ADMINISTRATOR, **people}.items():
            known.add(name, role, PASSWORD)
        database.close()
        yield server.url("accounts")
    finally:
        server.close()
