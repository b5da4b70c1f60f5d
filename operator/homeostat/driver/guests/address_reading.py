"""Reads what a host's DHCP servers and its ARP table say about the guests that run, each address in its run. It works on the
connection's threads, with one reading at a time."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

import libvirt

from ..connection.connection import LibvirtConnection
from ..xml import parse_xml
from ..xml.network.lease import lease_seconds
from . import neighbours
from .earlier import HostAddress, Runs

_log = logging.getLogger(__name__)

ASKED_AT_ONCE = 16  # guests without a lease that are asked about in one reading, with one call each

Addresses = dict[str, tuple[tuple[str, str], ...]]  # MAC in lower case -> (ip, source)


@dataclass(frozen=True, slots=True)
class Resident:
    """The owner of a MAC: a guest that runs, whether its agent listens, and which run of it this is."""

    uuid: str
    agent: bool
    run: str = ""
    pid: int | None = None  # of its QEMU, where that is a program of this host


class AddressReader:
    """Reads addresses. ``local``: the host is this machine, whose kernel can be asked. ``supported``: the driver has leases at
    all."""

    def __init__(self, connection: LibvirtConnection, local: bool) -> None:
        self._connection, self._local = connection, local
        self._runs = Runs(neighbours.started, neighbours.now)
        self._lease_seconds: dict[str, float | None] = {}  # by network
        self.supported = True

    def read(
        self, networks: Iterable[str], present: Mapping[str, Resident], known: Addresses, recalled: Collection[str] = ()
    ) -> Addresses:
        """Reads the addresses of the guests in ``present``. ``known`` holds what is known of their runs. What is known of the
        ``recalled`` ones comes from an earlier operator: a lease among it counts without a renewal. Guests without a lease, an
        agent or another known address are looked up in the ARP table."""
        self._runs.meet((mac, resident.run, resident.pid) for mac, resident in present.items())
        leases, heard = self._leases(networks), self._heard(present)
        found: Addresses = {}
        for mac in present:
            ips = self._runs.of_this_run(mac, "Lease", leases.get(mac, ()))
            leased = [ip for ip, table in known.get(mac, ()) if table == "Lease"]
            if ips := [*ips, *self._runs.confirm(mac, "Lease", [*heard.get(mac, ()), *leased])]:
                found[mac] = tuple((ip, "Lease") for ip in ips)
            elif self._local:
                for ip in {*self._runs.left(mac, "Lease"), *self._runs.left(mac, "Arp")}:
                    neighbours.knock(ip)  # a guest that is there answers, and then the address counts
        settled = {mac for mac, told in known.items() if told[0][1] != "Lease" and mac not in recalled}
        lacking = {mac: r for mac, r in present.items() if not r.agent and mac not in found and mac not in settled}
        return self._by_arp(lacking, heard) | found

    def ask_arp(self, residents: Mapping[str, Resident]) -> Addresses:
        """Reads what the ARP table says about these."""
        return self._by_arp(residents, self._heard(residents))

    def _by_arp(self, residents: Mapping[str, Resident], heard: dict[str, list[str]]) -> Addresses:
        """Asks libvirt about those that are not in ``heard``. An address that answers, and was leased to an earlier run, counts
        as leased."""
        silent = sorted({resident.uuid for mac, resident in residents.items() if mac not in heard})
        for uuid in islice(silent, ASKED_AT_ONCE if self.supported else 0):
            told = self._told_by_libvirt(uuid)
            for mac in [mac for mac, resident in residents.items() if resident.uuid == uuid]:
                heard[mac] = self._runs.of_this_run(mac, "Arp", told.get(mac, ()))
        found: Addresses = {}
        for mac in residents:
            ips = [ip for ip in heard.get(mac, ()) if leads_there(ip) and ":" not in ip]
            leased = self._runs.confirm(mac, "Lease", ips)
            if ips:
                found[mac] = tuple((ip, "Lease" if ip in leased else "Arp") for ip in ips)
        return found

    def _heard(self, residents: Mapping[str, Resident]) -> dict[str, list[str]]:
        """Returns, by MAC, the addresses that answered in this run, as this host's kernel knows them. MACs unknown to the kernel
        are left out."""
        if not self._local:
            return {}
        told: dict[str, list[HostAddress]] = defaultdict(list)
        try:
            for one in neighbours.neighbours():
                if one.mac in residents:
                    told[one.mac].append(HostAddress(one.ip, 0.0, one.at))
        except OSError as error:
            _log.debug("the kernel's table of neighbours: %s", error)
        return {mac: self._runs.of_this_run(mac, "Arp", told[mac]) for mac in told}

    def _told_by_libvirt(self, uuid: str) -> dict[str, list[HostAddress]]:
        handle, request = self._connection.handle, self._connection.request
        table = libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP
        try:
            interfaces = request(request(handle.lookupByUUIDString, uuid).interfaceAddresses, table)
        except libvirt.libvirtError as error:
            _log.debug("no addresses of %s by ARP: %s", uuid, error)  # it ended: ask again later
            return {}
        cards = [card for card in interfaces.values() if card["hwaddr"]]
        return {str(c["hwaddr"]).lower(): [HostAddress(str(a["addr"]), 0.0) for a in c["addrs"] or ()] for c in cards}

    def _leases(self, networks: Iterable[str]) -> dict[str, list[HostAddress]]:
        leases: dict[str, list[HostAddress]] = {}
        handle, request = self._connection.handle, self._connection.request
        for name in networks:
            try:
                network = request(handle.networkLookupByName, name)
                for lease in request(network.DHCPLeases):
                    expiry = float(lease.get("expirytime", 0))
                    told = HostAddress(str(lease["ipaddr"]), expiry, self._given(name, network, expiry))
                    leases.setdefault(str(lease["mac"]).lower(), []).append(told)
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
                    self.supported = False  # the test driver
                elif error.get_error_code() not in (libvirt.VIR_ERR_NO_NETWORK, libvirt.VIR_ERR_OPERATION_INVALID):
                    raise  # a network that went down meanwhile has no leases
        return leases

    def _given(self, name: str, network: libvirt.virNetwork, expiry: float) -> float | None:
        """Returns the latest time at which the lease was given, in seconds since this host booted. Expiry times are whole
        seconds."""
        if not self._local or not expiry:
            return None
        if name not in self._lease_seconds:
            self._lease_seconds[name] = lease_seconds(parse_xml(str(self._connection.request(network.XMLDesc, 0))))
        lasts = self._lease_seconds[name]
        return None if lasts is None else neighbours.now() - (time.time() - (expiry + 1 - lasts))


def leads_there(address: str) -> bool:
    """Tells whether packets to the address arrive there. Link-local addresses do not lead anywhere."""
    found = ipaddress.ip_address(address)
    return not (found.is_loopback or found.is_link_local or found.is_unspecified)
