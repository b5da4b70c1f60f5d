"""What the ARP table says of a MAC may be of an earlier guest: a lease is waited for nevertheless."""

from __future__ import annotations

import asyncio

import pytest

from homeostat.driver.guests import addresses as module
from homeostat.driver.guests.address_reading import Resident
from homeostat.driver.guests.addresses import AddressBook
from tests.unit.driver.guests.test_addresses_are_asked_again import Agents, Line

MAC = "52:54:00:00:00:01"


class Heard(Line):
    """The host has heard of the guest."""

    def lookupByUUIDString(self, uuid: str) -> Heard:
        return self

    def interfaceAddresses(self, source: int) -> dict[str, dict[str, object]]:
        return {"vnet0": {"hwaddr": MAC, "addrs": [{"addr": "10.0.0.8"}]}}


async def test_a_lease_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SOONEST", 0.01)
    line, changed = Heard(), asyncio.Event()
    book = AddressBook(
        line,
        Agents(),
        lambda: ("lan",),
        lambda: {MAC: Resident("u", False)},
        lambda macs: changed.set(),  # type: ignore[arg-type]
    )
    book.lookup([MAC])
    await changed.wait()
    assert book.lookup([MAC]) == {MAC: (("10.0.0.8", "Arp"),)}

    changed.clear()
    line.leases.append({"mac": MAC, "ipaddr": "10.0.0.9"})
    async with asyncio.timeout(5):
        await changed.wait()
    assert book.lookup([MAC]) == {MAC: (("10.0.0.9", "Lease"),)}
    await book.close()


@pytest.mark.parametrize("patient", [True, False])
async def test_others_go_first_for_a_while(monkeypatch: pytest.MonkeyPatch, patient: bool) -> None:
    monkeypatch.setattr(module, "SOONEST", 0.01)
    monkeypatch.setattr(module, "GIVES_WAY", 30.0 if patient else 0.05)
    line, found, asked, crowd = Heard(), asyncio.Event(), asyncio.Event(), [True]

    def crowded() -> bool:
        asked.set()
        return crowd[0]

    book = AddressBook(
        line,
        Agents(),
        lambda: ("lan",),
        lambda: {MAC: Resident("u", False)},
        lambda macs: found.set(),  # type: ignore[arg-type]
        crowded=crowded,
    )
    book.lookup([MAC])
    for _ in range(3 if patient else 0):
        asked.clear()
        await asked.wait()
        assert not found.is_set()
    if patient:
        crowd.clear()
        crowd.append(False)
    async with asyncio.timeout(5):
        await found.wait()
    await book.close()
