"""The machines by the ids that clients know them by, and the port that each is given."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.machines import Machines
from homeostat.service.marks import id_of
from homeostat_api.http.actor import who
from homeostat_api.http.contract import Foundation
from homeostat_api.http.kind_index import KindIndex
from homeostat_api.http.lists import ListAnswer

from . import machine_views
from .errors import no_machine

PORTS = "qemu-manager/vnc"
"""The book that ports are counted in."""
FIRST_PORT = 5900


class Fleet:
    """What the resources of this contract have in common."""

    def __init__(self, given: Foundation) -> None:
        self.service = given.service
        self.margin = given.margin
        self._accounts = given.accounts
        self._index = KindIndex(self.service.house.machines, self.service.changes, self._shown, self.service.house.plugins.specs)
        self.list = ListAnswer(self._index, self.service, (b'{"vms":[', b"]}"))

    def desk(self, req: falcon.asgi.Request) -> Desk:
        """Returns what serves whoever asks."""
        return self.service.asked_by(who(req))

    async def machine(self, machines: Machines, id: str) -> VirtualMachine:
        """Returns the machine of that id, as the actor sees it.

        Raises:
            Problem: 404, there is none.
        """
        if (found := await self._index.of_id(machines, id)) is None:
            raise no_machine()
        return found

    async def show(self, machines: Machines, machine: VirtualMachine) -> dict[str, Any]:
        """Returns a machine in the contract's words."""
        port = await self.port(machine)
        return machine_views.shown(await machines.effective(machine), port)

    async def _shown(self, machine: VirtualMachine) -> dict[str, Any]:
        return await self.show(self.service.house.machines, machine)

    async def port(self, machine: VirtualMachine) -> int:
        """Returns the number that a machine's screen goes by. Nothing listens there, unless its spec says so: consoles are
        opened by its id. No other machine ever gets the same."""
        id, reception = id_of(machine), await self._accounts.opened()
        numbers = await self._accounts.run(lambda: reception.numbers.of(PORTS, (id,)))
        return FIRST_PORT - 1 + numbers[id]
