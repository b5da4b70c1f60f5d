"""Which IP addresses the host's DHCP servers gave to which MAC: one call per network, and only when somebody asks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import libvirt

from .connection import Connection
from .errors import DriverError

_log = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two readings, however often an address is missing

Leases = dict[str, tuple[tuple[str, str], ...]]


class AddressBook:
    """``changed(macs)`` is called when a reading found other addresses than before."""

    def __init__(
        self, connection: Connection, networks: Callable[[], Iterable[str]], changed: Callable[[set[str]], None]
    ) -> None:
        self._connection, self._networks, self._changed = connection, networks, changed
        self._leases: Leases = {}
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._supported = True

    def lookup(self, macs: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        """What is known now; where an address is missing, a reading is on its way."""
        found = {mac: addresses for mac in macs if (addresses := self._leases.get(mac.lower()))}
        if len(found) < len(macs):
            self.renew()
        return found

    def renew(self) -> None:
        """Starts a reading, unless one is under way or was a moment ago."""
        waiting = self._reading is not None and not self._reading.done()
        if waiting or not self._supported or time.monotonic() - self._read_at < INTERVAL or not any(self._networks()):
            return
        self._read_at = time.monotonic()
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        networks = list(self._networks())
        try:
            leases = await self._connection.run(lambda: self._read_leases(networks), "read DHCP leases")
        except DriverError as error:
            _log.info("%s", error)
            return
        before, self._leases = self._leases, leases
        different = {mac for mac in before.keys() | leases.keys() if before.get(mac) != leases.get(mac)}
        if different:
            self._changed(different)

    def _read_leases(self, networks: list[str]) -> Leases:
        """On one of the connection's threads."""
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
