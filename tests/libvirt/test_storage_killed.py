"""kill -9 in the moment before a finished file gets its name, or right after: the next operator ends in the same state."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.planner.actions import CreateDisk, FetchImage, ImageRef, WriteSeed
from homeostat.planner.observed import ImagePhase
from tests.unit.images import blob, fetch

# Runs one action with every storage call of the given name replaced by death, before or after the real one.
_VICTIM = """
import asyncio, os, signal, sys
from homeostat.driver.storage import Storage
from homeostat.planner.actions import *
from homeostat.planner.observed import *

root, source, call, when = sys.argv[1:5]
real = getattr(os, call)

def deadly(*args, **kwargs):
    if when == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(os, call, deadly)

async def main():
    storage = Storage(root, None)
    await storage.execute(eval(sys.argv[5]))
    await asyncio.sleep(20)  # a fetch goes on in the background

asyncio.run(main())
"""


def die(root: Path, source: Path, call: str, when: str, action: object) -> None:
    arguments = [str(root), str(source), call, when, repr(action)]
    ended = subprocess.run([sys.executable, "-c", _VICTIM, *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["disk", "seed"])
async def test_a_file_of_a_machine(tmp_path: Path, kind: str, when: str) -> None:
    folder = tmp_path / "machines" / "default" / "web"
    action = {
        "disk": CreateDisk(str(folder / "root.qcow2"), 2**20, None, None, "test"),
        "seed": WriteSeed(str(folder / "seed-0.iso"), (("user-data", "x"),), "test"),
    }[kind]
    die(tmp_path, tmp_path, "link", when, action)
    paths = [str(folder / "root.qcow2")], [str(folder / "seed-0.iso")]
    storage = Storage(tmp_path, None)
    between = await storage.observe([], *paths, str(folder))
    assert (len(between.disks) + len(between.seeds) + between.created) == (when == "after")
    await storage.execute(action)
    after = await storage.observe([], *paths, str(folder))
    assert (len(after.disks) + len(after.seeds) + after.created) == 1
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_image(tmp_path: Path, when: str) -> None:
    source, root = tmp_path / "source.img", tmp_path / "state"
    source.write_bytes(blob())
    ref = ImageRef(str(source), format="raw")
    die(root, source, "replace", when, FetchImage(ref, "test"))
    storage = Storage(root, None)
    found = await fetch(storage, ref, root)
    assert found.phase is ImagePhase.READY and found.path
    assert Path(found.path).read_bytes() == source.read_bytes()
    assert not list(root.glob("images/*.partial"))
