"""BR-06: what an operator before us knew of a run of a guest still holds of that run, until a look says otherwise."""

from __future__ import annotations

import pytest

from homeostat.driver.guests.address_reading import Resident
from homeostat.driver.guests.neighbours import Neighbour
from tests.unit.driver.guests.test_addresses_are_of_this_run import LEASED, MAC, Neighbourhood, Town, guest, sources

AGENT, ARP = [("10.0.0.5", "Agent")], [("10.0.0.5", "Arp")]


async def test_an_agents_word_holds_until_the_agent_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(monkeypatch, agent=True)
    await town.book.begin()
    town.book.recall("1", {MAC: tuple(AGENT)})
    assert town.lookup() == AGENT
    await town.book._read()
    await town.book._ask_agents()  # it is busy
    assert town.lookup() == AGENT
    town.agents.answers["u"] = [(MAC, "10.0.0.6")]
    await town.until([("10.0.0.6", "Agent")])
    await town.book.close()


async def test_once_the_agent_has_answered_it_is_asked_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(monkeypatch, agent=True)
    town.book.recall("1", {MAC: tuple(AGENT)})
    town.agents.answers["u"] = [(MAC, "10.0.0.5")]
    await town.book._ask_agents()
    await town.book._ask_agents()
    assert town.agents.asked == ["u"]
    assert town.lookup() == AGENT and town.book._polling is None
    await town.book.close()


async def test_a_lease_is_recalled_until_the_server_has_it_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(monkeypatch)
    town.book.recall("1", {MAC: tuple(LEASED)})
    assert town.lookup() == LEASED
    await town.until([])
    await town.book.close()


async def test_a_better_answer_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(monkeypatch)
    town.book.recall("1", {MAC: tuple(ARP)})
    assert town.lookup() == ARP
    await town.book._read()  # that nobody speaks of it says nothing
    assert town.lookup() == ARP
    town.lease(3600)
    await town.until(LEASED)
    await town.book.close()


async def test_a_lease_that_is_there_as_we_come_counts_where_it_is_recalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it may be of an earlier run: it outlives a reboot of its host."""
    town = Town(monkeypatch)
    town.lease(3600)
    await town.book.begin()
    assert town.lookup() == []
    town.book.recall("1", {MAC: tuple(LEASED)})
    await town.book._read()
    await town.book._read()
    assert town.lookup() == LEASED and town.book._recalled == set()
    await town.book.close()


@pytest.mark.parametrize("run", ["2", "1-7"])
async def test_of_another_run_nothing_is_recalled(monkeypatch: pytest.MonkeyPatch, run: str) -> None:
    town = Town(monkeypatch)
    town.book.recall("1-6", {MAC: tuple(ARP)})
    town.present = {MAC: Resident("u", False, run)}
    assert town.lookup() == []
    await town.book._read()
    assert town.book._recalled == set()
    await town.book.close()


async def test_what_we_found_ourselves_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(monkeypatch)
    await town.book.begin()
    town.lease(3600)
    await town.book._read()
    town.book.recall("1", {MAC: tuple(ARP)})
    assert town.lookup() == LEASED and town.book._recalled == set()
    await town.book.close()


def test_a_lease_older_than_the_run_counts_where_it_was_known_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest that was saved has its lease from before, and had answered there."""
    Neighbourhood(monkeypatch)
    monkeypatch.setattr("homeostat.driver.guests.address_reading.time.time", lambda: 100_000.0)
    asked = sources([{"mac": MAC, "ipaddr": "10.0.0.9", "expirytime": 100_000 + 3600 - 500}])  # given at 500, it began at 999
    asked._lease_seconds["lan"] = 3600.0
    assert asked.read(["lan"], guest("2-8", 8), {}) == {}
    known = {MAC: (("10.0.0.9", "Lease"),)}
    assert asked.read(["lan"], guest("2-8", 8), known, {MAC}) == known
    assert asked.read(["lan"], guest("2-8", 8), {}) == known  # from here on


def test_a_recalled_address_is_looked_for_in_the_arp_table(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Neighbourhood(monkeypatch)
    kernel.known = [Neighbour(MAC, "10.0.0.6", 999.5)]
    known = {MAC: (("10.0.0.5", "Arp"),)}
    assert sources([]).read(["lan"], guest("2-8", 8), known, {MAC}) == {MAC: (("10.0.0.6", "Arp"),)}
    assert sources([]).read(["lan"], guest("2-8", 8), known) == {}
