"""kill -9 of the operator at every step in which a machine that comes back finds its disks: the next one ends in the same state
(invariant 4)."""

from __future__ import annotations

import pytest

from tests.e2e.homeostat import Spec, idle
from tests.e2e.steps import End, Stage, boundaries, differences

STEPS = ("TakeBack", "TakeBack", "DefineDomain", "MarkCreated")
NAMES = ("data", "root")


def came_back(stage: Stage, fault: str = "") -> End:
    stage.clear()
    disks = [{"name": "root", "image": {"path": str(stage.image())}}, {"name": "data", "size": "2Mi"}]
    spec: Spec = idle(runStrategy="Halted", disks=disks)
    stage.reach(spec)
    folder = stage.home.state / "machines" / "default" / "subject"
    before = {name: (folder / f"{name}.qcow2").stat().st_ino for name in NAMES}
    stage.reach(None)
    assert not folder.exists()
    end = stage.reach(spec, steps=STEPS, fault=fault)
    assert {name: (folder / f"{name}.qcow2").stat().st_ino for name in NAMES} == before, "they are the very same"
    assert not [*(stage.home.state / "trash").rglob("*.qcow2")]
    return end


@pytest.mark.parametrize("fault", boundaries(STEPS[:2]))
def test_br02_a_machine_whose_disks_were_set_aside(stage: Stage, fault: str) -> None:
    unhurt = stage.reference("came back", lambda: came_back(stage))
    assert differences(unhurt, came_back(stage, fault)) == []
