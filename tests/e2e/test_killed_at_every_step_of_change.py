"""kill -9 of the operator before and after every step of a change: the next one ends in the same state (invariant 4)."""

from __future__ import annotations

from itertools import zip_longest

import pytest

from tests.e2e.homeostat import Spec, idle
from tests.e2e.steps import End, Stage, boundaries, differences

LIVE = (
    "FetchImage",
    "GrowDisk",
    "CreateDisk",
    "NoteDisks",
    "DefineDomain",  # with what waits for a restart: its devices are still those that the guest has
    "ChangeMedium",
    "AttachDisk",
    "AttachNic",
    "DefineDomain",
)
RESTART = ("DefineDomain", "PowerOffDomain", "WriteRecord", "StartDomain")
HALTED = ("GrowDisk", "CreateDisk", "NoteDisks", "DefineDomain")
CIRCLE = (  # power of a manual machine, from Running
    ("Paused", ("PauseDomain", "WriteRecord")),
    ("Running", ("ResumeDomain", "WriteRecord")),
    ("Saved", ("WriteRecord", "SaveDomain", "WriteRecord")),
    ("Running", ("WriteRecord", "StartDomain", "WriteRecord")),
)


def grown(stage: Stage, count: int) -> Spec:
    """Machine number ``count`` of a row in which each has more than the one before it."""
    disks = [{"name": f"disk{number}", "size": "1Mi"} for number in range(count)]
    image = stage.image(f"medium{count}.iso")
    return idle(
        machine={"type": "pc"},  # which has a slot for everybody
        resources={"memory": f"{32 + count}Mi"},
        disks=[
            {"name": "data", "size": f"{1 + count}Mi"},
            {"name": "cd", "type": "cdrom", "image": {"path": str(image)}},
            *disks,
        ],
        nics=[{"name": f"nic{number}", "network": "default"} for number in range(count)],
    )


def row(stage: Stage, faults: list[str]) -> list[End]:
    """One machine through all changes: a guest that is none cannot give a device back."""
    stage.clear()
    stage.reach(grown(stage, 0))
    return [stage.reach(grown(stage, count), steps=LIVE, fault=fault) for count, fault in enumerate(faults, start=1)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_changes_of_a_running_machine(stage: Stage, moment: str) -> None:
    faults = [fault for fault in boundaries(LIVE) if fault.startswith(moment)]
    unhurt = stage.reference("live", lambda: {"row": row(stage, [""] * len(faults))})["row"]
    for fault, one, other in zip(faults, unhurt, row(stage, faults), strict=True):
        assert differences(one, other) == [], fault


def test_a_restart_that_brings_a_change(stage: Stage) -> None:
    """There and back again, so that both ends have a reference."""
    stage.clear()
    plain, changed = idle(restartedAt="1"), idle(restartedAt="2", resources={"memory": "48Mi"})
    stage.reach(plain)
    there, back = stage.reach(changed, steps=RESTART), stage.reach(plain, steps=RESTART)
    for number, fault in enumerate(boundaries(RESTART)):
        spec, unhurt = (plain, back) if number % 2 else (changed, there)
        assert differences(unhurt, stage.reach(spec, fault=fault)) == [], fault


def test_changes_of_a_machine_that_is_off(stage: Stage) -> None:
    def sized(count: int) -> Spec:
        disks = [{"name": "data", "size": f"{1 + count}Mi"}, *({"name": f"d{n}", "size": "1Mi"} for n in range(count))]
        return idle(runStrategy="Halted", resources={"memory": f"{32 + count}Mi"}, disks=disks)

    def row(faults: list[str]) -> list[End]:
        stage.clear()
        stage.reach(sized(0))
        return [stage.reach(sized(count), steps=HALTED, fault=fault) for count, fault in enumerate(faults, start=1)]

    faults = boundaries(HALTED)
    for fault, one, other in zip(faults, row([""] * len(faults)), row(faults), strict=True):
        assert differences(one, other) == [], fault


def test_power_of_a_manual_machine(stage: Stage) -> None:
    """Paused, running, saved and restored: each step killed before and after it."""
    stage.clear()
    manual = {power: idle(runStrategy="Manual", power=power) for power in ("Running", "Paused", "Saved")}
    stage.reach(manual["Running"])
    unhurt = [stage.reach(manual[power], steps=steps) for power, steps in CIRCLE]
    for round in zip_longest(*(boundaries(steps) for _, steps in CIRCLE), fillvalue=""):
        for (power, _), end, fault in zip(CIRCLE, unhurt, round, strict=True):
            assert differences(end, stage.reach(manual[power], fault=fault)) == [], (power, fault)
