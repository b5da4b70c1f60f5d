"""The passwords of private machines: kept by their hashes, in the accounts database, and shown nowhere."""

from __future__ import annotations

import falcon.asgi

from homeostat_api.http.requests.origin import address_of

from .people import People


def place(id: str) -> str:
    """Returns the name of the setting that the password of the machine of that id is kept as."""
    return f"neptuned/password/{id}"


async def keep(people: People, req: falcon.asgi.Request, id: str, password: str | None) -> None:
    """Keeps the password of the machine of that id; None: it has none any more."""
    reception = await people.reception()
    if password is None and await people.kept(place(id)) is None:
        return
    kept = await reception.hashing(lambda: reception.door_secrets.hashed(password)) if password is not None else None
    await people.do(req, lambda accounts: accounts.set_setting(place(id), kept))


async def opens(people: People, req: falcon.asgi.Request, id: str, password: str) -> bool:
    """Tells whether that is the password of the machine of that id.

    Raises:
        TooManyAttempts: too many were wrong.
    """
    reception, address = await people.reception(), address_of(req)
    return await reception.hashing(lambda: reception.door_secrets.opens(place(id), password, address))
