"""What `up` will find on the host: which images are looked at, what stops a machine next, and what all together ask for."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from homeostat.planner.actions import CreateDisk, DeleteFile, ImageRef
from homeostat.planner.observed import ImagePhase, Observed, ObservedImage, ObservedStorage
from homeostat.planner.plan import Converged, Outcome, Plan, Stalled, Waiting
from homeostat.runtime.machine.foreseeing import (
    foresee_images,
    foresee_machine,
    needs_somebody,
    too_much_memory,
    too_much_space,
)
from tests.unit.machines import IMAGE, deleted, machine, running
from tests.unit.world import HOST

MIB = 2**20
DEBIAN = ImageRef(IMAGE["url"])


@pytest.mark.parametrize(
    ("outcome", "needed"),
    [
        (Stalled("ForbiddenChange", "no"), True),
        (Stalled("ImageFetching", "whatever its reason"), True),
        (Waiting("NetworkUnknown", "no"), True),
        (Waiting("ImageFetching", "it comes"), False),
        (Waiting("Starting", "it comes"), False),
        (Converged("NetworkUnknown"), False),
        (Converged("Running"), False),
    ],
)
def test_whether_somebody_has_to_do_something(outcome: Outcome, needed: bool) -> None:
    assert needs_somebody(outcome) is needed


@pytest.mark.parametrize(
    ("phase", "fetched", "asked"),
    [
        (None, False, True),
        (ImagePhase.MISSING, False, True),
        (ImagePhase.MISSING, True, False),
        (None, True, False),
        (ImagePhase.READY, False, False),
        (ImagePhase.FETCHING, False, False),
        (ImagePhase.FAILED, False, False),
    ],
)
async def test_an_image_is_looked_at_where_nobody_knows_it(phase: ImagePhase | None, fetched: bool, asked: bool) -> None:
    ready, seen = ObservedImage(ImagePhase.READY, "/i/a", "qcow2"), []

    async def look(ref: ImageRef) -> ObservedImage:
        seen.append(ref)
        return ready

    images = {DEBIAN.key: ObservedImage(phase, "/i/a")} if phase is not None else {}
    known = {DEBIAN.key: replace(ready, path="/before")} if fetched else {}
    await foresee_images((DEBIAN,), Observed(HOST, None, storage=ObservedStorage(images=images)), known, look)
    assert seen == ([DEBIAN] if asked else [])
    assert known == ({DEBIAN.key: ready} if asked else {DEBIAN.key: replace(ready, path="/before")} if fetched else {})


ROOT = {"name": "root", "image": IMAGE}
LACKING = {"disks": [ROOT], "nics": [{"name": "n", "network": "lan"}]}
FAILED, READY = ObservedImage(ImagePhase.FAILED, "", error="404"), ObservedImage(ImagePhase.READY, "/i/a", "qcow2", 1)


async def found(vm: Any, observed: Observed, image: ObservedImage) -> tuple[str, list[str]]:
    """Returns the reason of its plan, and of what else would stop it."""

    async def look(ref: ImageRef) -> ObservedImage:
        return image

    plan, _, also = await foresee_machine(vm, observed, {}, look)
    return plan.outcome.reason, [outcome.reason for outcome in also]


@pytest.mark.parametrize(
    ("spec", "image", "reason", "also"),
    [
        ({"disks": [ROOT]}, READY, "InSync", []),
        ({"disks": [ROOT]}, FAILED, "ImageFailed", []),
        (LACKING, READY, "NetworkUnknown", []),
        (LACKING, FAILED, "ImageFailed", ["NetworkUnknown"]),
    ],
)
async def test_what_stops_it_next_is_found_as_well(
    spec: dict[str, Any], image: ObservedImage, reason: str, also: list[str]
) -> None:
    assert await found(machine(**spec), Observed(HOST, None), image) == (reason, also)


async def test_nothing_beside_where_that_is_of_no_use() -> None:
    vm, new = machine(**LACKING), Observed(HOST, None)
    assert await found(vm, replace(new, refusal=Stalled("PluginNotFound", "no")), FAILED) == ("PluginNotFound", [])
    away = replace(HOST, reachable=False, error="it is off")
    assert await found(vm, replace(new, host=away), FAILED) == ("HostUnreachable", [])
    assert (await found(deleted(vm), new, FAILED))[1] == []
    world, operator, up = running(**LACKING | {"nics": []})
    seen = world.observe(up, operator.memory)
    there = replace(seen, refusal=None, host=replace(HOST, kvm_usable=False, domain_types=frozenset()))
    assert (await found(up, there, FAILED))[1] == []


@pytest.mark.parametrize(
    ("asked", "has", "said"),
    [
        (512 * MIB, 0, ""),  # nobody knows
        (512 * MIB, 512 * MIB, ""),
        (511 * MIB, 512 * MIB, ""),
        (513 * MIB, 512 * MIB, "ask for 513Mi of memory together, and host local has 512Mi"),
        (1024 * MIB, 513 * MIB + 4096, "ask for 1Gi of memory together, and host local has 513Mi"),
    ],
)
def test_memory_that_the_host_has_not(asked: int, has: int, said: str) -> None:
    told = too_much_memory(asked, replace(HOST, memory=has))
    assert told == (f"the machines that are to run {said}" if said else "")


Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("sizes", "free", "said"),
    [
        ([], 0, ""),
        ([2 * MIB], 2 * MIB, ""),
        ([2 * MIB, None], 2 * MIB, ""),
        ([2 * MIB, None, MIB], 3 * MIB - 1, "may grow to 3Mi together, and 2Mi are free"),
        ([2 * MIB], 1, "may grow to 2Mi together, and 0 are free"),
        ([1], 0, ""),  # nobody knows
    ],
)
def test_space_that_the_host_has_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sizes: list[int | None], free: int, said: str
) -> None:
    asked: list[Path] = []

    def usage(place: Path) -> Usage:
        asked.append(place)
        return Usage(0, 0, free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    plans = [Plan((CreateDisk("/d", size, None, None, "why"), DeleteFile("/d", "why")), Converged("Running")) for size in sizes]
    facts = replace(HOST, storage_root=str(tmp_path / "not" / "yet"))
    told = too_much_space(plans, facts)
    assert told == (f"the new disks {said} in {facts.storage_root}" if said else "")
    assert asked == [tmp_path], "the folder is not there yet: its file system is that of the one above"


def test_space_that_nobody_can_see(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(place: Path) -> Usage:
        raise OSError("no such disk")

    monkeypatch.setattr(shutil, "disk_usage", fail)
    assert too_much_space([Plan((CreateDisk("/d", 2, None, None, "why"),), Converged("Running"))], HOST) == ""
