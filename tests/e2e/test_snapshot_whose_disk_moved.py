"""A Disk that holds a part of a snapshot is by now in another machine, which runs: the Snapshot goes all the same."""

from __future__ import annotations

import subprocess

from tests.e2e.disks import disk_file, named, write_disk
from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import write_snapshot


def tags(town: Homeostat) -> str:
    command = ["qemu-img", "snapshot", "-U", "-l", disk_file(town, "vol")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_it_is_removed_from_it(town: Homeostat) -> None:
    write_disk(town, "vol", size="1Mi")
    town.write("web", idle(disks=[named("vol")]))
    town.start()
    town.wait_ready("web")
    write_snapshot(town, "then", "web")
    town.wait_for(lambda: "default-then" in tags(town), "it is taken")
    town.edit("web", lambda spec: spec.update(disks=[], restartedAt="now"))
    town.wait_ready("web")
    town.write("db", idle(disks=[named("vol")]))
    town.wait_ready("db")
    pid = town.qemu_pid("db")
    town.run("delete", "snapshot", "then")
    town.wait_for(lambda: "default-then" not in tags(town), "its data is gone")
    assert town.qemu_pid("db") == pid
