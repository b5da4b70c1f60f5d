"""The kernel's table of neighbours, as netlink tells it."""

from __future__ import annotations

import ipaddress
import os
import struct

from homeostat.driver.guests import neighbours
from homeostat.driver.guests.neighbours import Neighbour, parse

REACHABLE, STALE, FAILED, NOARP = 0x02, 0x04, 0x20, 0x40
TICKS = os.sysconf("SC_CLK_TCK")


def attribute(kind: int, value: bytes) -> bytes:
    padding = bytes(-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def entry(ip: str, mac: bytes | None, state: int, seconds: int) -> bytes:
    body = struct.pack("=BxxxiHBB", 2, 3, state, 0, 0) + attribute(1, ipaddress.ip_address(ip).packed)
    body += attribute(2, mac) if mac is not None else b""
    body += attribute(3, struct.pack("=IIII", seconds * TICKS, 0, 0, 1))
    return struct.pack("=IHHII", 16 + len(body), 28, 2, 1, 0) + body


DONE = struct.pack("=IHHIII", 20, 3, 2, 1, 0, 0)
MAC = bytes.fromhex("525400000001")


def test_those_whose_mac_is_known_and_when_they_answered() -> None:
    answer = entry("192.168.1.10", MAC, REACHABLE, 5) + entry("fd00::8", MAC, STALE, 70) + DONE
    told = "52:54:00:00:00:01"
    assert parse(answer, 100.0) == ([Neighbour(told, "192.168.1.10", 95.0), Neighbour(told, "fd00::8", 30.0)], True)


def test_others_are_passed_over() -> None:
    answer = entry("10.0.0.1", MAC, FAILED, 1) + entry("10.0.0.2", MAC, NOARP, 1) + entry("10.0.0.3", None, REACHABLE, 1)
    assert parse(answer, 100.0) == ([], False)


def test_what_is_cut_off_ends() -> None:
    assert parse(entry("10.0.0.1", MAC, REACHABLE, 1) + bytes(16), 100.0)[1] is True


def test_this_kernel_answers_and_tells_when_a_program_began() -> None:
    assert isinstance(neighbours.neighbours(), list)
    began = neighbours.started(os.getpid())
    assert began is not None and 0 < began <= neighbours.now()
    neighbours.knock("127.0.0.1")
