"""Where no image is fetched from: by any spelling of the address, and before anything is sent there."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.driver.errors import Refused
from homeostat.driver.storage import Storage
from homeostat.driver.storage.images.peers import check_address
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import ImagePhase
from tests.unit.images import fetch

METADATA = ["169.254.169.254", "169.254.0.23", "169.254.42.42", "100.100.100.200", "168.63.129.16", "192.0.0.192"]
V6 = ["fe80::1", "fe80::a9fe:a9fe%eth0", "fd00:ec2::254", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42"]


def forms(address: str) -> list[str]:
    """As IPv6 carries an IPv4 address."""
    number = int(ipaddress.IPv4Address(address))
    high, low = number >> 16, number & 0xFFFF
    other = number ^ 0xFFFFFFFF
    eight = f"{number:08x}"
    return [
        f"::ffff:{address}",
        f"::{address}",
        f"::ffff:0:{address}",
        f"64:ff9b::{address}",
        f"64:ff9b:1::{address}",
        f"64:ff9b:1:{eight[:4]}:{eight[4:6]}:{eight[6:]}00::",
        f"2002:{high:x}:{low:x}::1",
        f"2002:{high:x}:{low:x}:1:2:3:4:5",
        f"2001:0:{high:x}:{low:x}::1",
        f"2001:0:102:304:0:0:{other >> 16:x}:{other & 0xFFFF:x}",
        f"fd12::5efe:{address}",
        f"2001:db8::200:5efe:{address}",
    ]


@pytest.mark.parametrize("address", [*METADATA, *V6, *(form for address in METADATA for form in forms(address))])
def test_security_16_it_is_refused(address: str) -> None:
    for spelled in (address, f"[{address}]"):
        with pytest.raises(Refused, match="cloud metadata"):
            check_address(spelled, "x")


@settings(max_examples=50)
@given(st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_security_16_all_that_is_link_local(address: ipaddress.IPv4Address) -> None:
    for form in (str(address), *forms(str(address))):
        with pytest.raises(Refused):
            check_address(form, "x")


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "10.0.0.1", "127.0.0.1", "::1", "2606:2800:220:1::1", "fd00:1::1", "example.org"]
)
def test_others_are_not(address: str) -> None:
    check_address(address, "x")
    if ":" not in address and address[0].isdigit():
        for form in forms(address):
            check_address(form, "x")


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path, None)
    yield storage
    await storage.close()


async def test_security_16_the_peer_is_checked_before_anything_is_sent(storage: Storage, tmp_path: Path) -> None:
    """A name that leads to another address by the time of the connection."""
    received = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    local = ipaddress.ip_network("127.0.0.0/8")
    looked_up = asyncio.Event()

    async def harmless(*_: object, **__: object) -> list[tuple[object, ...]]:
        looked_up.set()
        return [(2, 1, 6, "", ("93.184.216.34", 0))]

    async with server:
        with (
            patch("homeostat.driver.storage.images.peers._REFUSED", (local,)),
            patch("homeostat.driver.storage.images.fetch._addresses", harmless),
        ):
            found = await fetch(storage, ImageRef(f"http://localhost:{port}/disk.img"), tmp_path)
    assert looked_up.is_set()
    assert found.phase is ImagePhase.FAILED and found.permanent
    assert "nothing is fetched from 127.0.0.1" in found.error
    assert not received
