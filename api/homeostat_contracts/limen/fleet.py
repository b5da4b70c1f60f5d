"""The machines by the numbers and uuids that clients know them by."""

from __future__ import annotations

import re
from typing import Any

from homeostat.models.machine import VirtualMachine
from homeostat.service.kinds.machines import Machines
from homeostat_api.http.answers.given_names import GivenNames
from homeostat_api.http.contract import Foundation
from homeostat_api.http.kinds.machine_fleet import MachineFleet

from . import machine_views
from .errors import bad, no_machine

BOOK = "limen"
"""In which machines are numbered."""
FIRST_PORT = 5900
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile("[0-9]{1,18}")


class LimenFleet(MachineFleet):
    """The machines, with the number of each and of whoever owns it. ``reworded``: what is said of them, in the names that
    clients gave."""

    def __init__(self, given: Foundation) -> None:
        super().__init__(given)
        self.reworded = GivenNames(given.service)

    async def machine(self, machines: Machines, named: str) -> VirtualMachine:
        """Returns the machine of that number or uuid, as the actor sees it. One that is being deleted is there no more.

        Raises:
            Problem: 400, it is neither; 404, there is none.
        """
        found = await self.index.of_id(machines, await self._uuid(named))
        if found is None or found.deleting:
            raise no_machine()
        return found

    async def _uuid(self, named: str) -> str | None:
        if _UUID.fullmatch(named.lower()):
            return named.lower()
        if not _NUMBER.fullmatch(named):
            raise bad("Invalid VM ID")
        reception = await self.accounts.opened()
        return await self.accounts.run(lambda: reception.numbers.thing(BOOK, int(named)))

    async def show(self, machines: Machines, machine: VirtualMachine) -> dict[str, Any]:
        """Returns a machine in the contract's words."""
        number, owner = await self.number(BOOK, machine), (await machines.asking.subject(machine)).owner
        reception = await self.accounts.opened()
        ids = await self.accounts.run(lambda: reception.accounts.ids((owner,))) if owner else {}
        changed = next((one.time for one in await machines.revisions(machine)), None)
        return machine_views.shown(await machines.effective(machine), number, ids.get(owner, 0), changed)

    async def port(self, machine: VirtualMachine) -> int:
        """Returns the number that a machine's screen goes by. Nothing listens there, unless its spec says so."""
        return FIRST_PORT - 1 + await self.number(BOOK, machine)
