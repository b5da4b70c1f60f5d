"""The operator, the machine's QEMU and libvirtd are all killed at once, between steps of what is done to a disk: with the next
operator it ends in the new state, and what the disks hold is whole. So are copies: a clone is made, an export made or refused."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.models.condition import find_condition
from tests.e2e.disks import disk_file, disk_status, named, write_disk
from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import snapshot_of, tags, write_snapshot
from tests.e2e.steps import boundaries
from tests.e2e.test_disk_is_exported import patterned
from tests.e2e.test_killed_at_every_step_of_a_disk import COPIED
from tests.e2e.test_killed_at_every_step_of_an_export import RUNNING
from tests.e2e.test_killed_at_every_step_of_snapshot import NAME, Town
from tests.rig.libvirtd import Libvirtd
from tests.rig.program import ran

MIB = 2**20


def made(home: Homeostat, name: str) -> bool:
    ready = find_condition(disk_status(home, name).conditions, "Ready")
    return ready is not None and ready.status == "True"


class Struck(Town):
    """A Town in which libvirtd and the guest die with the operator."""

    def killed(self, fault: str) -> None:
        super().killed(fault)
        self.strike()

    def strike(self) -> None:
        if self.home.state_of(NAME) == "running":
            os.kill(self.home.qemu_pid(NAME), signal.SIGKILL)
        # libvirt 9.0 may have died already: now and then it frees the event callbacks of a killed client twice.
        if self.home.rig.pid is not None:
            self.home.rig.kill9()
        self.home.rig.start()

    def bid_start(self, token: str) -> None:
        """Has it started without the pause that follows ends nobody asked for."""
        self.home.edit(NAME, lambda spec: spec.update(restartedAt=token))


@pytest.fixture
def struck(libvirtd: Libvirtd) -> Iterator[Struck]:
    made = Struck(libvirtd)
    yield made
    made.close()


def test_while_a_snapshot_is_gone_back_to_and_while_it_is_removed(struck: Struck) -> None:
    struck.machine(runStrategy="Halted")
    struck.write(1)
    for name in ("then", "old"):
        write_snapshot(struck.home, name, NAME)
        struck.until(lambda name=name: struck.taken(name), f"{name} is taken")  # type: ignore[misc]
    struck.machine()
    for number, fault in enumerate(("before:RestoreSnapshot:1", "before:ApplyTag:2", "after:KeepNote:1", "after:StartDomain:1")):
        token = f"t{number}"
        struck.home.edit(NAME, lambda spec, token=token: spec.update(restoreFrom={"snapshot": "then", "token": token}))  # type: ignore[misc]
        struck.killed(fault)
        struck.until(lambda token=token: struck.restored(token), f"{token} is carried out")  # type: ignore[misc]
        assert struck.holds(1) and struck.home.state_of(NAME) == "running", fault
        struck.sound()
    for name, fault in (("then", "before:DropSnapshot:1"), ("old", "after:DropSnapshot:1")):
        (struck.home.folder / f"{name}.yaml").unlink()
        struck.killed(fault)
        struck.until(lambda name=name: snapshot_of(struck.home, name) is None, f"{name} is gone")  # type: ignore[misc]
    assert tags(struck.home, NAME, "one") == [] and struck.notes() == []
    struck.sound()


def test_while_a_disk_grows(struck: Struck) -> None:
    home = struck.home
    write_disk(home, "data", size="2Mi")
    home.write(NAME, idle(disks=[named("data")]))
    struck.until(struck.ready, "the machine is as it should be")
    for size, fault in zip((4, 6), boundaries(("GrowDisk",)), strict=True):
        write_disk(home, "data", size=f"{size}Mi")
        struck.killed(fault)
        struck.until(lambda size=size: disk_status(home, "data").virtual_size == size * MIB and struck.ready(), "it has grown")  # type: ignore[misc]
        assert home.state_of(NAME) == "running"


def test_while_a_disk_is_cloned(struck: Struck) -> None:
    home = struck.home
    struck.machine(runStrategy="Halted")
    struck.write(1)
    write_snapshot(home, "then", NAME)
    struck.until(lambda: struck.taken("then"), "the snapshot is taken")
    struck.machine()
    for number, fault in enumerate(boundaries(COPIED)[1::2]):  # after each: what follows begins with what is there then
        name = f"clone{number}"
        write_disk(home, name, size="1Mi", format="qcow2", source={"snapshotRef": {"name": "then", "disk": "one"}})
        struck.killed(fault)
        struck.bid_start(fault)
        struck.until(lambda name=name: made(home, name) and home.state_of(NAME) == "running", f"{fault}: it is made")  # type: ignore[misc]
        assert patterned(disk_file(home, name), 1), fault
        assert sorted(path.name for path in disk_file(home, name).parent.iterdir()) == ["disk.img", "disk.json"], fault
    struck.sound()


def test_while_a_running_disk_is_exported(struck: Struck, tmp_path: Path) -> None:
    home, target = struck.home, tmp_path / "copy.qcow2"
    struck.machine(runStrategy="Halted")
    struck.write(1)
    struck.machine()
    folder = home.disk(NAME, "one").parent
    files = sorted(path.name for path in folder.iterdir())
    for fault in boundaries(RUNNING)[1::2]:  # after each: what follows begins with what is there then
        words = home.command("disk", "export", NAME, "one", str(target))
        done = ran(["env", f"HOMEOSTAT_FAULT={fault}", *words])
        assert done.returncode == -9, f"{fault} was never reached: {done.stderr}"
        struck.strike()
        struck.bid_start(fault)
        assert target.exists() is (fault == "after:PublishCopy:1")
        assert not target.exists() or patterned(target, 1), fault
        target.unlink(missing_ok=True)
        struck.until(lambda: home.state_of(NAME) == "running" and struck.ready(), f"{fault}: it runs again")
        assert sorted(path.name for path in folder.iterdir()) == files, f"{fault}: nothing is left there"
        done = ran(words)
        assert done.returncode == 0 and patterned(target, 1), f"{fault}: {done.stderr}"
        assert [path.name for path in tmp_path.iterdir()] == ["copy.qcow2"], fault
        target.unlink()
    struck.sound()
