"""What the last event of a machine says of the trash: its own disks there, until when, and whether space may end that sooner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.driver.errors import DriverError
from homeostat.planner.files.trash import Space, TrashedDisk, TrashEntry
from tests.unit.machines import deleted, machine
from tests.unit.operating import Shelf, WorldHost, a_reconciler, settle

WEB = machine()
MINE = TrashEntry(
    "one", "default", "web", WEB.identity, "deleted", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z",
    disks=(TrashedDisk("data", "/d", 5, 10, None), TrashedDisk("log", "/l", 5, 10, None)),
)  # fmt: skip
OTHER = replace(MINE, entry="two", uid="uid-of-an-earlier-one")


async def said(*entries: TrashEntry, keep: float = 60.0, space: Space | None = None, broken: str = "") -> str:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    host.aside, host.room = list(entries), space or host.room
    await settle(reconciler, shelf, host, WEB.key)
    host.world.host = replace(host.world.host, trash_keep=keep)
    shelf.put(deleted(WEB))
    if broken:

        async def space_of() -> Space:
            raise DriverError(broken)

        host.space = space_of  # type: ignore[method-assign]
    await settle(reconciler, shelf, host, WEB.key)
    return shelf.said[WEB.key][-1]


async def test_its_own_entries_are_named() -> None:
    found = await said(MINE, OTHER)
    assert found == ("its domain is gone; in the trash: data, log in one until 2026-01-02T00:00:00Z (`homeostat trash list`)")


@pytest.mark.parametrize("entries", [(), (OTHER,)])
async def test_those_of_others_are_not(entries: tuple[TrashEntry, ...]) -> None:
    assert await said(*entries) == "everything of it is gone"


async def test_nothing_is_said_of_a_trash_that_keeps_nothing() -> None:
    assert await said(MINE, keep=0.0) == "everything of it is gone"


async def test_where_space_is_low_it_says_so_and_where_that_is_not_known_it_does_not() -> None:
    assert "for lack of space" in await said(MINE, space=Space(free=1, total=100 * 2**30))
    assert "for lack of space" not in await said(MINE, broken="the file system cannot be asked")
