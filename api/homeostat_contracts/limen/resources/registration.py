"""/api/auth/register: whoever has no account makes one, where that is allowed."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat.accounts.accounts import Account
from homeostat_api.http.contract import AccountsDoor
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.requests.origin import address_of
from homeostat_api.http.rights import Door, needs

from ..errors import forbidden
from ..words import Registered, RegistrationAsked, read

APPROVAL, CLOSED = "approval", "closed"


class LimenRegistration:
    def __init__(self, accounts: AccountsDoor, registration: str) -> None:
        self._accounts = accounts
        self._registration = registration

    @needs(Door.OPEN)
    @operation(
        "Make an account",
        "Auth",
        {201: Answer("It is made. It may have to wait until an administrator approves it.", Registered)},
        body=RegistrationAsked,
        errors=(400, 403, 429),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read(req, RegistrationAsked)
        if self._registration == CLOSED:
            raise forbidden("registration is closed, an administrator makes accounts")
        reception, waits, address = await self._accounts.opened(), self._registration == APPROVAL, address_of(req)

        def register() -> tuple[Account, int]:
            made = reception.registration.register(asked.username, asked.password, address, waits)
            return made, reception.accounts.ids((made.name,))[made.name]

        made, number = await reception.hashing(register)
        said = "Registered: your account is pending approval by an administrator" if waits else "Registered: sign in now"
        resp.status, resp.media = falcon.HTTP_201, {"id": number, "username": made.name, "message": said}
