"""A snapshot with memory whose space runs out half-way leaves guest and disk as they were, says so, and is taken once there is
room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from homeostat.models.condition import find_condition
from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import status_of, tags, wait_taken, write_snapshot

NAME = "box"


@pytest.fixture
def cramped(homeostat: Homeostat) -> Iterator[Homeostat]:
    """The disk of the machine lies on a file system that holds it, and not the memory of its guest."""
    where = homeostat.state / "machines"
    where.mkdir(parents=True, mode=0o710)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0710", "tmpfs", where], check=False)
    if done.returncode:
        pytest.skip("cannot mount a small file system")
    yield homeostat
    subprocess.run(["umount", "-l", where], check=True)


def test_it_is_taken_once_there_is_room(cramped: Homeostat) -> None:
    cramped.write(NAME, idle(disks=[{"name": "data", "size": "4Mi"}]))
    cramped.start()
    cramped.wait_ready(NAME)
    path, qemu = cramped.disk(NAME, "data"), cramped.qemu_pid(NAME)
    rest = path.parent.parent.parent / "rest"
    left = subprocess.run(["dd", "if=/dev/zero", f"of={rest}", "bs=4k", "count=128"], capture_output=True, check=False)
    assert left.returncode == 0, "half of what is left"

    write_snapshot(cramped, "then", NAME, memory=True)

    def told() -> str:
        condition = find_condition(status_of(cramped, "then").conditions, "Reconciling")
        return condition.message if condition is not None and "space" in condition.message else ""

    message = cramped.wait_for(told, "the snapshot says that there is no space")
    print(message, subprocess.run(["df", str(path)], capture_output=True, text=True, check=True).stdout)
    assert str(path.parent.parent.parent) in message or "data.qcow2" in message
    assert cramped.state_of(NAME) == "running" and cramped.qemu_pid(NAME) == qemu
    cramped.wait_for(lambda: tags(cramped, NAME, "data") == [], "nothing of it stays")
    rest.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", cramped.state / "machines"], check=True)
    status = wait_taken(cramped, "then", 60)
    assert status.consistency == "Memory" and tags(cramped, NAME, "data") == [status.tag]
    assert cramped.state_of(NAME) == "running" and cramped.qemu_pid(NAME) == qemu
    subprocess.run(["qemu-img", "check", "-q", "-U", path], check=True)
