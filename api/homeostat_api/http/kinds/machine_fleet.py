"""The machines as a contract knows them: in its words, listed, and found by what it calls them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.kinds.machines import Machines
from homeostat.service.naming.marks import id_of

from ..actor import who
from ..contract import Foundation
from .kind_index import KindIndex
from .lists import ListAnswer


class MachineFleet(ABC):
    """What the resources of a contract that are about machines have in common. ``frame``: what its list stands between."""

    def __init__(self, given: Foundation, frame: tuple[bytes, bytes] = (b"[", b"]")) -> None:
        self.service = given.service
        self.margin = given.margin
        self.accounts = given.accounts
        house = self.service.house
        self.index = KindIndex(house.machines, self.service.changes, self._shown, house.plugins.specs)
        self.list = ListAnswer(self.index, self.service, frame)

    def desk(self, req: falcon.asgi.Request) -> Desk:
        """Returns what serves whoever asks."""
        return self.service.asked_by(who(req))

    async def number(self, book: str, machine: VirtualMachine) -> int:
        """Returns the number of a machine in a book, from 1 on. No other machine ever gets the same."""
        id, reception = id_of(machine), await self.accounts.opened()
        return (await self.accounts.run(lambda: reception.numbers.of(book, (id,))))[id]

    @abstractmethod
    async def show(self, machines: Machines, machine: VirtualMachine) -> Mapping[str, Any]:
        """Returns a machine in the contract's words."""

    async def _shown(self, machine: VirtualMachine) -> Mapping[str, Any]:
        return await self.show(self.service.house.machines, machine)
