"""Calls at the same time share no connection, and what one of them makes the others see."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homeostat.driver.connection.connection import REQUESTS, LibvirtConnection
from tests.libvirt.hosts import isolated_uri
from tests.rig.libvirtd import Libvirtd

DOMAIN = "<domain type='{type}'><name>seen-by-all</name><memory>8192</memory><os><type>hvm</type></os></domain>"


async def listed() -> None:
    """Has nothing to list."""


@pytest.fixture(params=["qemu", "test"])
async def connection(request: pytest.FixtureRequest, libvirtd: Libvirtd, tmp_path: Path) -> AsyncIterator[LibvirtConnection]:
    """Yields one to a daemon. Each connection to its test driver would be a host of its own."""
    test = f"{isolated_uri(tmp_path).replace('test:', 'test+unix:')}?socket={libvirtd.socket}"
    connection = LibvirtConnection(test if request.param == "test" else libvirtd.uri, listed, lambda error: None)
    await connection.start()
    yield connection
    await connection.close()


async def at_once(connection: LibvirtConnection, job: Any) -> list[Any]:
    """Returns what a job returns on each of the connection's threads."""
    together = threading.Barrier(REQUESTS)

    def on_one() -> Any:
        together.wait(30)
        return job()

    calls = [connection.run(on_one) for _ in range(REQUESTS)]
    return [await call for call in [*map(asyncio.ensure_future, calls)]]


async def test_each_has_its_own_where_that_is_the_same_host(connection: LibvirtConnection) -> None:
    handles = await at_once(connection, lambda: connection.handle)
    shared = connection.uri.startswith("test")
    assert len({id(handle) for handle in handles}) == (1 if shared else REQUESTS)
    assert (connection.main in handles) == shared
    assert await at_once(connection, connection.alive) == [True] * REQUESTS


async def test_what_one_makes_all_see(connection: LibvirtConnection) -> None:
    kind = "test" if connection.uri.startswith("test") else "qemu"
    made = await connection.run(lambda: connection.handle.defineXML(DOMAIN.format(type=kind)).UUIDString())
    assert set(await at_once(connection, lambda: connection.domain(made).name())) == {"seen-by-all"}
    first = await at_once(connection, lambda: connection.domain(made))
    assert {id(one) for one in await at_once(connection, lambda: connection.domain(made))} == {id(one) for one in first}
    await connection.run(lambda: connection.domain(made).undefine())
