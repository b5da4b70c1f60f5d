"""Addresses that no lease tells of are asked for again: nobody else tells that they changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from homeostat.driver.errors import DriverError
from homeostat.driver.guests.address_reading import Resident
from homeostat.driver.guests.addresses import ASKED_AGAIN, AddressBook

T = TypeVar("T")


class Line:
    """A connection to a host with one network."""

    def __init__(self) -> None:
        self.leases: list[dict[str, str]] = []
        self.handle = self

    def request(self, asked: Callable[..., T], *arguments: object) -> T:
        return asked(*arguments)

    def networkLookupByName(self, name: str) -> Line:
        return self

    def DHCPLeases(self) -> list[dict[str, str]]:
        return self.leases

    async def run(self, job: Callable[[], T], what: str) -> T:
        return job()


class Agents:
    def __init__(self) -> None:
        self.answers: dict[str, Sequence[tuple[str, str]]] = {}
        self.asked: list[str] = []

    async def addresses(self, uuid: str, timeout: float) -> Sequence[tuple[str, str]]:
        self.asked.append(uuid)
        if uuid not in self.answers:
            raise DriverError("it is busy")
        return self.answers[uuid]


class Town:
    def __init__(self, guests: int) -> None:
        self.present = {f"52:54:00:00:00:{n:02x}": Resident(f"guest-{n}", True) for n in range(guests)}
        self.agents = Agents()
        self.agents.answers = {r.uuid: [(mac, f"10.0.0.{n}")] for n, (mac, r) in enumerate(self.present.items())}
        self.changed: list[set[str]] = []
        self.line = Line()
        self.book = AddressBook(
            self.line,
            self.agents,
            lambda: ("lan",),
            lambda: self.present,
            self.changed.append,  # type: ignore[arg-type]
        )

    async def settle(self) -> None:
        if self.book._asking is not None:
            await self.book._asking

    async def rechecked(self) -> None:
        self.changed.clear()
        self.book.recheck()
        await self.settle()

    async def known(self) -> None:
        self.book.lookup(list(self.present))
        async with asyncio.timeout(5):
            while len(self.book.lookup(list(self.present))) < len(self.present):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
        await self.settle()


async def test_another_address_is_told() -> None:
    town = Town(1)
    (mac,) = town.present
    await town.known()
    town.agents.answers["guest-0"] = [(mac, "10.0.0.9"), (mac, "fd00::9")]
    await town.rechecked()
    assert town.book.lookup([mac]) == {mac: (("10.0.0.9", "Agent"), ("fd00::9", "Agent"))}
    assert town.changed == [{mac}]
    await town.book.close()


async def test_a_lease_that_came_later_is_told() -> None:
    town = Town(1)
    (mac,) = town.present
    await town.known()
    town.line.leases.append({"mac": mac, "ipaddr": "10.0.0.9"})
    await town.rechecked()
    assert town.book.lookup([mac]) == {mac: (("10.0.0.9", "Lease"),)}
    assert town.changed == [{mac}]
    await town.book.close()


async def test_an_agent_that_does_not_answer_changes_nothing() -> None:
    town = Town(1)
    (mac,) = town.present
    await town.known()
    town.agents.answers.clear()
    await town.rechecked()
    assert town.book.lookup([mac]) == {mac: (("10.0.0.0", "Agent"),)}
    assert town.changed == []
    await town.book.close()


async def test_a_few_are_asked_each_time() -> None:
    town = Town(ASKED_AGAIN * 3)
    await town.known()
    town.agents.asked.clear()
    town.book.recheck()
    await town.settle()
    assert len(town.agents.asked) == ASKED_AGAIN
    await town.book.close()
