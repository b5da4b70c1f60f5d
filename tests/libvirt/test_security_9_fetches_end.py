"""No server keeps others waiting: it has to send, its turn ends where it dawdles, and what nobody asks for is given up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.driver.storage.images import turns
from homeostat.planner.actions import FetchImage, ImageRef
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import ImagePhase, ObservedImage
from homeostat.planner.plan import Waiting
from tests.unit.driving import Operator
from tests.unit.images import DEADLINE, Answer, ImageServer, blob, fetch, observe, serving, until
from tests.unit.machines import machine
from tests.unit.world import World

CLOCK = [1000.0]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def server(gate: threading.Event) -> Iterator[ImageServer]:
    """What is called slow hangs in the middle."""
    with serving() as server:
        server.answer = lambda path, count: Answer(blob(), gate=gate if "slow" in path else None, headers={"ETag": '"one"'})
        yield server
        gate.set()


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path / "state", None, clock=lambda: CLOCK[0])
    yield storage
    await storage.close()


def ref(server: ImageServer, name: str) -> ImageRef:
    return ImageRef(f"{server.url}/{name}", format="raw")


async def hang_both(server: ImageServer, storage: Storage, root: Path) -> list[ImageRef]:
    slow = [ref(server, f"slow-{number}") for number in range(turns.AT_ONCE)]
    for each in slow:
        await storage.execute(FetchImage(each, "test"))
        await until(storage, each, root, lambda image: image.total is not None)
    return slow


async def met(storage: Storage, condition: Callable[[], bool]) -> None:
    """Nothing is looked at meanwhile."""
    changed = asyncio.Event()
    storage.subscribe(lambda key, fetching: changed.set())
    async with asyncio.timeout(DEADLINE):
        while not condition():
            changed.clear()
            await changed.wait()


async def test_findings_answers_what_waits_says_behind_what(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    root = tmp_path / "state"
    slow = await hang_both(server, storage, root)
    other = ref(server, "fast")
    await storage.execute(FetchImage(other, "test"))
    found = await observe(storage, other, root)
    assert found.phase is ImagePhase.QUEUED
    assert set(found.behind) == {each.url for each in slow}


def test_findings_answers_a_queued_image_in_words() -> None:
    world, vm = World(), machine(disks=[{"name": "root", "image": {"url": "https://example.org/debian.qcow2"}}])
    observed = world.observe(vm, Operator(world).memory)
    (key,) = observed.storage.images or {"https://example.org/debian.qcow2##": None}
    waits = ObservedImage(ImagePhase.QUEUED, behind=("http://a/x", "http://b/y"))
    plan = plan_machine(vm, replace(observed, storage=replace(observed.storage, images={key: waits})), 0.0)
    assert isinstance(plan.outcome, Waiting) and plan.outcome.reason == "ImageQueued"
    assert plan.outcome.message.endswith("waits for its turn to be fetched, behind http://a/x and http://b/y")


async def test_security_9_local_files_do_not_wait_behind_remote_ones(
    server: ImageServer, storage: Storage, tmp_path: Path
) -> None:
    slow = await hang_both(server, storage, tmp_path / "state")
    (tmp_path / "disk.img").write_bytes(blob())
    found = await fetch(storage, ImageRef(str(tmp_path / "disk.img"), format="raw"), tmp_path / "state")
    assert found.phase is ImagePhase.READY, found.error
    assert storage.fetching == {each.key for each in slow}, "which hang still"


async def test_security_9_a_server_that_sends_too_little_is_left(
    server: ImageServer, storage: Storage, tmp_path: Path, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WINDOW", 0.1)
    (tmp_path / "state").mkdir()
    slow = ref(server, "slow")
    await storage.execute(FetchImage(slow, "test"))
    found = await until(storage, slow, tmp_path / "state", lambda image: image.phase is ImagePhase.FAILED)
    assert not found.permanent
    assert "sends less than 1.0 KiB a second; it is tried again, and the next try goes on from there" in found.error
    monkeypatch.setattr(turns, "WINDOW", 60.0)
    gate.set()
    CLOCK[0] += 61
    assert (await fetch(storage, slow, tmp_path / "state")).phase is ImagePhase.READY
    assert server.seen[-1]["Range"] == f"bytes={len(blob()) // 2}-"


@pytest.mark.parametrize("pauses", [1, 3])
async def test_security_9_our_own_pauses_are_no_servers_fault(pauses: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came meanwhile lies in the kernel's buffers, and is read after that."""
    monkeypatch.setattr(turns, "WINDOW", 0.2)
    image = turns.Fetch("slow", remote=True, waits=False, coming=True)
    windows, loop = asyncio.Queue[int](), asyncio.get_running_loop()
    watching = asyncio.create_task(turns.watch(image, turns.FetchTurns(), lambda: windows.put_nowait(0), list))
    for _ in range(pauses):
        await windows.get()
        image.seen = True
        loop.call_soon(time.sleep, 0.5)  # as SIGSTOP, or a crowded host; longer than the window
        await asyncio.sleep(0.25)  # due in the pause, as the end of the window is
        image.progress(image.fetched + 2**20, None)
    await windows.get()
    assert not watching.done()
    with pytest.raises(turns.TooSlow):
        await asyncio.wait_for(watching, DEADLINE)


async def test_security_9_slow_servers_give_their_turn_away(
    server: ImageServer, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LEAST", -1)
    monkeypatch.setattr(turns, "WINDOW", 0.1)
    slow = await hang_both(server, storage, tmp_path / "state")
    for name in ("fast-1", "fast-2"):
        asking = asyncio.create_task(keep_looking(storage, slow, tmp_path / "state"))
        found = await fetch(storage, ref(server, name), tmp_path / "state")
        asking.cancel()
        assert found.phase is ImagePhase.READY, found.error


async def keep_looking(storage: Storage, refs: list[ImageRef], root: Path) -> None:
    """As their machines do whenever they are told."""
    told = asyncio.Event()
    storage.subscribe(lambda key, fetching: told.set())
    while True:
        for each in refs:
            await observe(storage, each, root)
        told.clear()
        await told.wait()


async def test_security_9_what_nobody_asks_for_is_given_up(
    server: ImageServer, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LEAST", -1)
    monkeypatch.setattr(turns, "SLOW", -1)
    monkeypatch.setattr(turns, "WINDOW", 0.1)
    slow = await hang_both(server, storage, tmp_path / "state")
    await met(storage, lambda: not storage.fetching)
    assert (await observe(storage, slow[0], tmp_path / "state")).phase is ImagePhase.MISSING, "whoever comes back has it fetched"


async def test_security_9_a_day_is_enough(
    server: ImageServer, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LEAST", -1)
    monkeypatch.setattr(turns, "WINDOW", 0.1)
    monkeypatch.setattr(turns, "DEADLINE", 0.2)
    (tmp_path / "state").mkdir()
    await storage.execute(FetchImage(ref(server, "slow"), "test"))
    asking = asyncio.create_task(keep_looking(storage, [ref(server, "slow")], tmp_path / "state"))
    found = await until(storage, ref(server, "slow"), tmp_path / "state", lambda image: image.phase is ImagePhase.FAILED)
    asking.cancel()
    assert "did not arrive within" in found.error and not found.permanent
