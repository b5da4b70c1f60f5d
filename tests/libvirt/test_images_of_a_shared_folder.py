"""Hosts that share a state folder fetch an image once: the others wait for it, see how far it is, and go on where it ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.planner.actions import FetchImage, ImageRef
from homeostat.planner.observed import ImagePhase
from tests.libvirt.hosts import until as until_true
from tests.unit.images import Answer, Clock, ImageServer, blob, fetch, settled, until

TAG = {"ETag": '"one"'}


@pytest.fixture
async def other(tmp_path: Path, clock: Clock) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path, None, clock=clock)
    yield storage
    await storage.close()


async def test_it_is_fetched_once(server: ImageServer, storage: Storage, other: Storage, tmp_path: Path) -> None:
    server.answer = lambda path, count: Answer(blob())
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    found = await asyncio.gather(fetch(storage, ref, tmp_path), fetch(other, ref, tmp_path))
    assert [image.phase for image in found] == [ImagePhase.READY] * 2, found
    assert len(server.seen) == 1
    assert [path.name for path in tmp_path.glob("images/*") if not path.name.endswith((".img", ".img.json"))] == []


async def test_who_waits_sees_how_far_it_is(server: ImageServer, storage: Storage, other: Storage, tmp_path: Path) -> None:
    gate = threading.Event()
    server.answer = lambda path, count: Answer(blob(4_000_000), gate=gate)
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    await storage.execute(FetchImage(ref, "test"))
    await until_true(lambda: any(path.stat().st_size for path in tmp_path.glob("images/*.partial")), "some of it is there")
    await other.execute(FetchImage(ref, "test"))
    seen = await until(other, ref, tmp_path, lambda image: image.fetched > 0)
    assert seen.phase is ImagePhase.FETCHING
    gate.set()
    assert (await until(other, ref, tmp_path, settled)).phase is ImagePhase.READY
    assert len(server.seen) == 1


async def test_who_waits_goes_on_where_the_first_ended(
    server: ImageServer, storage: Storage, other: Storage, tmp_path: Path
) -> None:
    gate = threading.Event()
    server.answer = lambda path, count: Answer(blob(4_000_000), headers=TAG, gate=gate if count == 1 else None)
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    await storage.execute(FetchImage(ref, "test"))
    await until_true(lambda: any(path.stat().st_size for path in tmp_path.glob("images/*.partial")), "some of it is there")
    await other.execute(FetchImage(ref, "test"))
    await storage.close()
    gate.set()
    assert (await until(other, ref, tmp_path, settled)).phase is ImagePhase.READY
    assert len(server.seen) == 2 and "Range" in server.seen[1]
