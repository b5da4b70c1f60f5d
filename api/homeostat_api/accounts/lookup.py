"""The accounts database as a server finds it: opened once there are accounts, which may be while the server runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from homeostat.accounts.actor import Actor
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import DatabaseAway, DatabaseTrouble, NoAccounts
from homeostat.accounts.reception import Reception
from homeostat.accounts.signing_in.recognition import Recognised

T = TypeVar("T")

log = logging.getLogger("homeostat.api")

THREADS = 8  # of their own: whoever waits for a database that does not answer keeps nobody else waiting
PATIENCE = 15.0  # seconds; longer than a writer waits for another one (BUSY_TIMEOUT)
LOOK = 0.5  # seconds between two looks whether there are accounts by now


class AccountsLookup:
    """``url``: of the database. ``required``: nobody is let in without signing in, also while there are no accounts."""

    def __init__(self, url: str, required: bool = False, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._required = required
        self._monotonic = monotonic
        self._opening = asyncio.Lock()
        self._opened: Reception | None = None
        self._some = False  # there are accounts; that there were none again does not happen
        self._looked = float("-inf")
        self._trouble: DatabaseTrouble | None = None  # at the last look
        self._threads = ThreadPoolExecutor(THREADS, "accounts")

    @property
    def shared(self) -> bool:
        """Tells whether other API servers may know the same accounts: a file is this server's alone."""
        return Database.file(self._url) is None

    async def required(self) -> bool:
        """Tells whether whoever asks must have an account: because the server says so, or because there is one.

        Raises:
            DatabaseTrouble: the database does not work, so that nobody knows.
        """
        return self._required or await self.there_are_some()

    async def there_are_some(self) -> bool:
        """Tells whether there is an account.

        Raises:
            DatabaseTrouble: the database does not work.
        """
        if not self._some and not self._has_just_looked():
            async with self._opening:
                if not self._has_just_looked():  # nobody else has meanwhile
                    await self._look()
        if self._trouble is not None:
            raise self._trouble
        return self._some

    async def check(self) -> None:
        """Asks the database of the accounts, where there are some.

        Raises:
            DatabaseTrouble: it does not work, so that nobody is let in.
        """
        if await self.there_are_some() and self._opened is not None:
            await self.run(self._opened.recognition.has_accounts)

    async def reception(self) -> Reception:
        """Returns the accounts.

        Raises:
            NoAccounts: there are none.
            DatabaseTrouble: the database does not work.
        """
        if not await self.there_are_some() or self._opened is None:
            raise NoAccounts()
        return self._opened

    async def _fresh_reception(self) -> Reception:
        """Returns the accounts to somebody who shows what only an account has. Where there were none at the last look, another
        process may have let him in since: the next look is now.

        Raises:
            NoAccounts: there are none.
            DatabaseTrouble: the database does not work.
        """
        if not self._some and self._trouble is None:
            async with self._opening:  # not while somebody looks: he may have begun before that
                self._look_again()
        return await self.reception()

    async def opened(self) -> Reception:
        """Returns the accounts, also while there are none. Makes the database where there is none. Whoever asks may make the
        first one, so that the next question is asked of the database again.

        Raises:
            DatabaseTrouble: the database does not work.
        """
        async with self._opening:
            self._look_again()
            return await self.run(self._open, None)  # it may have to bring the tables up to date

    async def who(self, shown: str) -> Recognised:
        """Returns who shows that token.

        Raises:
            NotSignedIn: it lets nobody in.
            NoAccounts: there are none.
            DatabaseTrouble: the database does not work.
        """
        recognition = (await self._fresh_reception()).recognition
        found = recognition.remembered(shown)
        return found if found is not None else await self.run(lambda: recognition.who(shown))

    async def by_refresh(self, shown: str) -> Actor:
        """Returns who has a refresh token, which stays as it is.

        Raises:
            NotSignedIn: it lets nobody in.
            NoAccounts: there are none.
            DatabaseTrouble: the database does not work.
        """
        recognition = (await self._fresh_reception()).recognition
        return await self.run(lambda: recognition.by_refresh(shown))

    async def of_session(self, session: str) -> Actor:
        """Returns who signed in to a session, whatever access token he has by now.

        Raises:
            NotSignedIn: it has ended.
            NoAccounts: there are none.
            DatabaseTrouble: the database does not work.
        """
        recognition = (await self._fresh_reception()).recognition
        return await self.run(lambda: recognition.of_session(session))

    async def of_token(self, account: str, token: str) -> Actor:
        """Returns who may use an account's API token of that name.

        Raises:
            NotSignedIn: there is none any more.
            NoAccounts: there are none.
            DatabaseTrouble: the database does not work.
        """
        recognition = (await self._fresh_reception()).recognition
        return await self.run(lambda: recognition.of_token(account, token))

    async def run(self, work: Callable[[], T], patience: float | None = PATIENCE) -> T:
        """Does what may wait for the database. ``patience``: seconds for which whoever asks waits for it; None: without an end.

        Raises:
            DatabaseAway: it does not answer, and may yet do what it was asked.
        """
        doing = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            async with asyncio.timeout(patience):
                return await doing
        except TimeoutError:
            if not doing.cancelled():  # the work itself took too long for something
                raise
            words = f"the accounts database has not answered within {patience:.0f} s"
            raise DatabaseAway(words, "see whether its server runs, and can be reached from here") from None

    def forget(self) -> None:
        """Forgets when it looked last: this server itself has changed who may what."""
        if self._opened is not None:
            self._opened.recognition.look_again()

    def _look_again(self) -> None:
        """Makes the next question one to the database."""
        if not self._some:
            self._looked = float("-inf")
            self.forget()

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        if self._opened is not None:
            self._opened.close()

    def _has_just_looked(self) -> bool:
        return self._monotonic() - self._looked < LOOK

    async def _look(self) -> None:
        before, self._trouble = self._trouble, None
        try:
            self._some = await self.run(self._has_accounts)
        except DatabaseTrouble as error:
            self._trouble = error
            if before is None or str(before) != str(error):
                log.error("%s; %s", error, error.mend)
        self._looked = self._monotonic()

    def _has_accounts(self) -> bool:
        if self._opened is None and not Database.exists(self._url):
            return False
        return self._open().recognition.has_accounts()

    def _open(self) -> Reception:
        if self._opened is None:
            opened = Reception.open(self._url)
            opened.deeds.settle()
            self._opened = opened
        return self._opened
