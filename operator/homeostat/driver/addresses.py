"""Which IP addresses belong to which MAC: by the leases of libvirt's DHCP servers, one call per network; where there
is none, by the guest's agent, or by the host's ARP table.

None of these announces itself, so addresses are looked for while somebody lacks one: every second at first, ever less often.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import libvirt

from .agent import Agent
from .connection import Connection
from .errors import DriverError
from .survey import is_local
from .tasks import Keep, attended, once

_log = logging.getLogger(__name__)

SOONEST, LATEST = 1.0, 30.0  # seconds between two readings, until somebody new asks
GROWTH = 1.25  # from one reading to the next: an address is found at most a second and a quarter of the guest's boot late
ASKED_AT_ONCE = 16  # guests without a lease that are asked in one reading, each with a call of its own
ASKED_ANEW = 4  # guests without a lease whose addresses are looked at again, each time that recheck is called
ATF_COM = 0x02  # linux/if_arp.h: a completed entry
AGENT_SECONDS = 5.0  # for its answer

Leases = dict[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Resident:
    """Whose a MAC is: a guest that runs, and whether its agent listens."""

    uuid: str
    agent: bool


class AddressBook:
    """``changed(macs)`` is called when a reading found other addresses than before. ``present()`` are the guests that run, by
    MAC in lower case: nobody else's address is waited for."""

    def __init__(
        self,
        connection: Connection,
        agents: Agent,
        networks: Callable[[], Iterable[str]],
        present: Callable[[], Mapping[str, Resident]],
        changed: Callable[[set[str]], None],
        keep: Keep = once,
    ) -> None:
        self._keep = keep
        self._connection, self._agents = connection, agents
        self._networks, self._present, self._changed = networks, present, changed
        self._leases: Leases = {}
        self._missing: set[str] = set()
        self._asked = asyncio.Event()
        self._interval = SOONEST
        self._polling: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None  # what takes as long as guests like
        self._supported = True

    def lookup(self, macs: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        """What is known now; where an address is missing, it is looked for from here on. So is a better one than the ARP table's,
        which may speak of an earlier guest of that MAC."""
        found = {mac: addresses for mac in macs if (addresses := self._leases.get(mac.lower()))}
        new = {mac.lower() for mac in macs if _is_vague(found.get(mac))} - self._missing
        if new and self._supported:
            self._missing |= new
            self.renew()
        return found

    async def begin(self) -> None:
        """Reads once before anybody looks, so that no guest seems to have lost its address; then as ``renew`` does."""
        if self._supported:
            await self._read()
        self.renew()

    def renew(self) -> None:
        """Reads anew as soon as may be, and often again from then on."""
        if not self._supported:
            return
        self._interval = SOONEST
        self._asked.set()
        if self._polling is None or self._polling.done():
            polling = self._keep("addresses", self._poll, may_end=True)
            self._polling = asyncio.get_running_loop().create_task(polling, name="addresses")

    def recheck(self) -> None:
        """Asks some of the guests anew for whom no lease speaks: their addresses may be others by now, or leased, and nobody
        tells. A few at a time, so that this costs the same however many there are."""
        if self._asking is None or self._asking.done():
            self._asking = attended(asyncio.get_running_loop().create_task(self._ask_again(), name="addresses anew"))

    async def close(self) -> None:
        tasks = [task for task in (self._polling, self._asking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _poll(self) -> None:
        """Until nobody lacks an address."""
        while self._supported:
            self._asked.clear()
            await self._read()
            if self._asking is None or self._asking.done():
                asking = asyncio.get_running_loop().create_task(self._ask_agents(), name="addresses by agent")
                self._asking = attended(asking)
            self._missing &= {mac for mac in self._present() if _is_vague(self._leases.get(mac))}
            if not self._missing and not self._asked.is_set():
                return
            await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(SOONEST)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._interval - SOONEST):
                await self._asked.wait()
                return
        self._interval = min(self._interval * GROWTH, LATEST)

    async def _read(self) -> None:
        networks = list(self._networks())
        present = self._present()
        try:
            read = await self._connection.run(lambda: self._read_all(networks, present), "read addresses")
        except DriverError as error:
            _log.info("%s", error)
            return
        kept = {mac: found for mac, found in self._leases.items() if mac in present and found[0][1] != "Lease"}
        self._learn({**kept, **read})

    def _learn(self, leases: Leases) -> None:
        before, self._leases = self._leases, leases
        different = {mac for mac in before.keys() | leases.keys() if before.get(mac) != leases.get(mac)}
        if different:
            self._changed(different)

    async def _ask_agents(self) -> None:
        """Those of guests that have an agent and no lease."""
        lacking = sorted({r.uuid for mac, r in self._present().items() if r.agent and mac not in self._leases})
        # By chance, so that those that never answer do not keep the others from being asked.
        asked = random.sample(lacking, min(ASKED_AT_ONCE, len(lacking)))
        found = await asyncio.gather(*map(self._ask_agent, asked))
        new = {mac: addresses for answer in found for mac, addresses in answer.items() if mac not in self._leases}
        self._learn({**self._leases, **new})

    async def _ask_again(self) -> None:
        """An answer that fails leaves what was known."""
        if any(_source(found) == "Agent" for found in self._leases.values()):
            await self._read()
        told = [resident for mac, resident in self._present().items() if _source(self._leases.get(mac)) in ("Agent", "Arp")]
        chosen = random.sample(told, min(ASKED_ANEW, len(told)))
        found = await asyncio.gather(*(self._ask_agent(resident.uuid) for resident in chosen if resident.agent))
        quiet = [resident.uuid for resident in chosen if not resident.agent]
        if quiet:
            try:
                found += await self._connection.run(lambda: [self._ask_arp(uuid) for uuid in quiet], "read addresses by ARP")
            except DriverError as error:
                _log.info("%s", error)
        answered = {mac: addresses for answer in found for mac, addresses in answer.items()}
        leased = {mac for mac in answered if _source(self._leases.get(mac)) == "Lease"}
        self._learn({**self._leases, **{mac: told for mac, told in answered.items() if mac not in leased}})

    async def _ask_agent(self, uuid: str) -> Leases:
        try:
            answered = await self._agents.addresses(uuid, AGENT_SECONDS)
        except (DriverError, TimeoutError) as error:
            _log.debug("no addresses of %s by its agent: %s", uuid, error)  # asked again later
            return {}
        return _by_mac(answered, "Agent")

    def _read_all(self, networks: list[str], present: Mapping[str, Resident]) -> Leases:
        """On one of the connection's threads."""
        leases, known = self._read_leases(networks), self._leases
        lacking = {r.uuid for mac, r in present.items() if not r.agent and mac not in leases and mac not in known}
        by_arp: Leases = {}
        for uuid in islice(sorted(lacking), ASKED_AT_ONCE if self._supported else 0):
            by_arp |= self._ask_arp(uuid)
        return by_arp | leases

    def _ask_arp(self, uuid: str) -> Leases:
        handle, request = self._connection.handle, self._connection.request
        source = libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP
        try:
            interfaces = request(request(handle.lookupByUUIDString, uuid).interfaceAddresses, source)
        except libvirt.libvirtError as error:
            _log.debug("no addresses of %s by ARP: %s", uuid, error)  # it ended: asked again later
            # libvirt 9.0 stumbles over some tables ("wrong nlmsg len"), which the kernel shows as text, too.
            macs = {mac for mac, resident in self._present().items() if resident.uuid == uuid}
            return _by_mac(local_arp(macs), "Arp") if is_local(self._connection.uri) else {}
        cards = ((i["hwaddr"], i["addrs"] or ()) for i in interfaces.values() if i["hwaddr"])
        return _by_mac(((str(mac), str(address["addr"])) for mac, addresses in cards for address in addresses), "Arp")

    def _read_leases(self, networks: list[str]) -> Leases:
        leases: dict[str, list[tuple[str, str]]] = {}
        handle, request = self._connection.handle, self._connection.request
        for name in networks:
            try:
                for lease in request(request(handle.networkLookupByName, name).DHCPLeases):
                    leases.setdefault(str(lease["mac"]).lower(), []).append((str(lease["ipaddr"]), "Lease"))
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
                    self._supported = False  # the test driver
                elif error.get_error_code() not in (libvirt.VIR_ERR_NO_NETWORK, libvirt.VIR_ERR_OPERATION_INVALID):
                    raise  # a network that went down meanwhile has no leases
        return {mac: tuple(addresses) for mac, addresses in leases.items()}


def local_arp(macs: Collection[str], table: Path = Path("/proc/net/arp")) -> list[tuple[str, str]]:
    """(MAC, IPv4 address) of the complete entries of this host's ARP table that are theirs. Its format: ``man 5 proc``."""
    found = []
    for line in table.read_text(encoding="ascii").splitlines()[1:]:
        address, _, flags, mac, *_ = line.split()
        if mac.lower() in macs and int(flags, 16) & ATF_COM:
            found.append((mac, address))
    return found


def _source(addresses: Sequence[tuple[str, str]] | None) -> str:
    return addresses[0][1] if addresses else ""


def _is_vague(addresses: Sequence[tuple[str, str]] | None) -> bool:
    """Nothing, or what the ARP table says."""
    return _source(addresses) in ("", "Arp")


def _by_mac(pairs: Iterable[tuple[str, str]], source: str) -> Leases:
    """Link-local addresses lead nowhere, and are passed over."""
    found: dict[str, list[tuple[str, str]]] = {}
    for mac, ip in pairs:
        if _leads_there(ip):
            found.setdefault(mac.lower(), []).append((ip, source))
    return {mac: tuple(addresses) for mac, addresses in found.items()}


def _leads_there(address: str) -> bool:
    found = ipaddress.ip_address(address)
    return not (found.is_loopback or found.is_link_local or found.is_unspecified)
