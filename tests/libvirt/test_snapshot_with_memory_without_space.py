"""A snapshot with memory for which there is no space, or whose space runs out half-way, leaves guest and disk as they were and
says so; it is taken once there is room."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.driver.errors import DriverError, NoSpace
from homeostat.driver.storage.disks.snapshots import SnapshotFiles
from tests.libvirt.cramped import MIB, Cramped


async def test_it_is_not_begun_without_room_for_all_of_the_memory(cramped: Cramped) -> None:
    cramped.leave(31 * MIB)
    before = cramped.path.stat().st_blocks
    with pytest.raises(
        NoSpace, match=rf"no space is left in {cramped.path.parent} for the memory of machine \S+: it takes up to 32"
    ):
        await cramped.take("then")
    assert (cramped.tags(), cramped.path.stat().st_blocks, cramped.runs_on()) == ([], before, True)
    cramped.rest.unlink()
    await cramped.take("then")
    assert cramped.tags() == ["then"] and cramped.runs_on()


async def test_the_room_runs_out_half_way(cramped: Cramped, monkeypatch: pytest.MonkeyPatch) -> None:
    check, checks = SnapshotFiles.check_room, []

    def taken_by_others(files: SnapshotFiles, *given: Any) -> None:
        check(files, *given)
        checks.append(given)
        cramped.leave(MIB // 2)

    monkeypatch.setattr(SnapshotFiles, "check_room", taken_by_others)
    with pytest.raises(NoSpace, match=rf"no space is left in {cramped.path.parent} for the memory of machine"):
        await cramped.take("then")
    assert len(checks) == 1 and cramped.tags() == [] and cramped.runs_on()
    monkeypatch.undo()
    cramped.rest.unlink()
    await cramped.take("then")
    assert cramped.tags() == ["then"] and cramped.runs_on()


async def test_another_failure_is_told_as_it_is(cramped: Cramped, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DriverError, match="take a snapshot with memory") as failed:
        await cramped.take("a/b")  # no name that libvirt takes for a snapshot
    assert not isinstance(failed.value, NoSpace) and cramped.runs_on()
