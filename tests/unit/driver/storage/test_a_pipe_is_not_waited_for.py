"""A pipe or a folder in the place of a disk holds nobody up who reads it, and is said to be no file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TypeVar

import pytest

from homeostat.driver.storage.disks.disks import read_disk
from homeostat.driver.storage.disks.labelled import look_into
from homeostat.driver.storage.disks.tags import read_tags
from homeostat.planner.files.disk_file import DISK_FILE, DISK_LABEL, DiskLabel, write_disk_label

WITHIN = 20.0  # seconds; it takes none
Found = TypeVar("Found")


def read(reader: Callable[[], Found]) -> Found:
    found = list[Found]()
    reading = Thread(target=lambda: found.append(reader()), daemon=True)
    reading.start()
    reading.join(WITHIN)
    assert found, "it waits for somebody to write to the pipe"
    return found[0]


@pytest.mark.parametrize("written_to", [False, True])
def test_a_disk_of_a_machine(tmp_path: Path, written_to: bool) -> None:
    path = str(tmp_path / "data.qcow2")
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR) if written_to else None
    assert read(lambda: read_disk(path)).virtual_size == 0
    assert read(lambda: read_tags(path)) is None
    if writer is not None:
        os.close(writer)


@pytest.mark.parametrize("format", ["qcow2", "raw", "vmdk"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_disk_by_itself(tmp_path: Path, format: str, make: Callable[[Path], None]) -> None:
    label = DiskLabel("default", "letters", "u", format, "blank")
    (tmp_path / DISK_LABEL).write_text(write_disk_label(label))
    make(tmp_path / DISK_FILE)
    found = read(lambda: look_into(str(tmp_path)))
    assert found.file is not None and "is no file any more" in found.problem


def test_the_label_of_a_disk(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / DISK_LABEL)
    (tmp_path / DISK_FILE).touch()
    assert "cannot be read" in read(lambda: look_into(str(tmp_path))).problem
