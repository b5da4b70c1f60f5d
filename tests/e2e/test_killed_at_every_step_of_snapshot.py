"""kill -9 of the operator at every step of taking, restoring and deleting a snapshot: the next one ends in the new state, and
nothing unreferenced stays. What the disks hold is told by a pattern in them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.models.condition import find_condition
from tests.e2e.homeostat import SOON, Homeostat, idle
from tests.e2e.nursery import Nursery
from tests.e2e.snapshots import snapshot_of, status_of, tags, write_snapshot
from tests.rig.libvirtd import Libvirtd

NAME, DISKS = "subject", ("one", "two")
TAKE_OFF = ("TakeSnapshot:1", "TagDisks:1", "KeepNote:1")
RESTORE = ("RestoreSnapshot:1", "ApplyTag:1", "ApplyTag:2", "KeepNote:1")
DROP = ("DropSnapshot:1", "KeepNote:1", "ReleaseResource:1")
RESTART = ("PowerOffDomain:1", *RESTORE, "StartDomain:1")


def both(steps: tuple[str, ...]) -> list[str]:
    return [f"{moment}:{step}" for step in steps for moment in ("before", "after")]


class Town:
    """One machine with two disks, and operators that are killed."""

    def __init__(self, rig: Libvirtd) -> None:
        self.home = Homeostat(rig)
        self.nursery = Nursery(self.home.root / "nursery.log")

    def close(self) -> None:
        self.nursery.close()
        self.home.close()

    def killed(self, fault: str) -> None:
        home = self.home
        self.nursery.start(home.folder, home.state, home.rig.uri, fault=fault)
        assert self.nursery.wait(SOON) == -9, f"{fault} was never reached: {self.said()}"

    def until(self, met: object, say: str) -> None:
        """Lets an operator work until it is so."""
        home = self.home
        self.nursery.start(home.folder, home.state, home.rig.uri)
        try:
            home.wait_for(met, say)  # type: ignore[arg-type]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said()}") from None
        finally:
            code = self.nursery.stop()
        assert code == 0, self.said()

    def said(self) -> str:
        return (self.home.root / "nursery.log").read_text(errors="replace")[-3000:]

    def machine(self, **fields: object) -> None:
        self.home.write(NAME, idle(disks=[{"name": disk, "size": "1Mi"} for disk in DISKS], **fields))
        self.until(self.ready, "the machine is as it should be")

    def ready(self) -> bool:
        condition = self.home.condition(NAME, "Ready")
        found = self.home.machine(NAME)
        current = condition is not None and found is not None and condition.observed_generation >= found.metadata.generation
        return current and condition is not None and condition.status == "True" and self.home.has_read(found)  # type: ignore[arg-type]

    def taken(self, name: str) -> bool:
        condition = find_condition(status_of(self.home, name).conditions, "Ready")
        return condition is not None and condition.status == "True"

    def restored(self, token: str) -> bool:
        return self.home.status(NAME).restored == token and self.ready()

    def write(self, pattern: int) -> None:
        for disk in DISKS:
            self._io(disk, f"write -P {pattern} 0 64k")

    def holds(self, pattern: int) -> bool:
        return all("failed" not in self._io(disk, f"read -P {pattern} 0 64k", "-r", "-U") for disk in DISKS)

    def _io(self, disk: str, words: str, *options: str) -> str:
        command = ["qemu-io", "-f", "qcow2", *options, "-c", words, str(self.home.disk(NAME, disk))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def sound(self) -> None:
        """Nothing is damaged, and nothing is kept that no snapshot needs."""
        for disk in DISKS:
            path = self.home.disk(NAME, disk)
            checked = subprocess.run(["qemu-img", "check", "-q", "-U", path], capture_output=True, text=True, check=False)
            assert checked.returncode in (0, 3), checked.stderr  # 3: clusters that leaked, which only take space
        names = {path.name for path in self.home.disk(NAME, "one").parent.iterdir()}
        assert not [name for name in names if name.endswith(".partial")]

    def notes(self) -> list[str]:
        folder: Path = self.home.state / "snapshots"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def town(libvirtd: Libvirtd) -> Iterator[Town]:
    made = Town(libvirtd)
    yield made
    made.close()


def take(town: Town, name: str, fault: str) -> None:
    write_snapshot(town.home, name, NAME)
    if fault:
        town.killed(fault)
    town.until(lambda: town.taken(name), f"{name} is taken")
    status = status_of(town.home, name)
    assert [tags(town.home, NAME, disk).count(str(status.tag)) for disk in DISKS] == [1, 1]


def drop(town: Town, name: str, fault: str) -> None:
    tag = status_of(town.home, name).tag
    (town.home.folder / f"{name}.yaml").unlink()
    if fault:
        town.killed(fault)
    town.until(lambda: snapshot_of(town.home, name) is None, f"{name} is gone")
    assert tag not in tags(town.home, NAME, "one") + tags(town.home, NAME, "two")


def test_of_a_machine_that_is_off(town: Town) -> None:
    town.machine(runStrategy="Halted")
    town.write(1)
    for number, fault in enumerate(both(TAKE_OFF)):
        take(town, f"s{number}", fault)
    for number, fault in enumerate(both(RESTORE)):
        town.write(2)
        token = f"t{number}"
        town.home.edit(NAME, lambda spec, token=token: spec.update(restoreFrom={"snapshot": "s0", "token": token}))  # type: ignore[misc]
        town.killed(fault)
        town.until(lambda token=token: town.restored(token), f"{token} is carried out")  # type: ignore[misc]
        assert town.holds(1), fault
        town.sound()
    town.write(3)
    for number, fault in enumerate(both(DROP)):
        drop(town, f"s{number}", fault)
    assert town.holds(3) and tags(town.home, NAME, "one") == [] and town.notes() == []
    town.sound()


def test_of_a_machine_that_runs(town: Town) -> None:
    town.machine(runStrategy="Halted")
    town.write(1)
    town.machine()
    for number, fault in enumerate(both(TAKE_OFF)):
        take(town, f"s{number}", fault)
    for number, fault in enumerate(both(RESTART)):
        token = f"t{number}"
        town.home.edit(NAME, lambda spec, token=token: spec.update(restoreFrom={"snapshot": "s1", "token": token}))  # type: ignore[misc]
        town.killed(fault)
        town.until(lambda token=token: town.restored(token), f"{token} is carried out")  # type: ignore[misc]
        assert town.holds(1) and town.home.state_of(NAME) == "running", fault
    for number, fault in enumerate(both(DROP)):
        drop(town, f"s{number}", fault)
    assert tags(town.home, NAME, "one") == [] and town.notes() == []
    town.sound()


def test_qemu_and_libvirtd_die_while_it_is_taken(town: Town) -> None:
    town.machine()
    home = town.home
    for number, moment in enumerate(("before:TagDisks:1", "after:TagDisks:1")):
        name = f"s{number}"
        write_snapshot(home, name, NAME)
        town.killed(moment)
        subprocess.run(["kill", "-9", str(home.qemu_pid(NAME))], check=True)
        home.rig.kill9()
        home.rig.start()
        town.until(lambda name=name: town.taken(name), f"{name} is taken")  # type: ignore[misc]
        assert [tags(home, NAME, disk).count(str(status_of(home, name).tag)) for disk in DISKS] == [1, 1]
        town.sound()
