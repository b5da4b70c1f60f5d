"""A local file that failed is tried again soon after it became another one, and rests."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.driver.storage.images import failures
from homeostat.planner.actions import FetchImage, ImageRef
from homeostat.planner.observed import ImagePhase
from tests.libvirt.hosts import until as until_true
from tests.unit.images import Clock, blob, fetch, until


@pytest.fixture
def ref(tmp_path_factory: pytest.TempPathFactory) -> ImageRef:
    """A file that is not there yet."""
    return ImageRef(str(tmp_path_factory.mktemp("images") / "base.raw"), format="raw")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What each look at a source found, most of which come at once."""
    seen: list[object] = []
    plain = failures.source_of

    async def look(ref: ImageRef) -> object:
        seen.append(await plain(ref))
        return seen[-1]

    monkeypatch.setattr(failures, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(failures, "source_of", look)
    return seen


async def test_what_was_refused(storage: Storage, tmp_path: Path, clock: Clock, ref: ImageRef, looks: list[object]) -> None:
    """The clock stands still: no wait ends by itself."""
    Path(ref.url).write_bytes(b"")
    found = await fetch(storage, ref, tmp_path)
    assert found.phase is ImagePhase.FAILED and found.permanent and "is empty" in found.error
    Path(ref.url).write_bytes(blob())
    found = await until(storage, ref, tmp_path, lambda image: image.phase is ImagePhase.MISSING)
    assert "is empty" in found.error, "it says why until it is tried again"
    assert (await fetch(storage, ref, tmp_path)).phase is ImagePhase.READY


async def test_what_was_not_there(storage: Storage, tmp_path: Path, clock: Clock, ref: ImageRef, looks: list[object]) -> None:
    for _ in range(4):  # the next wait is a long one
        assert (await fetch(storage, ref, tmp_path)).phase is ImagePhase.FAILED
        clock.now += 60
    assert (await fetch(storage, ref, tmp_path)).phase is ImagePhase.FAILED
    Path(ref.url).write_bytes(blob())
    await until(storage, ref, tmp_path, lambda image: image.phase is ImagePhase.MISSING)
    assert (await fetch(storage, ref, tmp_path)).phase is ImagePhase.READY


async def test_one_that_stays_as_it_is(
    storage: Storage, tmp_path: Path, clock: Clock, ref: ImageRef, looks: list[object]
) -> None:
    Path(ref.url).write_bytes(b"")
    await fetch(storage, ref, tmp_path)
    await until_true(lambda: len(looks) > 5, "it was looked at")
    await storage.execute(FetchImage(ref, "test"))
    assert (await until(storage, ref, tmp_path, lambda image: True)).phase is ImagePhase.FAILED


async def test_one_that_is_being_written(
    storage: Storage, tmp_path: Path, clock: Clock, ref: ImageRef, looks: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def growing(ref: ImageRef) -> tuple[int, int, int, int]:
        looks.append(None)
        return min(len(looks), 20), 0, 0, 0

    monkeypatch.setattr(failures, "source_of", growing)
    Path(ref.url).write_bytes(b"")
    await fetch(storage, ref, tmp_path)
    await until(storage, ref, tmp_path, lambda image: image.phase is ImagePhase.MISSING)
    assert len(looks) == 21
