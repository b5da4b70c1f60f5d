"""A full disk is said plainly, leaves nothing half-made, and mends itself once there is room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeostat.driver.errors import NoSpace
from homeostat.driver.storage import Storage
from homeostat.planner.actions import CreateDisk, ImageRef, WriteSeed
from homeostat.planner.observed import ImagePhase
from tests.unit.images import Answer, blob, fetch, observe, serving, until

KIB = 1024


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    return filler


async def test_an_image_that_cannot_fit_is_not_begun(small: Path) -> None:
    with serving() as server:
        server.answer = lambda path, count: Answer(blob(900 * KIB))
        storage = Storage(small, None)
        found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), small)
        assert found.phase is ImagePhase.FAILED and not found.permanent
        assert "needs 900.0 KiB more, but only" in found.error and "are free in" in found.error
        assert not any(p.stat().st_size for p in small.glob("images/*.partial"))
        await storage.close()


async def test_a_disk_that_fills_up_meanwhile_is_given_back(small: Path) -> None:
    """The server does not say how much comes."""
    with serving() as server:
        server.answer = lambda path, count: Answer(blob((900 if count == 1 else 100) * KIB), length=-1, headers={"ETag": '"a"'})
        storage = Storage(small, None)
        ref = ImageRef(f"{server.url}/disk.img", format="raw")
        found = await fetch(storage, ref, small)
        assert found.phase is ImagePhase.FAILED and not found.permanent
        assert "no space is left" in found.error and "free some space" in found.error
        assert os.listdir(small / "images") == []
        await until(storage, ref, small, lambda image: image.phase is ImagePhase.MISSING)
        assert (await fetch(storage, ref, small)).phase is ImagePhase.READY
        await storage.close()


async def test_a_local_image_waits_for_room(small: Path) -> None:
    storage = Storage(small, None)
    source = small.parent / "local.img"
    source.write_bytes(blob(100 * KIB))
    filler = fill(small)
    ref = ImageRef(str(source), format="raw")
    found = await fetch(storage, ref, small)
    assert found.phase is ImagePhase.FAILED and not found.permanent
    assert "free" in found.error
    filler.unlink()
    await until(storage, ref, small, lambda image: image.phase is ImagePhase.MISSING)
    assert (await fetch(storage, ref, small)).phase is ImagePhase.READY
    await storage.close()


async def test_no_disk_and_no_seed_is_left_half_made(small: Path) -> None:
    storage = Storage(small, None)
    folder = small / "machines" / "default" / "web"
    folder.mkdir(parents=True)
    filler = fill(small)
    with pytest.raises(NoSpace, match=r"free"):
        await storage.execute(CreateDisk(str(folder / "root.qcow2"), 2**20, None, None, "test"))
    with pytest.raises(NoSpace, match=r"no space is left in .* free"):
        await storage.execute(WriteSeed(str(folder / "seed-0.iso"), (("user-data", ""),), "test"))
    assert os.listdir(folder) == []
    filler.unlink()
    await storage.execute(CreateDisk(str(folder / "root.qcow2"), 2**20, None, None, "test"))
    assert os.listdir(folder) == ["root.qcow2"]
    assert (await observe(storage, ImageRef("/none"), small)).phase is ImagePhase.MISSING
