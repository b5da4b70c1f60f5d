"""When something counts as gone, and when waiting for it ends."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat.accounts.actor import HOUSE
from homeostat.models.machine import VirtualMachine
from homeostat.service.asking import Asking
from homeostat.service.changes import Changes
from homeostat.service.kinds.collection import Collection

LONG = 3_600.0  # seconds: no test waits for that


def machine(uid: str, deleting: bool) -> VirtualMachine:
    since = {"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {}
    return VirtualMachine.model_validate({"metadata": {"name": "web", "uid": uid, **since}, "spec": {}})


class Shelf:
    """Where there is one machine, or none."""

    def __init__(self, found: VirtualMachine | None, stopping: bool = False) -> None:
        self.found, self.version, self.stopping = found, 1, stopping
        unused: Any = None
        workspace: Any = SimpleNamespace(store=self, namespace="default", desired=None)
        changes = Changes(lambda: self.version, lambda: self.stopping, 0.0)
        self.machines = Collection(Asking(HOUSE, workspace, changes, unused), VirtualMachine)

    async def get(self, kind: object, key: object) -> VirtualMachine | None:
        return self.found

    async def gone(self, uid: str, seconds: float) -> tuple[bool, VirtualMachine | None]:
        async with asyncio.timeout(30):
            return await self.machines.wait_gone(machine(uid, deleting=True), seconds)


@pytest.mark.parametrize(
    ("found", "gone"),
    [
        (None, True),
        (machine("one", deleting=True), False),
        (machine("two", deleting=True), True),  # another one, that goes too
        (machine("two", deleting=False), True),
        (machine("one", deleting=False), True),  # a replica that is back under its old uid
    ],
)
def test_what_counts_as_gone(found: VirtualMachine | None, gone: bool) -> None:
    assert asyncio.run(Shelf(found).gone("one", 0)) == (gone, found)


def test_a_server_that_stops_lets_nobody_wait_on() -> None:
    going = machine("one", deleting=True)
    assert asyncio.run(Shelf(going, stopping=True).gone("one", LONG)) == (False, going)


def test_it_is_noticed_when_it_goes() -> None:
    async def go() -> tuple[bool, VirtualMachine | None]:
        shelf = Shelf(machine("one", deleting=True))
        waiting = asyncio.create_task(shelf.gone("one", LONG))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waiting.done()
        shelf.found, shelf.version = None, 2
        return await waiting

    assert asyncio.run(go()) == (True, None)


def test_less_than_a_second_is_waited_for_too() -> None:
    async def go() -> tuple[bool, VirtualMachine | None]:
        shelf = Shelf(machine("one", deleting=True))
        waiting = asyncio.create_task(shelf.gone("one", 0.9))
        await asyncio.sleep(0)
        shelf.found, shelf.version = None, 2
        return await waiting

    assert asyncio.run(go()) == (True, None)
