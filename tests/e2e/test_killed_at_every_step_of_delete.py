"""kill -9 of the operator before and after every step of a deletion: the next one ends in the same state (invariant 4)."""

from __future__ import annotations

import pytest

from tests.e2e.homeostat import idle
from tests.e2e.steps import End, Stage, boundaries, differences

STORED = ("NoteDeletion", "UndefineDomain", "SetAside", "DeleteDirectory", "ReleaseResource")
RUNNING = (
    "NoteDeletion",
    "WriteRecord",
    "ShutdownDomain",
    "PowerOffDomain",
    "UndefineDomain",
    "DeleteDirectory",
    "ReleaseResource",
)


def stored(stage: Stage, fault: str = "") -> End:
    stage.clear()
    disks = [
        {"name": "root", "image": {"path": str(stage.image())}},
        {"name": "data", "size": "2Mi"},
        {"name": "kept", "size": "2Mi", "reclaimPolicy": "Retain"},
    ]
    stage.reach(idle(runStrategy="Halted", disks=disks, cloudInit={"userData": "#!/bin/sh\n"}))
    return stage.reach(None, steps=STORED, fault=fault) | {"trash": trashed(stage)}


def trashed(stage: Stage) -> list[str]:
    return sorted(path.name for path in (stage.home.state / "trash").rglob("*.qcow2"))


def running(stage: Stage, fault: str = "") -> End:
    """Its firmware is deaf to the power button, so that it comes to its power being cut."""
    stage.clear()
    stage.reach(idle(shutdown={"gracePeriodSeconds": 1}))
    return stage.reach(None, steps=RUNNING, fault=fault)


@pytest.mark.parametrize("fault", boundaries(STORED))
def test_a_machine_with_disks(stage: Stage, fault: str) -> None:
    unhurt = stage.reference("stored", lambda: stored(stage))
    assert (unhurt["status"], unhurt["definition"]) == (None, None)
    assert [name for name in unhurt["files"] if name.endswith(".qcow2")] == ["machines/default/subject/kept.qcow2"]
    assert unhurt["trash"] == ["data.qcow2", "root.qcow2"]
    assert differences(unhurt, stored(stage, fault)) == []


@pytest.mark.parametrize("fault", boundaries(RUNNING[:4]))
def test_a_machine_that_runs(stage: Stage, fault: str) -> None:
    unhurt = stage.reference("running", lambda: running(stage))
    assert differences(unhurt, running(stage, fault)) == []
