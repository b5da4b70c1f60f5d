"""A lease, an ARP entry or an agent's answer from before a run of a guest is no address of that run, until it is renewed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.driver.guests import addresses as module
from homeostat.driver.guests import neighbours
from homeostat.driver.guests.address_reading import AddressReader, Resident
from homeostat.driver.guests.addresses import AddressBook
from homeostat.driver.guests.earlier import HostAddress, Runs
from homeostat.driver.guests.neighbours import Neighbour
from homeostat.driver.xml import parse_xml
from homeostat.driver.xml.network.lease import lease_seconds
from tests.unit.driver.guests.test_addresses_are_asked_again import Agents, Line

MAC = "52:54:00:00:00:01"
LEASED = [("10.0.0.9", "Lease")]


class Host:
    """One with a clock, programs that began at times, and what it remembers of its one guest."""

    def __init__(self, began: dict[int, float] | None = None) -> None:
        self.time, self.began = 1000.0, began or {}
        self.runs = Runs(self.began.get, lambda: self.time)

    def look(self, run: str, told: Sequence[HostAddress], pid: int | None = None, source: str = "Lease") -> list[str]:
        self.runs.meet([(MAC, run, pid)])
        return self.runs.of_this_run(MAC, source, told)


def leased(expiry: float, at: float | None = None, ip: str = "10.0.0.9") -> HostAddress:
    return HostAddress(ip, expiry, at)


def test_br06_a_lease_of_the_run_before_counts_when_it_is_renewed() -> None:
    host = Host()
    assert host.look("1", [leased(3600)]) == []  # it ran before we came: perhaps its lease did, too
    assert host.look("1", [leased(3650)]) == ["10.0.0.9"]
    assert host.look("2", [leased(3600)]) == []
    assert host.look("2", [leased(3600)]) == []
    assert host.look("2", [leased(3700)]) == ["10.0.0.9"]
    assert host.look("2", [leased(3700)]) == ["10.0.0.9"]


def test_br06_another_address_counts_at_once() -> None:
    host = Host()
    host.look("1", [])
    host.look("2", [leased(3600)])
    assert host.look("2", [leased(3600), leased(3900, ip="10.0.0.8")]) == ["10.0.0.8"]


@pytest.mark.parametrize(("given_at", "counts"), [(899.0, False), (900.0, True), (950.0, True)])
def test_times_tell_after_a_restart_of_the_operator(given_at: float, counts: bool) -> None:
    host = Host({7: 900.0})
    assert (host.look("1-7", [leased(5000, given_at)], pid=7) == ["10.0.0.9"]) is counts


def test_times_tell_where_a_quick_guest_was_leased_before_we_looked() -> None:
    host = Host({7: 900.0, 8: 999.0})
    host.look("1-7", [], pid=7)
    assert host.look("2-8", [leased(5000, 999.5)], pid=8) == ["10.0.0.9"]


def test_what_went_and_came_back_is_new() -> None:
    host = Host()
    told = [HostAddress("10.0.0.9", 0.0)]
    host.look("1", told, source="Arp")
    assert host.look("2", told, source="Arp") == []
    assert host.look("2", [], source="Arp") == []
    assert host.look("2", told, source="Arp") == ["10.0.0.9"]


def test_an_arp_entry_counts_that_was_confirmed_since() -> None:
    host = Host({7: 900.0})
    assert host.look("1-7", [HostAddress("10.0.0.9", 0.0, 899.9)], pid=7, source="Arp") == []
    assert host.look("1-7", [HostAddress("10.0.0.9", 0.0, 900.1)], pid=7, source="Arp") == ["10.0.0.9"]


def test_who_answers_confirms_its_lease_once_and_for_all() -> None:
    host = Host()
    host.look("1", [leased(3600)])
    host.look("2", [leased(3600)])
    assert list(host.runs.left(MAC, "Lease")) == ["10.0.0.9"]
    assert host.runs.confirm(MAC, "Lease", ["10.0.0.9", "10.0.0.7"]) == ["10.0.0.9"]
    assert host.look("2", [leased(3600)]) == ["10.0.0.9"]


def test_a_run_that_gets_its_pid_is_no_other_run() -> None:
    host = Host({7: 1000.0})
    host.look("1", [])
    assert host.look("1-7", [leased(3600)], pid=7) == ["10.0.0.9"]


def test_a_pid_that_can_be_read_later_tells_when_the_run_began() -> None:
    host = Host({7: 999.5})
    host.look("0", [])
    given = [leased(5000, 999.7)]  # by a quick guest, before we looked
    assert host.look("1", given) == []
    assert host.look("1-7", given, pid=7) == ["10.0.0.9"]


def test_without_a_pid_a_run_began_when_it_was_seen_first_but_for_those_that_ran_before_us() -> None:
    host = Host()
    assert host.look("1", [HostAddress("10.0.0.9", 0.0, 5.0)], source="Arp") == ["10.0.0.9"]
    host.time = 2000.0
    assert host.look("2", [HostAddress("10.0.0.9", 0.0, 1999.0)], source="Arp") == []
    assert host.look("2", [HostAddress("10.0.0.9", 0.0, 2001.0)], source="Arp") == ["10.0.0.9"]


def test_who_does_not_run_has_no_address() -> None:
    host = Host()
    assert host.runs.of_this_run(MAC, "Lease", [leased(3600)]) == []
    assert host.runs.confirm(MAC, "Lease", ["10.0.0.9"]) == []
    assert list(host.runs.left(MAC, "Lease")) == []


def test_a_program_without_a_pid_is_not_asked_when_it_began() -> None:
    runs = Runs(lambda pid: pytest.fail("asked"), lambda: 0.0)
    runs.meet([(MAC, "1", None)])
    assert runs.of_this_run(MAC, "Arp", [leased(3600, 5.0)]) == ["10.0.0.9"]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=2, max_size=12))
def test_nothing_counts_that_was_so_when_the_run_began(looks: list[tuple[int, int]]) -> None:
    """Of a host that tells no times. A look: which run it is, in order, and when its lease expires."""
    host, begun = Host(), dict[int, int]()
    for run, expiry in sorted(looks, key=lambda look: look[0]):
        begun.setdefault(run, expiry)
        counts = bool(host.look(str(run), [leased(expiry)]))
        if expiry != begun[run]:
            begun[run] = 0  # from here on it does
        assert counts is (begun[run] == 0)


class Unheard(Line):
    """A host whose ARP table is empty."""

    def lookupByUUIDString(self, uuid: str) -> Unheard:
        return self

    def interfaceAddresses(self, source: int) -> dict[str, dict[str, object]]:
        return {}


class Town:
    """A host that is not this machine, and whose one guest starts again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, agent: bool = False) -> None:
        monkeypatch.setattr(module, "SOONEST", 0.01)
        self.line, self.agents, self.told = Unheard(), Agents(), asyncio.Event()
        self.present = {MAC: Resident("u", agent, "1")}
        self.book = AddressBook(
            self.line, self.agents, lambda: ("lan",), lambda: self.present, lambda macs: self.told.set()  # type: ignore[arg-type]
        )  # fmt: skip

    def lease(self, expiry: int) -> None:
        self.line.leases[:] = [{"mac": MAC, "ipaddr": "10.0.0.9", "expirytime": expiry}]

    def restart(self) -> None:
        self.present = {MAC: Resident("u", self.present[MAC].agent, f"{int(self.present[MAC].run) + 1}")}

    def lookup(self) -> list[tuple[str, str]]:
        return list(self.book.lookup([MAC], self.present[MAC].run).get(MAC, ()))

    async def until(self, addresses: list[tuple[str, str]]) -> None:
        async with asyncio.timeout(5):
            while self.lookup() != addresses:
                self.told.clear()
                await self.told.wait()


