"""The machines by the ids that clients gave them."""

from __future__ import annotations

from homeostat.models.machine import VirtualMachine
from homeostat.service.kinds.machines import Machines
from homeostat.service.naming.marks import given_name, resource_name
from homeostat_api.http.contract import Foundation
from homeostat_api.http.kinds.machine_fleet import MachineFleet

from . import entries
from .errors import no_machine
from .words.machines import EntryDocument

MEMORY = 1024
"""MiB of a machine that says nothing of it, where the configuration says nothing either."""


class EntryFleet(MachineFleet):
    """The machines as they are configured. ``memory``: MiB of one that says nothing of it."""

    def __init__(self, given: Foundation) -> None:
        super().__init__(given)
        self.memory: int = (given.settings and given.settings.memory) or MEMORY

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
