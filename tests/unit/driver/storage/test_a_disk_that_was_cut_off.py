"""A qcow2 file of a Disk that ends before its tables do is refused before a guest has it; a whole one never is, however made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from homeostat.driver.storage.disks.labelled import look_into
from homeostat.planner.files.disk_file import DISK_FILE, DISK_LABEL, DiskLabel, write_disk_label

MIB = 2**20


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def write(path: Path, at: int, length: int) -> None:
    run("qemu-io", "-f", "qcow2", "-c", f"write -P 7 {at}M {length}M", str(path))


def made(folder: Path, size: str = "2G", options: str = "") -> Path:
    (folder / DISK_LABEL).write_text(write_disk_label(DiskLabel("default", "letters", "u", "qcow2", "blank")))
    path = folder / DISK_FILE
    run("qemu-img", "create", "-q", "-f", "qcow2", *(["-o", options] if options else []), str(path), size)
    return path


def problem(path: Path) -> str:
    return look_into(str(path.parent)).problem


@pytest.mark.parametrize(
    "size, options",
    [
        ("512", ""),
        ("2G", ""),
        ("3T", ""),
        ("2G", "compat=0.10"),
        ("2G", "extended_l2=on"),
        ("2G", "cluster_size=4k"),
        ("512", "cluster_size=2M"),
        ("2G", "preallocation=metadata"),
    ],
)
def test_a_whole_one_is_well_fresh_written_grown_and_with_snapshots(tmp_path: Path, size: str, options: str) -> None:
    path = made(tmp_path, size, options)
    assert problem(path) == ""
    run("qemu-img", "snapshot", "-c", "one", str(path))
    assert problem(path) == ""
    run("qemu-io", "-f", "qcow2", "-c", "write -P 7 0 512", str(path))
    assert problem(path) == ""
    if options != "compat=0.10":  # of that version none grows that has snapshots
        run("qemu-img", "resize", "-q", str(path), "+1G")
        write(path, 512, 1)
    assert problem(path) == ""
    for change in ("-a", "-d"):
        run("qemu-img", "snapshot", change, "one", str(path))
        assert problem(path) == ""


@pytest.mark.parametrize("left", [100_000, 200_000, MIB, 4 * MIB])
def test_one_without_its_end_is_refused(tmp_path: Path, left: int) -> None:
    path = made(tmp_path)
    write(path, 0, 4)
    write(path, 1024, 4)  # has a table of its own, behind what was written before
    os.truncate(path, left)
    assert "ends before its contents do" in problem(path) and "from a backup" in problem(path)
