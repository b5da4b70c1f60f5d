"""All that a server needs of accounts, on one database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .accounts import Accounts
from .audit.audit import Audit
from .audit.deeds import Deeds
from .audit.edits import Edits
from .charges.charges import Charges
from .charges.quotas import Quotas
from .clock import Clock, wall_clock
from .consoles import Consoles
from .database.database import Database
from .errors import TooManyAtOnce
from .grants import Grants
from .numbers import Numbers
from .settings import KeptSettings
from .signing_in.api_tokens import ApiTokens
from .signing_in.door_secrets import DoorSecrets
from .signing_in.oidc.settings import OidcSettings
from .signing_in.oidc.sign_in import OidcSignIn
from .signing_in.passwords import Passwords
from .signing_in.recognition import Recognition
from .signing_in.registration import Registration
from .signing_in.sessions import Sessions
from .signing_in.sign_in import SignIn
from .signing_in.throttle import Limits

T = TypeVar("T")

WAITING_MAX = 100  # that wait for a turn to hash; more would wait for longer than anybody does


class Reception:
    """Its parts share one database, and are called in threads: each may wait for the disk. What hashes is called by ``hashing``,
    so that it takes no thread away from others."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords | None = None,
        clock: Clock = wall_clock,
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits
        self._waiting = 0
        passwords = passwords or Passwords()
        self._threads = ThreadPoolExecutor(passwords.at_once, "hashing")
        self.accounts = Accounts(database, passwords, clock)
        self.sign_in = SignIn(database, passwords, clock, limits)
        self.registration = Registration(database, passwords, clock, limits)
        self.sessions = Sessions(database, clock)
        self.tokens = ApiTokens(database, clock)
        self.audit = Audit(database, clock)
        self.deeds = Deeds(database, clock)
        self.edits = Edits(database, clock)
        self.grants = Grants(database, clock)
        self.quotas = Quotas(database, clock)
        self.charges = Charges(database, clock)
        self.consoles = Consoles(database, clock)
        self.numbers = Numbers(database)
        self.settings = KeptSettings(database, clock)
        self.door_secrets = DoorSecrets(database, passwords, clock, limits)
        self.recognition = Recognition(database, clock)

    @classmethod
    def open(cls, url: str) -> Reception:
        """Opens the database, makes it where there is none, and brings it to this version.

        Raises:
            DatabaseTrouble: it does not work.
        """
        return cls(Database.open(url))

    def by_provider(self, settings: OidcSettings) -> OidcSignIn:
        """Returns the door of those whom a provider knows."""
        return OidcSignIn(self._database, settings, self._clock, self._limits)

    async def hashing(self, work: Callable[[], T]) -> T:
        """Does what hashes a password: signs in, adds an account, sets a password.

        Raises:
            TooManyAtOnce: too many wait already.
        """
        if self._waiting >= WAITING_MAX:
            raise TooManyAtOnce()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._database.close()
