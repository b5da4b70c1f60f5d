"""Which MAC answers at which address, as this host's kernel knows it: its ARP table (IPv4) and neighbour cache (IPv6), by
netlink.

Message formats: ``man 7 rtnetlink``, linux/neighbour.h.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_RTM_GETNEIGH, _DUMP = 30, 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NDA_DST, _NDA_LLADDR, _NDA_CACHEINFO = 1, 2, 3
_VALID = 0x02 | 0x04 | 0x08 | 0x10 | 0x80  # NUD_REACHABLE, STALE, DELAY, PROBE, PERMANENT: its MAC is known
_HEADER, _NEIGHBOUR, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BxxxiHBB"), struct.Struct("=HH")
_TICKS = os.sysconf("SC_CLK_TCK")  # per second, as the kernel reports times
_DISCARD = 9  # the port of RFC 863, where nobody listens
_BUFFER = 1 << 18


@dataclass(frozen=True, slots=True)
class Neighbour:
    mac: str  # in lower case
    ip: str
    at: float  # when it answered last, on the clock of ``now``


def now() -> float:
    """Returns the seconds since this host booted. Changes of the clock do not affect them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def started(pid: int) -> float | None:
    """Returns when that program began, on the clock of ``now``; None where it has ended."""
    try:
        # Its name, in brackets, may hold anything (man 5 proc). The rest begins with the third field, and this is the 22nd.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return int(fields[19]) / _TICKS
    except (OSError, ValueError, IndexError):
        return None


def neighbours() -> list[Neighbour]:
    """Returns all entries that this network namespace knows. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as line:
        line.settimeout(1.0)
        length = _HEADER.size + _NEIGHBOUR.size
        line.send(_HEADER.pack(length, _RTM_GETNEIGH, _DUMP, 1, 0) + _NEIGHBOUR.pack(0, 0, 0, 0, 0))
        found: list[Neighbour] = []
        while True:
            heard, done = parse(line.recv(_BUFFER), now())
            found += heard
            if done:
                return found


def parse(answer: bytes, at: float) -> tuple[list[Neighbour], bool]:
    """Returns the entries of one answer that came at that time, and whether it is the last."""
    found: list[Neighbour] = []
    while len(answer) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(answer)
        if kind in (_NLMSG_ERROR, _NLMSG_DONE) or length < _HEADER.size:
            return found, True
        _, _, state, _, _ = _NEIGHBOUR.unpack_from(answer, _HEADER.size)
        facts = dict(_attributes(answer[_HEADER.size + _NEIGHBOUR.size : length]))
        if state & _VALID and len(facts.get(_NDA_LLADDR, b"")) == 6 and {_NDA_DST, _NDA_CACHEINFO} <= facts.keys():
            (confirmed,) = struct.unpack_from("=I", facts[_NDA_CACHEINFO])
            ip = str(ipaddress.ip_address(facts[_NDA_DST]))
            found.append(Neighbour(facts[_NDA_LLADDR].hex(":"), ip, at - confirmed / _TICKS))
        answer = answer[_aligned(length) :]
    return found, False


def _attributes(text: bytes) -> Iterator[tuple[int, bytes]]:
    while len(text) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(text)
        if length < _ATTRIBUTE.size:
            return
        yield kind, text[_ATTRIBUTE.size : length]
        text = text[_aligned(length) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def knock(ip: str) -> None:
    """Makes the kernel ask who is there, with an empty datagram that nobody reads. The answer is in its table seconds later."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as line:  # no route: then nobody is there
        line.setblocking(False)
        line.sendto(b"", (ip, _DISCARD))
