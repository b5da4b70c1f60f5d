"""The machines by the numbers and uuids that clients know them by."""

from __future__ import annotations

import re
from typing import Any

import falcon.asgi

from homeostat.models.base import OWNER
from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.machines import Machines
from homeostat.service.marks import id_of
from homeostat_api.http.actor import who
from homeostat_api.http.contract import Foundation
from homeostat_api.http.kind_index import KindIndex
from homeostat_api.http.lists import ListAnswer

from . import machine_views
from .errors import bad, no_machine

BOOK = "limen"
"""In which machines are numbered."""
FIRST_PORT = 5900
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile("[0-9]{1,18}")


class LimenFleet:
    """What the resources of this contract have in common."""

    def __init__(self, given: Foundation) -> None:
        self.service = given.service
        self._accounts = given.accounts
        self._index = KindIndex(self.service.house.machines, self.service.changes, self._shown, self.service.house.plugins.specs)
        self.list = ListAnswer(self._index, self.service)

    def desk(self, req: falcon.asgi.Request) -> Desk:
        """Returns what serves whoever asks."""
        return self.service.asked_by(who(req))

    async def machine(self, machines: Machines, named: str) -> VirtualMachine:
        """Returns the machine of that number or uuid, as the actor sees it. One that is being deleted is there no more.

        Raises:
            Problem: 400, it is neither; 404, there is none.
        """
        found = await self._index.of_id(machines, await self._uuid(named))
        if found is None or found.deleting:
            raise no_machine()
        return found

    async def _uuid(self, named: str) -> str | None:
        if _UUID.fullmatch(named.lower()):
            return named.lower()
        if not _NUMBER.fullmatch(named):
            raise bad("Invalid VM ID")
        reception = await self._accounts.opened()
        return await self._accounts.run(lambda: reception.numbers.thing(BOOK, int(named)))

    async def show(self, machines: Machines, machine: VirtualMachine) -> dict[str, Any]:
        """Returns a machine in the contract's words."""
        id, owner = id_of(machine), machine.metadata.labels.get(OWNER, "")
        reception = await self._accounts.opened()

        def numbered() -> tuple[int, int]:
            return reception.numbers.of(BOOK, (id,))[id], reception.accounts.ids((owner,)).get(owner, 0) if owner else 0

        number, owner_id = await self._accounts.run(numbered)
        changed = next((one.time for one in await machines.revisions(machine)), None)
        return machine_views.shown(await machines.effective(machine), number, owner_id, changed)

    async def port(self, machine: VirtualMachine) -> int:
        """Returns the number that a machine's screen goes by. Nothing listens there, unless its spec says so."""
        id, reception = id_of(machine), await self._accounts.opened()
        return FIRST_PORT - 1 + (await self._accounts.run(lambda: reception.numbers.of(BOOK, (id,))))[id]

    async def _shown(self, machine: VirtualMachine) -> dict[str, Any]:
        return await self.show(self.service.house.machines, machine)
