"""QEMU is asked to remove a snapshot only where it has room to write that the snapshot has gone: where it finds none it knows
the snapshot no more, and the disk has it still."""

from __future__ import annotations

import subprocess

import pytest

from homeostat.driver.errors import DriverError, NoSpace
from homeostat.driver.storage.disks.snapshots import SnapshotFiles
from homeostat.planner import actions as act
from tests.libvirt.cramped import Cramped


async def drop(cramped: Cramped, tag: str = "then") -> None:
    disks = (("data", str(cramped.path)),)
    await cramped.host.execute(act.DropSnapshot("s-1", cramped.config.uuid, tag, disks, ""))


async def take_two(cramped: Cramped) -> None:
    for tag in ("then", "later"):
        await cramped.take(tag, memory=False)


async def test_it_goes_once_there_is_room(cramped: Cramped) -> None:
    await take_two(cramped)
    cramped.fill()
    with pytest.raises(NoSpace, match=rf"no space is left in {cramped.path.parent} for the list of the snapshots that stay"):
        await drop(cramped)
    assert cramped.tags() == ["then", "later"] and cramped.runs_on()
    cramped.rest.unlink()
    await drop(cramped)
    assert cramped.tags() == ["later"] and cramped.runs_on()


async def test_the_last_one_takes_no_room(cramped: Cramped) -> None:
    await cramped.take("then", memory=False)
    cramped.fill()
    await drop(cramped)
    assert cramped.tags() == [] and cramped.runs_on()


async def test_the_room_goes_meanwhile(cramped: Cramped, monkeypatch: pytest.MonkeyPatch) -> None:
    await take_two(cramped)
    cramped.fill()
    monkeypatch.setattr(SnapshotFiles, "check_room", lambda *_: None)
    with pytest.raises(NoSpace):
        await drop(cramped)
    cramped.rest.unlink()
    with pytest.raises(DriverError, match=r"no room to write that the snapshot has gone.* restart"):
        await drop(cramped)
    assert cramped.tags() == ["then", "later"] and cramped.runs_on()
    await cramped.host.execute(act.PowerOffDomain(cramped.config.uuid, ""))
    await drop(cramped)
    assert cramped.tags() == ["later"]
    assert subprocess.run(["qemu-img", "check", "-q", cramped.path], check=False).returncode == 0
