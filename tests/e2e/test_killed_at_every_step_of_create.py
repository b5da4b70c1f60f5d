"""kill -9 of the operator before and after every step of a creation: the next one ends in the same state (invariant 4)."""

from __future__ import annotations

import pytest

from tests.e2e.homeostat import Spec, idle
from tests.e2e.steps import End, Stage, boundaries, differences

STORED = ("FetchImage", "CreateDisk", "CreateDisk", "WriteSeed", "DefineDomain", "MarkCreated")
STARTED = ("DefineDomain", "MarkCreated", "SetAutostart", "StartDomain")


def stored(stage: Stage, fault: str = "") -> End:
    """All that a machine can have, but for a run: to end one takes seconds."""
    spec: Spec = idle(
        runStrategy="Halted",
        disks=[{"name": "root", "image": {"path": str(stage.image())}}, {"name": "data", "size": "2Mi"}],
        nics=[{"name": "lan", "network": "default"}],
        cloudInit={"userData": "#!/bin/sh\n"},
    )
    stage.clear()
    return stage.reach(spec, steps=STORED, fault=fault)


def started(stage: Stage, fault: str = "") -> End:
    stage.clear()
    return stage.reach(idle(nics=[{"name": "lan", "network": "default"}]), steps=STARTED, fault=fault)


@pytest.mark.parametrize("fault", boundaries(STORED))
def test_a_machine_with_disks(stage: Stage, fault: str) -> None:
    unhurt = stage.reference("stored", lambda: stored(stage))
    assert differences(unhurt, stored(stage, fault)) == []


@pytest.mark.parametrize("fault", boundaries(STARTED))
def test_a_machine_that_runs(stage: Stage, fault: str) -> None:
    unhurt = stage.reference("started", lambda: started(stage))
    assert unhurt["state"] == "running"
    assert differences(unhurt, started(stage, fault)) == []
