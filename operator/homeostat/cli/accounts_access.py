"""The accounts database, for commands on its host. Whoever may write the state folder needs no account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import CliError
from .host_user import host_user
from .settings import CliSettings

if TYPE_CHECKING:
    from homeostat.accounts.accounts import Accounts
    from homeostat.accounts.audit.audit import By
    from homeostat.accounts.database.database import Database


def accounts_url(settings: CliSettings) -> str:
    """Returns the URL of the configured database, or of the one in the state folder."""
    from homeostat.accounts.database.database import sqlite_url
    from homeostat.store.files.state import StateFolder

    configured = settings.configuration.accounts.database if settings.configuration is not None else None
    return configured or sqlite_url(StateFolder.named(settings.state).accounts)


@contextmanager
def accounts_database(settings: CliSettings, *, create: bool = False) -> Iterator[Database | None]:
    """Opens the database. None: there is none, and it is not to be made.

    Raises:
        DatabaseTrouble: it does not work.
        ReadOnly: the state folder cannot be made.
    """
    from homeostat.accounts.database.database import Database
    from homeostat.store.files.state import StateFolder

    url = accounts_url(settings)
    if not Database.exists(url):
        if not create:
            yield None
            return
        StateFolder.open(settings.state)
    opened = Database.open(url)
    try:
        yield opened
    finally:
        opened.close()


NO_ACCOUNTS = CliError("there are no accounts yet", "`homeostat user add NAME --role administrator` makes the first one")


@contextmanager
def existing_accounts(settings: CliSettings) -> Iterator[Database]:
    """Opens the database, which has to be there.

    Raises:
        CliError: there are no accounts.
        DatabaseTrouble: it does not work.
    """
    with accounts_database(settings) as database:
        if database is None:
            raise NO_ACCOUNTS
        yield database


def by_host() -> By:
    """Returns who calls the command, for the audit: a user of the host."""
    from homeostat.accounts.audit.audit import By

    return By("host", address=f"user {host_user()}")


def accounts_in(database: Database) -> Accounts:
    """Returns the accounts of a database."""
    from homeostat.accounts.accounts import Accounts
    from homeostat.accounts.signing_in.passwords import Passwords

    return Accounts(database, Passwords())
