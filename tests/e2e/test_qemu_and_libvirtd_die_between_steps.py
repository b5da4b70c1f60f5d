"""The operator, the machine's QEMU and libvirtd are all killed at once, between steps of what is done to a disk: with the next
operator it ends in the new state, and what the disks hold is whole."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.e2e.disks import disk_status, named, write_disk
from tests.e2e.homeostat import idle
from tests.e2e.snapshots import snapshot_of, tags, write_snapshot
from tests.e2e.steps import boundaries
from tests.e2e.test_killed_at_every_step_of_snapshot import NAME, Town
from tests.rig.libvirtd import Libvirtd

MIB = 2**20


class Struck(Town):
    """A Town in which libvirtd and the guest die with the operator."""

    def killed(self, fault: str) -> None:
        super().killed(fault)
        if self.home.state_of(NAME) == "running":
            os.kill(self.home.qemu_pid(NAME), signal.SIGKILL)
        self.home.rig.kill9()
        self.home.rig.start()


@pytest.fixture
def struck(libvirtd: Libvirtd) -> Iterator[Struck]:
    made = Struck(libvirtd)
    yield made
    made.close()


@pytest.mark.timeout(600)
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


@pytest.mark.timeout(300)
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
