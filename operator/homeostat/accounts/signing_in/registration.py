"""Accounts that people make for themselves, where a contract lets them: users, each with a password. One that has to wait is
banned until an administrator lets it in, and that is its reason."""

from __future__ import annotations

from ..accounts import Account, Accounts
from ..audit.audit import By
from ..clock import Clock, wall_clock
from ..database.database import Database
from ..errors import TooManyRegistered
from . import throttle
from .passwords import Passwords
from .throttle import Attempt, Limits

WAITS = "it is pending: an administrator has to approve it first"
"""Why an account is banned that has to wait."""


class Registration:
    """How often it is done from one address counts as failures to sign in do, apart from these."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock = wall_clock, limits: Limits | None = None) -> None:
        self._database = database
        self._accounts = Accounts(database, passwords, clock)
        self._clock = clock
        self._limits = limits or Limits()

    def register(self, name: str, password: str, address: str, waits: bool = False) -> Account:
        """Makes the account of whoever asks. It hashes. ``waits``: he may not come in yet.

        Raises:
            NotAName, BadPassword, AccountExists: it cannot be.
            LastAdministrator: there is nobody yet who administers.
            TooManyRegistered: too many were made from that address.
        """
        attempt = Attempt(None, f"new {throttle.network_of(address)}")
        with self._database.writing() as session:
            if wait := throttle.remaining(session, attempt, self._limits, self._clock()):
                raise TooManyRegistered(wait)
            throttle.failed(session, attempt, self._limits, self._clock())
        return self._accounts.add(name, password=password, banned=WAITS if waits else None, by=By("unknown", address=address))
