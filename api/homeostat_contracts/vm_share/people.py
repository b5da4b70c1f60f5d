"""Those who have accounts: who asks, and the cookie that they are given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import falcon.asgi

from homeostat.accounts.actor import Actor
from homeostat.accounts.administration import Administration
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.sessions import SignedIn
from homeostat.cli.configuration.sections import VmShareSection
from homeostat_api.http.actor import who
from homeostat_api.http.contract import AccountsDoor, Entrance
from homeostat_api.http.requests.origin import address_of

from .errors import not_found

COOKIE = "access_token"
ROLES = {Role.USER: "user", Role.MODERATOR: "moderator", Role.ADMINISTRATOR: "admin"}
PAST = datetime(1970, 1, 1, tzinfo=UTC)
HOURS = 24
"""How long somebody is signed in, where nothing is configured."""


@dataclass(frozen=True, slots=True)
class LabUser:
    """Somebody with an account. ``id``: a number that no other account ever has."""

    id: int
    login: str


def cookie_of(req: falcon.asgi.Request) -> str | None:
    return next((found for found in req.get_cookie_values(COOKIE) or () if found), None)


class LabPeople:
    """What the resources of this contract have in common that are about accounts."""

    def __init__(self, accounts: AccountsDoor, settings: VmShareSection) -> None:
        self._accounts = accounts
        self._lasting = timedelta(hours=settings.session_hours or HOURS)

    async def user(self, req: falcon.asgi.Request) -> LabUser:
        """Returns who asks.

        Raises:
            Problem: 404, he has no account: he asks by the server's own token.
        """
        return await self.of(who(req).name)

    async def of(self, name: str) -> LabUser:
        """Returns the account of that name. Raises what ``user`` does."""
        ids = await self.ids([name]) if name else {}
        if name not in ids:
            raise not_found("User not found: this needs an account, sign in (POST /login)")
        return LabUser(ids[name], name)

    async def ids(self, names: list[str]) -> dict[str, int]:
        """Returns the number of each account of those names."""
        reception = await self._accounts.opened()
        return dict(await self._accounts.run(lambda: reception.accounts.ids(names)))

    async def register(self, req: falcon.asgi.Request, login: str, password: str) -> None:
        """Makes an account.

        Raises:
            AccountsError: it cannot be.
        """
        reception, address = await self._accounts.opened(), address_of(req)
        await reception.hashing(lambda: reception.registration.register(login, password, address))

    async def sign_in(self, req: falcon.asgi.Request, login: str, password: str) -> tuple[SignedIn, LabUser]:
        """Signs somebody in.

        Raises:
            AccountsError: he may not, or the password is wrong.
        """
        reception, address, client = await self._accounts.opened(), address_of(req), req.get_header("User-Agent") or ""
        lasting = self._lasting
        signed_in = await reception.hashing(lambda: reception.sign_in.sign_in(login, password, address, client, lasting=lasting))
        return signed_in, await self.of(signed_in.name)

    async def sign_out(self, actor: Actor) -> None:
        """Ends the session that somebody asks by, if it is one."""
        if actor.session:
            reception = await self._accounts.opened()
            await self._accounts.run(lambda: Administration(reception, actor).end_session(actor.session))
            self._accounts.forget()


def give_cookie(resp: falcon.asgi.Response, signed_in: SignedIn) -> None:
    resp.set_cookie(COOKIE, signed_in.access, expires=signed_in.expires, path="/", secure=True, http_only=True, same_site="Lax")


def take_cookie(resp: falcon.asgi.Response) -> None:
    """Takes the cookie away. It is marked as the one that was given: over http, as on localhost, a browser may let no other one
    take the place of one that is Secure."""
    resp.set_cookie(COOKIE, "", expires=PAST, path="/", secure=True, http_only=True, same_site="Lax")


def entrance(open_paths: frozenset[str], sign_in: frozenset[tuple[str, str]]) -> Entrance:
    """Returns how whoever asks shows who he is."""
    return Entrance(
        "Not authenticated: sign in (POST /login), and send the cookie, or Authorization: Bearer TOKEN",
        for_everybody=open_paths,
        sign_in=sign_in,
        cookie=cookie_of,
        cookie_first=True,
        always=True,
    )
