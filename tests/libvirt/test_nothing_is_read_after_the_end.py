"""Readings of domains end with their host: what is heard later, or waited for a reading that was cut, begins none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from homeostat.driver.connection.connection import LibvirtConnection
from homeostat.driver.connection.events import DomainEvent, EventKind
from homeostat.driver.domains.inventory import Inventory
from homeostat.driver.domains.reading import PidFiles
from tests.libvirt.hosts import isolated_uri

UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"  # of the test driver's own domain
EVENT = DomainEvent(EventKind.STATE, UUID)


def reading() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "read domains"]


@pytest.mark.parametrize("waits", [True, False], ids=["one waits", "none waits"])
async def test_they_end(waits: bool, tmp_path: Path) -> None:
    async def connected() -> None:
        await inventory.relist()

    connection = LibvirtConnection(isolated_uri(tmp_path), connected, lambda error: None)
    inventory = Inventory(connection, PidFiles(()), lambda uuid: None, lambda: None)
    await connection.start()
    inventory.notice([EVENT])
    await asyncio.sleep(0)
    assert reading(), "it reads what it hears of"
    if waits:
        inventory.notice([EVENT])
    await inventory.close()
    inventory.notice([EVENT])
    for _ in range(3):
        await asyncio.sleep(0)
        assert not reading()
    await connection.close()
