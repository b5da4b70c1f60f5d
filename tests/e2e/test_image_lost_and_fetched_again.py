"""A base image that is gone from the cache, and has other contents at its source by now: nothing starts on it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.e2e.homeostat import Homeostat, idle
from tests.rig.waiting import wait_until

NAME = "web"


def write(path: Path, pattern: int) -> None:
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", f"write -q -P {pattern} 0 64k", path], check=True)


def test_a_disk_meets_no_other_base_than_its_own(homeostat: Homeostat) -> None:
    source = homeostat.folder.parent / "base.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", source, "1M"], check=True)
    write(source, 1)
    before = source.read_bytes()
    homeostat.write(NAME, idle(disks=[{"name": "root", "image": {"path": str(source)}}]))
    homeostat.start()
    homeostat.wait_ready(NAME)

    write(source, 2)
    shutil.rmtree(homeostat.state / "images")
    runs = homeostat.qemu_pid(NAME)
    homeostat.edit(NAME, lambda spec: spec.update(restartedAt="now"))
    said = homeostat.wait_condition(NAME, "Stalled", "ImageChanged").message
    assert said.startswith("it runs on, and is restarted once it can start: ") and "than what disks here are built on" in said
    assert homeostat.qemu_pid(NAME) == runs
    homeostat.virsh("destroy", NAME)
    homeostat.wait_condition(NAME, "Running", "DomainShutoff", status="False")
    homeostat.wait_condition(NAME, "Stalled", "ImageChanged")
    assert homeostat.state_of(NAME) != "running"

    source.write_bytes(before)
    wait_until(lambda: homeostat.state_of(NAME) == "running", 60, "it starts again by itself")
    homeostat.wait_ready(NAME)
