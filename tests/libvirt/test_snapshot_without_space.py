"""A snapshot for which there is no space leaves the disk as it was, and says so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from homeostat.driver.errors import DriverError, NoSpace
from homeostat.driver.storage.disks.snapshots import SnapshotFiles
from homeostat.driver.storage.disks.tags import read_tags
from homeostat.driver.storage.paths import Rooms
from homeostat.planner.files.snapshot_note import SnapshotNote


async def test_a_disk_on_a_full_file_system(small: Path) -> None:
    files = SnapshotFiles(Rooms(small, None))
    path = small / "machines" / "default" / "web" / "data.qcow2"
    path.parent.mkdir(parents=True)
    # Small clusters, so that the tables of the disk fit the file system, and those of a snapshot do not.
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", path, "64M"], check=True)
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 0 64k", path], check=True, stdout=subprocess.DEVNULL)
    rest = small / "rest"
    with rest.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * 4096)
    with pytest.raises(DriverError, match=rf"take a snapshot of {path}: no space is left in {path.parent} "):
        await files.tag(str(path), "homeostat-x")
    with pytest.raises(NoSpace, match="free"):
        files.write_note(SnapshotNote("s-1", "m", "web", False, (("data", str(path)),)))
    assert files.note("s-1") is None
    rest.unlink()
    checked = subprocess.run(["qemu-img", "check", "-q", path], check=False)
    assert checked.returncode in (0, 3)
    read = subprocess.run(
        ["qemu-io", "-r", "-f", "qcow2", "-c", "read -P 7 0 64k", path], capture_output=True, text=True, check=True
    )
    assert "failed" not in read.stdout
    await files.untag(str(path), "homeostat-x")
    await files.tag(str(path), "homeostat-x")
    assert [found.tag for found in read_tags(str(path)) or ()] == ["homeostat-x"]
