"""A base image is fetched once over HTTP, verified, and kept read-only."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.planner.actions import FetchImage, ImageRef
from homeostat.planner.observed import ImagePhase
from tests.unit.images import Answer, ImageServer, blob, fetch, observe, serving, until


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with serving() as server:
        yield server


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path, None)
    yield storage
    await storage.close()


async def test_it_arrives_whole_and_read_only(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    content = blob()
    server.answer = lambda path, count: Answer(content)
    ref = ImageRef(f"{server.url}/disk.img", hashlib.sha256(content).hexdigest(), "raw")
    assert (await observe(storage, ref, tmp_path)).phase is ImagePhase.MISSING
    found = await fetch(storage, ref, tmp_path)
    assert found.phase is ImagePhase.READY, found.error
    assert found.path is not None and Path(found.path).read_bytes() == content
    assert stat.S_IMODE(os.stat(found.path).st_mode) == 0o444
    assert (found.format, found.virtual_size) == ("raw", -(-len(content) // 512) * 512)
    assert not list(tmp_path.glob("images/*partial*"))


async def test_asking_again_fetches_nothing(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    server.answer = lambda path, count: Answer(blob())
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    for _ in range(3):
        await storage.execute(FetchImage(ref, "test"))
    await fetch(storage, ref, tmp_path)
    await storage.execute(FetchImage(ref, "test"))
    again = Storage(tmp_path, None)
    assert (await observe(again, ref, tmp_path)).phase is ImagePhase.READY
    assert len(server.seen) == 1


async def test_an_image_that_vanished_is_missing_and_comes_again(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    server.answer = lambda path, count: Answer(blob())
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    found = await fetch(storage, ref, tmp_path)
    assert found.path
    os.unlink(found.path)
    assert (await observe(storage, ref, tmp_path)).phase is ImagePhase.MISSING
    assert (await fetch(storage, ref, tmp_path)).phase is ImagePhase.READY
    assert len(server.seen) == 2


async def test_progress_is_seen_while_it_runs(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    content, gate = blob(), threading.Event()
    server.answer = lambda path, count: Answer(content, gate=gate)
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    await storage.execute(FetchImage(ref, "test"))
    half = await until(storage, ref, tmp_path, lambda image: image.total is not None)
    assert half.phase is ImagePhase.FETCHING
    assert half.total == len(content) and half.fetched <= len(content) // 2
    gate.set()
    assert (await fetch(storage, ref, tmp_path)).phase is ImagePhase.READY


async def test_two_at_once_and_no_more(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    gate, two = threading.Event(), threading.Event()

    def answer(path: str, count: int) -> Answer:
        if count == 2:
            two.set()
        return Answer(blob(), gate=gate)

    server.answer = answer
    refs = [ImageRef(f"{server.url}/{i}.img", format="raw") for i in range(4)]
    for ref in refs:
        await storage.execute(FetchImage(ref, "test"))
    assert await asyncio.to_thread(two.wait, 10)
    waiting = [await observe(storage, ref, tmp_path) for ref in refs]
    assert sorted(w.phase for w in waiting) == [ImagePhase.FETCHING] * 2 + [ImagePhase.QUEUED] * 2
    assert len(server.seen) == 2
    gate.set()
    assert [(await fetch(storage, ref, tmp_path)).error for ref in refs] == [""] * 4


async def test_a_redirect_is_followed(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    server.answer = lambda path, count: (
        Answer(status=302, headers={"Location": "/there.img"}) if path == "/here.img" else Answer(blob())
    )
    found = await fetch(storage, ImageRef(f"{server.url}/here.img", format="raw"), tmp_path)
    assert found.phase is ImagePhase.READY, found.error
