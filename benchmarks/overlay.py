"""A machine from an image of 2 GB, against one from 20 MB, on real QEMU: from the saved YAML until it is reported Running.

The images are in the cache before the clock starts: what is measured is what a machine of its own costs, which is an overlay.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import yaml

from benchmarks.living import RUNNING_COUNT, at_rest, living
from benchmarks.measure import run, say, until
from benchmarks.pairs import Figures, in_turn
from benchmarks.result import Result
from benchmarks.rigs import Stage, remove_all, stage
from homeostat.assembly.standalone import Standalone
from homeostat.models.image import Image
from tests.rig.guest import CMDLINE

DEFAULT = 3  # pairs
BUDGET = "ratio <= 1.3"
LARGE, SMALL = 2048, 20  # MB (2^20 bytes) of the images' files


def measure(count: int) -> Result:
    with stage() as place:
        room = place.room("overlay")
        for name, size in (("large", LARGE), ("small", SMALL)):
            say(f"overlay: writing an image of {size} MB")
            _write_image(room / f"{name}.qcow2", size)
        (room / "vms").mkdir()
        _write(room, [_image(name) for name in ("large", "small")], "images")
        _timed(place, room, "small", -1)  # from now on the kernel is in the cache, too
        result = in_turn(
            "overlay", count, BUDGET, lambda number: _timed(place, room, "large", number),
            lambda number: _timed(place, room, "small", number), pairs=count,
        )  # fmt: skip
        remove_all(place.connection)
        return result


def _write_image(path: Path, size: int) -> None:
    """Writes a qcow2 of contents that nothing compresses or shares, with a boot sector."""
    raw = path.with_suffix(".raw")
    with open(raw, "wb") as file:
        for number in range(size):
            block = bytearray(os.urandom(2**16) * 16)
            if not number:
                block[446:512] = bytes(64) + b"\x55\xaa"
            file.write(block)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, path], check=True)
    raw.unlink()


def _document(kind: str, name: str, spec: object) -> dict[str, object]:
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _image(name: str) -> dict[str, object]:
    return _document("Image", name, {"source": {"path": f"../{name}.qcow2"}})


def _machine(place: Stage, image: str, name: str) -> dict[str, object]:
    spec = {
        "resources": {"memory": "128Mi"},
        "boot": {
            "kernel": {"path": str(place.image.kernel)}, "initramfs": {"path": str(place.image.initramfs)}, "cmdline": CMDLINE,
        },
        "disks": [{"name": "root", "image": {"imageRef": {"name": image}}}],
        "shutdown": {"gracePeriodSeconds": 0},
    }  # fmt: skip
    return _document("VirtualMachine", name, spec)


def _write(room: Path, documents: list[dict[str, object]], name: str) -> None:
    aside = room / f"{name}.tmp"
    aside.write_text(yaml.safe_dump_all(documents))
    aside.replace(room / "vms" / f"{name}.yaml")


def _timed(place: Stage, room: Path, image: str, number: int) -> Figures:
    return {"seconds": run(_start(place, room, image, f"{image}-{number}"))}


async def _start(place: Stage, room: Path, image: str, name: str) -> float:
    async with living(room / "vms", room / "state", place.rig.uri) as parts:
        await until(lambda: _ready(parts), "both images are Ready", 0.02)
        await at_rest(parts)
        before = _running(parts)
        began = time.perf_counter()
        _write(room, [_machine(place, image, name)], name)
        await until(lambda: _running(parts) > before, f"{name} runs", 0.005)
        return time.perf_counter() - began


def _running(parts: Standalone) -> int:
    return int(parts.store.index.read(RUNNING_COUNT, ("Running",))[0][0])


def _ready(parts: Standalone) -> bool:
    found = [parts.store.resource(row) for row in parts.store.rows(Image.KIND)]
    return len(found) == 2 and all(isinstance(one, Image) and one.status and one.status.phase == "Ready" for one in found)
