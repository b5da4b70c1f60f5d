"""Which IP addresses belong to which MAC in this run of its guest: by the leases of libvirt's DHCP servers, with one call per
network. Without a lease, by the guest's agent, or by the host's ARP table. What is left of an earlier run does not count
(earlier.py).

There are no events for any of these. So addresses are polled while a guest lacks one: every second at first, then more and more
rarely.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from homeostat.planner.observed import same_run

from ..connection.connection import LibvirtConnection
from ..errors import DriverError
from ..tasks import Keep, attended, once
from .address_reading import ASKED_AT_ONCE, Addresses, AddressReader, Resident, leads_there
from .agent import Agent

_log = logging.getLogger(__name__)

SOONEST, LATEST = 1.0, 30.0  # seconds between two readings, until somebody new asks
GROWTH = 1.25  # from one reading to the next: at the latest, an address is found 1 s and a quarter of the boot time late
GIVES_WAY = 5.0  # seconds that a reading waits at most while others wait for libvirt
ASKED_AGAIN = 4  # guests without a lease whose addresses each call of recheck reads again
AGENT_SECONDS = 5.0  # for its answer


class AddressBook:
    """The addresses of one host's guests. ``changed(macs)`` is called when a reading found other addresses than before.
    ``present()`` returns the guests that run, by MAC in lower case: no other address is waited for."""

    def __init__(
        self,
        connection: LibvirtConnection,
        agents: Agent,
        networks: Callable[[], Iterable[str]],
        present: Callable[[], Mapping[str, Resident]],
        changed: Callable[[set[str]], None],
        keep: Keep = once,
        local: bool = False,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        """Takes ``local``: whether the host is this machine. ``crowded``: whether others wait for libvirt."""
        self._keep, self._crowded = keep, crowded
        self._connection, self._agents = connection, agents
        self._reader = AddressReader(connection, local)
        self._reading = asyncio.Lock()
        self._networks, self._present, self._changed = networks, present, changed
        self._known: Addresses = {}
        self._runs: dict[str, str] = {}  # MAC -> the run in which its addresses were found
        self._recalled: set[str] = set()  # MACs whose addresses come from an earlier operator: we have not asked about them yet
        self._missing: set[tuple[str, str]] = set()  # MAC and run
        self._asked = asyncio.Event()
        self._interval = SOONEST
        self._polling: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None  # takes as long as the guests take

    def lookup(self, macs: Sequence[str], run: str | None = None) -> Addresses:
        """Returns what is known now of this run of a guest (None: of the present one). A missing address is polled for from now
        on. So is one that only the ARP table gave, which may belong to another guest of that MAC."""
        if run is None:
            present = self._present()
            run = next((present[mac.lower()].run for mac in macs if mac.lower() in present), "")
        found = {mac: told for mac in macs if (told := self._known.get(mac.lower())) and same_run(self._runs[mac.lower()], run)}
        new = {(mac.lower(), run) for mac in macs if mac not in found or self._lacks(mac.lower())} - self._missing
        if new and self._reader.supported:
            self._missing |= new
            self.renew()
        return found

    def recall(self, run: str, told: Addresses) -> None:
        """Takes what an earlier operator knew of this run of a guest. It counts where we know nothing, until the next reading,
        which comes soon."""
        for mac, found in told.items():
            if mac not in self._known or not same_run(self._runs[mac], run):
                self._known[mac], self._runs[mac] = found, run
                self._recalled.add(mac)

    async def begin(self) -> None:
        """Reads once before anybody asks, so that no guest seems to have lost its address. Then does what ``renew`` does."""
        if self._reader.supported:
            await self._read()
        self.renew()

    def renew(self) -> None:
        """Reads again as soon as possible, and often from then on."""
        if not self._reader.supported:
            return
        self._interval = SOONEST
        self._asked.set()
        if self._polling is None or self._polling.done():
            polling = self._keep("addresses", self._poll, may_end=True)
            self._polling = asyncio.get_running_loop().create_task(polling, name="addresses")

    def recheck(self) -> None:
        """Reads the leases again, which may have expired, and asks some of the guests without a lease. Their addresses may have
        changed, or be leased now, and no event tells that. It asks a few at a time, so that the cost does not grow with their
        number."""
        if self._asking is None or self._asking.done():
            self._asking = attended(asyncio.get_running_loop().create_task(self._ask_again(), name="addresses anew"))

    async def close(self) -> None:
        tasks = [task for task in (self._polling, self._asking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _poll(self) -> None:
        """Polls until no guest lacks an address."""
        while self._reader.supported:
            self._asked.clear()
            await self._give_way()
            await self._read()
            if self._asking is None or self._asking.done():
                asking = asyncio.get_running_loop().create_task(self._ask_agents(), name="addresses by agent")
                self._asking = attended(asking)
            self._missing &= {(mac, r.run) for mac, r in self._present().items() if self._lacks(mac)}
            if not self._missing and not self._asked.is_set():
                return
            await self._pause()

    async def _give_way(self) -> None:
        """Lets others go first for a while: where many guests are started at once, they have no address yet."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVES_WAY):
                while self._crowded():  # noqa: ASYNC110 - nobody tells when it ends
                    await asyncio.sleep(SOONEST / 4)

    async def _pause(self) -> None:
        await asyncio.sleep(SOONEST)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._interval - SOONEST):
                await self._asked.wait()
                return
        self._interval = min(self._interval * GROWTH, LATEST)

    async def _read(self) -> None:
        async with self._reading:
            networks, present = list(self._networks()), dict(self._present())
            known, recalled = self._still(present), frozenset(self._recalled)
            try:
                read = await self._connection.run(lambda: self._reader.read(networks, present, known, recalled), "read addresses")
            except DriverError as error:
                _log.info("%s", error)
                return
            # An agent may have answered in the meantime. A lease that was recalled during the reading waits for the next one.
            standing = {m: f for m, f in self._still(present).items() if _origin(f) != "Lease" or m in self._recalled - recalled}
            self._recalled -= read.keys()
            self._learn({**standing, **read}, present)

    def _still(self, present: Mapping[str, Resident]) -> Addresses:
        """Returns what is known of those, each in that run of its guest."""
        return {m: told for m, told in self._known.items() if m in present and same_run(self._runs[m], present[m].run)}

    def _learn(self, told: Addresses, present: Mapping[str, Resident]) -> None:
        """Takes what was found. It belongs to the guests in ``present``."""
        before, self._known = self._known, told
        self._runs = {mac: present[mac].run for mac in told}
        self._recalled &= told.keys()
        different = {mac for mac in before.keys() | told.keys() if before.get(mac) != told.get(mac)}
        if different:
            self._changed(different)

    async def _ask_agents(self) -> None:
        """Asks the agents of the guests that have one and no lease."""
        present = self._present()
        known = self._still(present).keys() - self._recalled
        lacking = {resident.uuid: resident for mac, resident in present.items() if resident.agent and mac not in known}
        # At random, so that those that never answer do not keep the others from being asked.
        asked = random.sample(sorted(lacking), min(ASKED_AT_ONCE, len(lacking)))
        found = await asyncio.gather(*(self._ask_agent(lacking[uuid]) for uuid in asked))
        known = self._still(self._present()).keys() - self._recalled  # a lease may have come
        self._add({mac: told for answer in found for mac, told in answer.items() if mac not in known})

    def _add(self, answered: Addresses) -> None:
        present = dict(self._present())
        self._recalled -= answered.keys()
        self._learn({**self._still(present), **{mac: told for mac, told in answered.items() if mac in present}}, present)

    async def _ask_again(self) -> None:
        """Asks some agents again. An answer that fails changes nothing."""
        if any(_origin(found) in ("Lease", "Agent") for found in self._known.values()):
            await self._read()
        vague = {mac: r for mac, r in self._present().items() if _origin(self._known.get(mac)) in ("Agent", "Arp")}
        chosen = dict(random.sample(sorted(vague.items(), key=lambda item: item[0]), min(ASKED_AGAIN, len(vague))))
        found = await asyncio.gather(*(self._ask_agent(resident) for resident in chosen.values() if resident.agent))
        quiet = {mac: resident for mac, resident in chosen.items() if not resident.agent}
        if quiet:
            try:
                async with self._reading:
                    found.append(await self._connection.run(lambda: self._reader.ask_arp(quiet), "read addresses by ARP"))
            except DriverError as error:
                _log.info("%s", error)
        answered = {mac: addresses for answer in found for mac, addresses in answer.items()}
        self._add({mac: told for mac, told in answered.items() if _origin(self._known.get(mac)) != "Lease"})

    def _lacks(self, mac: str) -> bool:
        """Tells whether an address is missing: nothing is known, or only what an earlier operator or the ARP table says."""
        return mac in self._recalled or _origin(self._known.get(mac)) in ("", "Arp")

    async def _ask_agent(self, resident: Resident) -> Addresses:
        """Returns the addresses that the agent gives. Empty where the guest is in another run by the time it answers."""
        try:
            answered = await self._agents.addresses(resident.uuid, AGENT_SECONDS)
        except (DriverError, TimeoutError) as error:
            _log.debug("no addresses of %s by its agent: %s", resident.uuid, error)  # ask again later
            return {}
        runs = {mac: r.run for mac, r in self._present().items() if r.uuid == resident.uuid and same_run(r.run, resident.run)}
        return {mac: told for mac, told in _by_mac(answered, "Agent").items() if mac in runs}


def _origin(addresses: Sequence[tuple[str, str]] | None) -> str:
    return addresses[0][1] if addresses else ""


def _by_mac(pairs: Iterable[tuple[str, str]], origin: str) -> Addresses:
    """Groups addresses by MAC. Link-local addresses lead nowhere, and are left out."""
    found: dict[str, list[tuple[str, str]]] = {}
    for mac, ip in pairs:
        if leads_there(ip):
            found.setdefault(mac.lower(), []).append((ip, origin))
    return {mac: tuple(addresses) for mac, addresses in found.items()}
