"""What several files use: for images a server with bad habits, a clock, and a storage that goes by it; a folder and its state;
a file system that is soon full."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from tests.libvirt.cramped import cramped, small_site
from tests.unit.images import Clock, ImageServer, serving
from tests.unit.store_fixtures import room

__all__ = ["cramped", "room", "small_site"]  # fixtures


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with serving() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def storage(tmp_path: Path, clock: Clock) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path, None, clock=clock)
    yield storage
    await storage.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small file system: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
