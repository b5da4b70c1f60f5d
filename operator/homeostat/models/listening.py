"""Ports of the host that machines listen on, and which two of them collide."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine_display import Vnc
    from .machine_nics import Nic


@dataclass(frozen=True, slots=True)
class Listener:
    """A port, with the address that is listened on. ``field`` is its place in the spec, for messages."""

    field: str
    protocol: str  # tcp | udp
    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.port}/{self.protocol.upper()} on {self.address}"

    def collides(self, other: Listener) -> bool:
        return (self.protocol, self.port) == (other.protocol, other.port) and covers(self.address, other.address)


def covers(one: str, other: str) -> bool:
    """Tells whether two addresses collide on one port: they are the same, or one of them stands for all addresses of the host.

    ``::`` stands for the IPv4 addresses too: QEMU listens on both families there.
    """
    first, second = _plain(one), _plain(other)
    if first == second:
        return True
    wide = [address for address in (first, second) if address.is_unspecified]
    return any(address.version == 6 for address in wide) or (bool(wide) and first.version == second.version)


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Reads an address that others may have written. A name other than localhost may stand for any address, and so does none at
    all."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        found = ipaddress.ip_address("127.0.0.1" if address == "localhost" else "0.0.0.0")  # noqa: S104 - compared only
    return getattr(found, "ipv4_mapped", None) or found


def listeners(nics: Sequence[Nic], vnc: Vnc) -> Iterator[Listener]:
    """Yields the ports of forwards, and of a VNC server whose port is given."""
    for nic in nics:
        for forward in nic.user.forwards if nic.user else ():
            field = f"nics[{nic.name}]: host port"
            yield Listener(field, forward.protocol.lower(), forward.host_address, forward.host_port)
    if vnc.enabled and vnc.address and vnc.port is not None:
        yield Listener("display.vnc: port", "tcp", vnc.address, vnc.port)


def first_collision(found: Sequence[Listener]) -> tuple[Listener, Listener] | None:
    """Returns the second of two ports that collide, and then the first."""
    for place, listener in enumerate(found):
        for earlier in found[:place]:
            if listener.collides(earlier):
                return listener, earlier
    return None
