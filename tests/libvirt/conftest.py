"""What several files use: for images a server with bad habits, a clock, and a storage that goes by it; a folder and its state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from tests.unit.images import Clock, ImageServer, serving
from tests.unit.store_fixtures import room

__all__ = ["room"]  # the fixture


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
