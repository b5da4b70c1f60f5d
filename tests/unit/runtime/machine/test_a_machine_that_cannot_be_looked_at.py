"""A machine whose files cannot be read says so, and does not go on showing what held before. Once is nothing: that passes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import ObservedStorage
from homeostat.runtime.unseen import SaysSo
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost, a_reconciler, settle

WEB = machine()


class UnreadableHost(WorldHost):
    problem = ""

    async def storage(
        self, images: Sequence[ImageRef], disks: Sequence[str], seeds: Sequence[str], directory: str
    ) -> ObservedStorage:
        if self.problem:
            raise DriverError(self.problem)
        return await super().storage(images, disks, seeds, directory)


def shown(shelf: Shelf) -> list[tuple[str, str, str]]:
    found = shelf.resources[WEB.key]
    assert isinstance(found, VirtualMachine) and found.status is not None
    return [(one.type, one.status, one.message) for one in found.status.conditions if one.type in ("Ready", "Running")]


async def test_from_the_second_time_on_it_is_unknown_until_it_can_be_read() -> None:
    shelf, host = Shelf(WEB), UnreadableHost()
    made = a_reconciler(shelf, host)
    reconciler = SaysSo(made, shelf, made.unseen)
    await settle(reconciler, shelf, host, WEB.key)
    well = shown(shelf)

    host.problem = "could not read the machine's folder"
    for expected in (well, [(type, "Unknown", host.problem) for type in ("Ready", "Running")]):
        with pytest.raises(DriverError):
            await settle(reconciler, shelf, host, WEB.key)
        assert shown(shelf) == expected

    written = len(shelf.statuses)
    with pytest.raises(DriverError):
        await settle(reconciler, shelf, host, WEB.key)
    assert len(shelf.statuses) == written, "what is said already is not written again"

    host.problem = ""
    await settle(reconciler, shelf, host, WEB.key)
    assert shown(shelf) == well
