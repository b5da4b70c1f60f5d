"""No space left on the host: said plainly, nothing half-made, and mended by itself once there is room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.homeostat import Homeostat, idle
from tests.unit.images import blob


@pytest.fixture
def cramped(homeostat: Homeostat) -> Iterator[Homeostat]:
    """Images and disks lie on a file system of 2 MiB."""
    for room in ("images", "machines"):
        (homeostat.state / room).mkdir(parents=True, mode=0o710)
    where = homeostat.state / "images"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0710", "tmpfs", where], check=False)
    if done.returncode:
        pytest.skip("cannot mount a small file system")
    yield homeostat
    subprocess.run(["umount", "-l", where], check=True)


def test_it_waits_for_room_and_says_so(cramped: Homeostat) -> None:
    large = cramped.root / "large.img"
    large.write_bytes(blob(3 * 2**20))
    cramped.write("thirsty", idle(runStrategy="Halted", disks=[{"name": "root", "image": {"path": str(large)}}]))
    cramped.write("modest", idle(runStrategy="Halted"))
    cramped.start()
    waiting = cramped.wait_condition("thirsty", "Reconciling", "ImageFailed")
    assert "free" in waiting.message, waiting.message
    cramped.wait_ready("modest")
    assert not cramped.disk("thirsty", "root").exists()
    subprocess.run(["mount", "-o", "remount,size=8m", cramped.state / "images"], check=True)
    cramped.wait_ready("thirsty", timeout=60)
