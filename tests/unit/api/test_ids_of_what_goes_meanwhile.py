"""Who asks by an id gets what has it when it is read, and he may see, though the list that it was found by is older."""

from __future__ import annotations

from homeostat.accounts.actor import HOUSE, Actor
from homeostat.accounts.rights import Right, Role
from homeostat.models.machine import VirtualMachine
from homeostat.service.changes import Changes
from homeostat.service.naming.marks import id_of, marks_of
from homeostat_api.http.kinds.kind_index import KindIndex
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room

BOB = Actor("session", Role.USER, "bob", frozenset(Right), author="bob")


class ListedBefore:
    """Two machines that are listed once, and who asks for one of them by its id."""

    def __init__(self, room: Room) -> None:
        self.served = Served(room)
        self.machines = self.served.service().machines
        self._index = KindIndex(self.machines, Changes(lambda: 0, lambda: False, 0.01))

    async def listed(self) -> VirtualMachine:
        made = await self.machines.make("web", {}, marks=marks_of("web"))
        await self.machines.make("db", {})
        await self._index.entries()
        return made

    async def found(self, machine: VirtualMachine, actor: Actor = HOUSE) -> VirtualMachine | None:
        return await self._index.of_id(self.served.service(actor=actor).machines, id_of(machine))


async def test_it_is_who_asks_that_must_see_it(room: Room) -> None:
    before = ListedBefore(room)
    web = await before.listed()
    found = await before.found(web)
    assert found is not None and found.metadata.name == "web"
    assert await before.found(web, BOB) is None


async def test_another_of_the_same_name_is_not_it(room: Room) -> None:
    before = ListedBefore(room)
    web = await before.listed()
    await before.machines.delete(web)
    await room.store.release(web.key, web.metadata.uid)
    assert await before.found(web) is None
    again = await before.machines.make("web", {}, marks=marks_of("web"))
    assert id_of(again) != id_of(web) and await before.found(web) is None