async def test_br06_the_book_forgets_at_once_and_learns_of_the_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(monkeypatch)
    await town.book.begin()
    town.lease(3600)
    await town.book._read()
    assert town.lookup() == LEASED
    town.restart()
    assert town.lookup() == []
    await town.book._read()
    assert town.lookup() == []
    town.lease(3700)
    await town.until(LEASED)
    await town.book.close()


async def test_an_agent_that_was_asked_in_the_run_before_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(monkeypatch, agent=True)
    answered = town.agents.addresses

    async def late(uuid: str, timeout: float) -> Sequence[tuple[str, str]]:
        answer = await answered(uuid, timeout)
        if len(town.agents.asked) == 1:
            town.restart()
        return answer

    monkeypatch.setattr(town.agents, "addresses", late)
    town.agents.answers["u"] = [(MAC, "10.0.0.5")]
    first = town.present[MAC]
    assert await town.book._ask_agent(first) == {}
    assert town.lookup() == []
    assert await town.book._ask_agent(town.present[MAC]) == {MAC: (("10.0.0.5", "Agent"),)}
    await town.book.close()


async def test_an_agent_tells_of_no_other_guests_nics(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(monkeypatch, agent=True)
    town.present["52:54:00:00:00:02"] = Resident("other", False, "9")
    town.agents.answers["u"] = [("52:54:00:00:00:02", "10.0.0.5")]
    assert await town.book._ask_agent(town.present[MAC]) == {}
    await town.book.close()


async def test_a_lease_that_ran_out_is_no_address_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(monkeypatch)
    await town.book.begin()
    town.lease(3600)
    await town.book._read()
    assert town.lookup() == LEASED
    town.line.leases.clear()
    town.book.recheck()
    await town.until([])
    await town.book.close()


class Neighbourhood:
    """This machine's kernel: who answered when, and at whose door was knocked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.known: list[Neighbour] = []
        self.knocked: list[str] = []
        monkeypatch.setattr(neighbours, "neighbours", lambda: self.known)
        monkeypatch.setattr(neighbours, "knock", self.knocked.append)
        monkeypatch.setattr(neighbours, "now", lambda: 1000.0)
        monkeypatch.setattr(neighbours, "started", {7: 900.0, 8: 999.0}.get)


def sources(leases: list[dict[str, object]]) -> AddressReader:
    line = Unheard()
    line.leases[:] = leases  # type: ignore[assignment]
    return AddressReader(line, local=True)  # type: ignore[arg-type]


def guest(run: str, pid: int) -> dict[str, Resident]:
    return {MAC: Resident("u", False, run, pid)}


def test_br06_on_this_host_who_answers_at_an_old_lease_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Neighbourhood(monkeypatch)
    asked = sources([{"mac": MAC, "ipaddr": "10.0.0.9", "expirytime": 0}])  # for ever: nothing tells when it was given
    assert asked.read(["lan"], guest("1-7", 7), {}) == {}
    kernel.known = [Neighbour(MAC, "10.0.0.9", 998.0)]
    assert asked.read(["lan"], guest("1-7", 7), {}) == {MAC: (("10.0.0.9", "Lease"),)}
    assert asked.read(["lan"], guest("2-8", 8), {}) == {}
    assert kernel.knocked == ["10.0.0.9", "10.0.0.9"]
    kernel.known = [Neighbour(MAC, "10.0.0.9", 999.5)]
    assert asked.read(["lan"], guest("2-8", 8), {}) == {MAC: (("10.0.0.9", "Lease"),)}
    kernel.known = []  # the kernel forgets it again
    assert asked.read(["lan"], guest("2-8", 8), {}) == {MAC: (("10.0.0.9", "Lease"),)}


def test_a_quiet_guest_is_knocked_at_until_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Neighbourhood(monkeypatch)
    kernel.known = [Neighbour(MAC, "10.0.0.5", 950.0), Neighbour(MAC, "fe80::5", 999.9)]
    asked = sources([])
    assert asked.read(["lan"], guest("2-8", 8), {}) == {}
    assert kernel.knocked == ["10.0.0.5"]
    kernel.known = [Neighbour(MAC, "10.0.0.5", 999.5), Neighbour(MAC, "127.0.0.1", 999.9)]
    assert asked.read(["lan"], guest("2-8", 8), {}) == {MAC: (("10.0.0.5", "Arp"),)}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("<network><ip><dhcp><range start='a' end='b'/></dhcp></ip></network>", 3600.0),
        ("<network><ip><dhcp><range><lease expiry='2' unit='hours'/></range><range/></dhcp></ip></network>", 7200.0),
        ("<network><ip><dhcp><lease expiry='5'/><host><lease expiry='9' unit='seconds'/></host></dhcp></ip></network>", 300.0),
        ("<network><ip><dhcp><range><lease expiry='0'/></range></dhcp></ip></network>", None),
    ],
)
def test_for_how_long_a_network_leases(text: str, seconds: float | None) -> None:
    assert lease_seconds(parse_xml(text)) == seconds
