"""kill -9 of the operator before and after every step of a Disk: the next one ends in the same state, and leaves nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.disks import disk_file, disk_status, find_disk, remove_disk, wait_disk, wait_disk_gone, write_disk
from tests.e2e.homeostat import SOON
from tests.e2e.steps import Stage, boundaries

MADE = ("LabelDisk", "CreateDisk", "LabelDisk")
COPIED = ("LabelDisk", "CopyDisk", "FillCopy", "NameCopy", "LabelDisk")
GROWN = ("GrowDisk",)
GONE = ("SetAside", "RemoveDisk", "ReleaseResource")


def carried_out(stage: Stage, steps: Sequence[str], fault: str = "", gone: bool = False, name: str = "data") -> dict[str, Any]:
    """What is there once an operator has carried the folder out; with a ``fault`` another one was killed by it before."""
    home = stage.home
    if fault:
        stage.nursery.start(home.folder, home.state, home.rig.uri, fault=fault)
        assert stage.nursery.wait(SOON) == -9, f"{fault} was never reached"
    trace = home.root / "trace"
    trace.unlink(missing_ok=True)
    stage.nursery.start(home.folder, home.state, home.rig.uri, trace=trace)
    try:
        wait_disk_gone(home, name) if gone else wait_disk(home, name)
    finally:
        assert stage.nursery.stop() == 0
    crossed = tuple(trace.read_text().split()) if trace.exists() else ()
    assert fault or crossed == tuple(steps), f"the steps are now {crossed}"
    home.forget_reader()
    status = disk_status(home, name).model_dump(exclude={"conditions", "observed_generation", "allocated"})
    found = {"status": None if find_disk(home, name) is None else status, "files": files(home.state)}
    home.forget_reader()
    return found


def files(state: Path) -> dict[str, Any]:
    """Every file of Disks, those in the trash too."""
    found: dict[str, Any] = {}
    for path in sorted(path for room in ("disks", "trash") for path in (state / room).rglob("*") if path.is_file()):
        name = str(path.relative_to(state))
        if path.suffix == ".json":
            label = json.loads(path.read_text())
            found[name] = label.get("label", label)
        elif path.suffix == ".img":
            words = ["qemu-img", "info", "-U", "--output", "json", str(path)]
            info = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
            found[name] = info["format"], info["virtual-size"], info.get("backing-filename")
        else:
            found[name] = "" if path.name == ".lock" else "?"
    return found


def made(stage: Stage, fault: str = "") -> dict[str, Any]:
    stage.clear()
    write_disk(stage.home, "data", size="2Mi")
    return carried_out(stage, MADE, fault)


def on_an_image(stage: Stage, fault: str = "") -> dict[str, Any]:
    stage.clear()
    write_disk(stage.home, "data", format="raw", size="3Mi", source={"image": {"path": str(stage.image())}})
    return carried_out(stage, ("FetchImage", *COPIED), fault)


@pytest.mark.parametrize("fault", boundaries(MADE))
def test_it_is_made(stage: Stage, fault: str) -> None:
    assert made(stage, fault) == stage.reference("made", lambda: made(stage))


@pytest.mark.parametrize("fault", boundaries(COPIED))
def test_it_is_copied(stage: Stage, fault: str) -> None:
    assert on_an_image(stage, fault) == stage.reference("copied", lambda: on_an_image(stage))
    assert disk_file(stage.home, "data").read_bytes()[: 2**20] == stage.image().read_bytes()


def cloned(stage: Stage, faults: Sequence[str]) -> list[dict[str, Any]]:
    """Clones of a Disk, one after the other: what is there after each."""
    stage.clear()
    write_disk(stage.home, "data", size="2Mi", source={"image": {"path": str(stage.image())}})
    carried_out(stage, ("FetchImage", "LabelDisk", "CreateDisk", "LabelDisk"))
    found = []
    for number, fault in enumerate(faults):
        write_disk(stage.home, f"clone{number}", size="2Mi", format="raw", source={"diskRef": {"name": "data"}})
        found.append(carried_out(stage, COPIED, fault, name=f"clone{number}"))
        assert disk_file(stage.home, f"clone{number}").read_bytes()[: 2**20] == stage.image().read_bytes(), fault
    return found


def test_it_is_cloned(stage: Stage) -> None:
    faults = boundaries(COPIED)
    for fault, one, other in zip(faults, cloned(stage, [""] * len(faults)), cloned(stage, faults), strict=True):
        assert one == other, fault


@pytest.mark.parametrize("format", ["qcow2", "raw"])
@pytest.mark.parametrize("fault", ["", *boundaries(GROWN)])
def test_it_is_grown(stage: Stage, fault: str, format: str) -> None:
    stage.clear()
    write_disk(stage.home, "data", size="2Mi", format=format)
    carried_out(stage, MADE)
    write_disk(stage.home, "data", size="4Mi", format=format)
    found = carried_out(stage, GROWN, fault)
    assert found["files"]["disks/default/data/disk.img"] == (format, 4 * 2**20, None)


@pytest.mark.parametrize("fault", ["", *boundaries(GONE)])
def test_it_is_deleted_and_comes_back(stage: Stage, fault: str) -> None:
    made(stage)
    remove_disk(stage.home, "data")
    found = carried_out(stage, GONE, fault, gone=True)
    kept = [name for name in found["files"] if name.endswith(".img")]
    assert found["status"] is None and len(kept) == 1 and kept[0].startswith("trash/")
    assert not list((stage.home.state / "disks").rglob("*"))
    write_disk(stage.home, "data", size="2Mi")
    back = carried_out(stage, ("TakeBack",))
    assert list(back["files"]) == ["disks/default/data/disk.img", "disks/default/data/disk.json", "trash/.lock"]
