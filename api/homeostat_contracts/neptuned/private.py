"""The passwords of private machines: kept by their hashes, in the accounts database, and shown nowhere."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.service.naming.marks import id_of
from homeostat_api.http.requests.origin import address_of

from .people import People


def place(machine: VirtualMachine) -> str:
    """Returns the name of the setting that a machine's password is kept as."""
    return f"neptuned/password/{id_of(machine)}"


async def keep(people: People, req: falcon.asgi.Request, machine: VirtualMachine, password: str | None) -> None:
    """Keeps a machine's password; None: it has none any more."""
    reception = await people.reception()
    if password is None and await people.kept(place(machine)) is None:
        return
    kept = await reception.hashing(lambda: reception.door_secrets.hashed(password)) if password is not None else None
    await people.do(req, lambda accounts: accounts.set_setting(place(machine), kept))


async def opens(people: People, req: falcon.asgi.Request, machine: VirtualMachine, password: str) -> bool:
    """Tells whether that is a machine's password.

    Raises:
        TooManyAttempts: too many were wrong.
    """
    reception, address = await people.reception(), address_of(req)
    return await reception.hashing(lambda: reception.door_secrets.opens(place(machine), password, address))
