"""kill -9 of `homeostat disk export` before and after every step: a whole copy or none, nothing left, and the guest runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import wait_taken, write_snapshot
from tests.e2e.steps import boundaries
from tests.e2e.test_disk_is_exported import patterned, write
from tests.rig.program import ran

NAME = "box"
RUNNING = ("BeginBackup", "FollowBackup", "BringCopy", "PublishCopy")
OF_A_SNAPSHOT = ("ConvertDisk", "PublishCopy")


def killed(homeostat: Homeostat, fault: str, *words: str) -> None:
    command = ["env", f"HOMEOSTAT_FAULT={fault}", *homeostat.command("disk", "export", *words)]
    done = ran(command)
    assert done.returncode == -9, f"{fault} was never reached: {done.stderr}"


def exported(homeostat: Homeostat, *words: str) -> bool:
    """What a killed one began goes on in QEMU for a while; until then there can be no other."""
    done = homeostat.run("disk", "export", *words)
    assert done.returncode == 0 or "try again after that" in done.stderr, done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("steps", [RUNNING, OF_A_SNAPSHOT], ids=["running", "of a snapshot"])
def test_the_next_one_makes_it(homeostat: Homeostat, tmp_path: Path, steps: tuple[str, ...]) -> None:
    homeostat.write(NAME, idle(runStrategy="Halted", disks=[{"name": "data", "size": "4Mi"}]))
    homeostat.start()
    homeostat.wait_ready(NAME)
    write(homeostat.disk(NAME, "data"), 1)
    write_snapshot(homeostat, "then", NAME)
    wait_taken(homeostat, "then")
    homeostat.edit(NAME, lambda spec: spec.update(runStrategy="Always"))
    homeostat.wait_ready(NAME)
    pid, folder = homeostat.qemu_pid(NAME), homeostat.disk(NAME, "data").parent
    files = sorted(path.name for path in folder.iterdir())
    of = ("--snapshot", "then") if steps is OF_A_SNAPSHOT else ()

    for fault in boundaries(steps):
        target = tmp_path / "copy.qcow2"
        words = (NAME, "data", str(target), *of)
        killed(homeostat, fault, *words)
        assert target.exists() is (fault == "after:PublishCopy:1")
        assert not target.exists() or patterned(target, 1)
        homeostat.stop()
        homeostat.start()
        homeostat.wait_for(lambda: sorted(path.name for path in folder.iterdir()) == files, f"{fault}: nothing is left there")
        target.unlink(missing_ok=True)
        homeostat.wait_for(lambda words=words: exported(homeostat, *words), f"{fault}: the next one makes it")  # type: ignore[misc]
        assert patterned(target, 1) and [path.name for path in tmp_path.iterdir()] == ["copy.qcow2"], fault
        target.unlink()
    assert homeostat.qemu_pid(NAME) == pid
    homeostat.wait_ready(NAME)
