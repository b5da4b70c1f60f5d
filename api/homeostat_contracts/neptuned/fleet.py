"""The machines by the ids that clients gave them."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.machines import Machines
from homeostat.service.marks import given_name, resource_name
from homeostat_api.http.actor import who
from homeostat_api.http.contract import Foundation
from homeostat_api.http.kind_index import KindIndex
from homeostat_api.http.lists import ListAnswer

from . import entries
from .errors import no_machine
from .words.machines import EntryDocument

MEMORY = 1024
"""MiB of a machine that says nothing of it, where the configuration says nothing either."""


class EntryFleet:
    """What the resources of this contract that are about machines have in common."""

    def __init__(self, given: Foundation) -> None:
        self.service = given.service
        self.margin = given.margin
        self.memory: int = (given.settings and given.settings.memory) or MEMORY
        house = self.service.house
        index = KindIndex(house.machines, self.service.changes, self._shown, house.plugins.specs)
        self.list = ListAnswer(index, self.service)

    def desk(self, req: falcon.asgi.Request) -> Desk:
        """Returns what serves whoever asks."""
        return self.service.asked_by(who(req))

    async def machine(self, machines: Machines, id: str) -> VirtualMachine:
        """Returns the machine of that id, as the actor sees it.

        Raises:
            Problem: 404, there is none.
        """
        found = await machines.find(resource_name(id))
        if found is None or given_name(found) != id:
            raise no_machine(id)
        return found

    async def show(self, machines: Machines, machine: VirtualMachine) -> EntryDocument:
        """Returns a machine in the contract's words."""
        return entries.shown(await machines.effective(machine))

    async def _shown(self, machine: VirtualMachine) -> EntryDocument:
        return await self.show(self.service.house.machines, machine)
