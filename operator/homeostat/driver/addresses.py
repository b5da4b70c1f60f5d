"""Which IP addresses the host's DHCP servers gave to which MAC: one call per network, and only while somebody lacks one.

A lease announces itself to nobody, so it has to be looked for: every second at first, ever less often while none comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import libvirt

from .connection import Connection
from .errors import DriverError

_log = logging.getLogger(__name__)

SOONEST, LATEST = 1.0, 30.0  # seconds between two readings; doubling until somebody new asks

Leases = dict[str, tuple[tuple[str, str], ...]]


class AddressBook:
    """``changed(macs)`` is called when a reading found other addresses than before. ``present()`` are the MACs of the guests
    that run, in lower case: nobody else's address is waited for."""

    def __init__(
        self,
        connection: Connection,
        networks: Callable[[], Iterable[str]],
        present: Callable[[], Collection[str]],
        changed: Callable[[set[str]], None],
    ) -> None:
        self._connection, self._networks, self._present, self._changed = connection, networks, present, changed
        self._leases: Leases = {}
        self._missing: set[str] = set()
        self._asked = asyncio.Event()
        self._interval = SOONEST
        self._polling: asyncio.Task[None] | None = None
        self._supported = True

    def lookup(self, macs: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        """What is known now; where an address is missing, it is looked for from here on."""
        found = {mac: addresses for mac in macs if (addresses := self._leases.get(mac.lower()))}
        new = {mac.lower() for mac in macs if mac not in found} - self._missing
        if new and self._supported:
            self._missing |= new
            self.renew()
        return found

    def renew(self) -> None:
        """Reads anew as soon as may be, and often again from then on."""
        if not self._supported:
            return
        self._interval = SOONEST
        self._asked.set()
        if self._polling is None or self._polling.done():
            self._polling = asyncio.get_running_loop().create_task(self._poll(), name="addresses")

    async def close(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    async def _poll(self) -> None:
        """Until nobody lacks an address."""
        while self._supported:
            self._asked.clear()
            await self._read()
            self._missing &= set(self._present()) - self._leases.keys()
            if not self._missing and not self._asked.is_set():
                return
            await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(SOONEST)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._interval - SOONEST):
                await self._asked.wait()
                return
        self._interval = min(self._interval * 2, LATEST)

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
