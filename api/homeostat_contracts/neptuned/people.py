"""Those who have accounts, as Neptuned knows them: by snowflakes, and by the hash of a password, of which the server keeps
another one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import falcon.asgi

from homeostat.accounts.accounts import Account
from homeostat.accounts.administration import Administration
from homeostat.accounts.errors import NotAName
from homeostat.accounts.names import account_name
from homeostat.accounts.reception import Reception
from homeostat.accounts.signing_in.passwords import check_password
from homeostat_api.http.actor import who
from homeostat_api.http.contract import Foundation

from .errors import no_user
from .words.settings import ServerSettings

T = TypeVar("T")

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""When snowflakes begin."""
NUMBER_BITS = 22
SETTINGS = "neptuned/server"
"""The name of what administrators set."""
LASTING = timedelta(days=14)
"""How long somebody is signed in."""


def snowflake(account: Account) -> str:
    """Returns an account's id: the milliseconds from 2015 until it was made, and its number in the last 22 bits."""
    made = (account.made - EPOCH) // timedelta(milliseconds=1)
    return str(made << NUMBER_BITS | account.id & (1 << NUMBER_BITS) - 1)


def password_hash(username: str, password: str) -> str:
    """Returns what a client sends instead of a password.

    Raises:
        NotAName: the username is not written as it is kept, so that clients would hash another text.
        BadPassword: that cannot be a password.
    """
    if account_name(username) != username:
        raise NotAName(f"{username[:63]!r} cannot be a username: write it in lower case")
    check_password(password)
    return hash_of(username, password)


def hash_of(username: str, password: str) -> str:
    """Returns what a client sends instead of a password that is tried: also of one that is none."""
    return hashlib.sha256(f"{username}:{password}".encode()).hexdigest()


def shown_hash(text: str) -> str:
    """Returns a hash as it is compared: clients write it in either case."""
    return text.lower() if re.fullmatch(r"[0-9A-Fa-f]{64}", text) else text


def entry(account: Account) -> dict[str, Any]:
    """Returns an account in the contract's words."""
    found: dict[str, Any] = {
        "id": snowflake(account),
        "username": account.name,
        "user_type": account.role.value,
        "banned": account.banned is not None,
    }
    return {**found, "ban_reason": account.ban_reason} if account.ban_reason else found


def named(accounts: Administration, id: str) -> str:
    """Returns the name of the account of that id.

    Raises:
        Problem: 404, there is none.
    """
    found = next((one for one in accounts.accounts() if snowflake(one) == id), None)
    if found is None:
        raise no_user(id)
    return found.name


class People:
    """What the resources of this contract that are about accounts have in common."""

    def __init__(self, given: Foundation) -> None:
        self._accounts = given.accounts
        self._service = given.service
        opened = bool(given.settings and given.settings.registrations_open)
        self._usual = ServerSettings(registrations_open=opened)

    async def reception(self) -> Reception:
        return await self._accounts.opened()

    async def do(self, req: falcon.asgi.Request, work: Callable[[Administration], T], hashes: bool = False) -> T:
        """Does something with accounts for whoever asks. ``hashes``: it sets a password.

        Raises:
            AccountsError: it is refused.
        """
        reception, actor = await self.reception(), who(req)
        run = reception.hashing if hashes else self._accounts.run
        try:
            return await run(lambda: work(Administration(reception, actor)))
        finally:
            self._accounts.forget()

    async def kept(self, name: str) -> str | None:
        """Returns a setting. None: nobody has set it."""
        reception = await self.reception()
        return await self._accounts.run(lambda: reception.settings.get(name))

    async def settings(self) -> ServerSettings:
        """Returns what is set."""
        kept = await self.kept(SETTINGS)
        return self._usual if kept is None else ServerSettings.model_validate_json(kept)

    async def let_go(self, name: str) -> None:
        """Lets others have the name of an account that is deleted, unless something still names it: that would be theirs.

        What it began may yet name it, and is asked for first: it begins nothing more, so that what there is names it by then.
        """
        reception = await self.reception()
        if await self._accounts.run(lambda: reception.deeds.are_under_way(name)) or await self._service.names(name):
            return
        await self._accounts.run(lambda: reception.accounts.release(name))
