"""kill -9 of the operator at every step of a rollout of a real guest: the last one ends where the first one did, that nobody
killed, and somebody serves all the time (invariants 4 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.deployed import LONG, Observer, deploy, remains, replicas, revisions, served, settled, status
from tests.e2e.homeostat import Homeostat
from tests.e2e.nursery import Nursery
from tests.e2e.steps import canonical, files

# How a machine comes, and the one that it stands in for goes. A rollout of one machine is this twice: web-2 comes and web-1
# goes, then web-1 comes again and web-2 goes.
STEPS = (
    *("CreateMachine", "CreateDisk", "WriteSeed", "DefineDomain", "MarkCreated", "SetAutostart", "StartDomain"),
    *("DeleteMachine", "ShutdownDomain", "UndefineDomain", "SetAside", "DeleteDirectory", "ReleaseResource"),
)


class Rollouts:
    """Of one machine with a disk and a seed; each replaces it by one that is just the same, as `rollout restart` does."""

    def __init__(self, town: Homeostat) -> None:
        self._town = town
        self._log = town.root / "nursery.log"
        self._nursery = Nursery(self._log)

    def close(self) -> None:
        self._nursery.close()

    def order(self, restarted_at: str) -> None:
        assert self._town.image is not None
        disk = {"name": "root", "image": {"path": str(self._town.image.base)}}
        # By the button alone: one that an agent shuts down may be off before libvirt has done asking, which fails then.
        template = served(self._town, "page", disks=[disk], guestAgent={"enabled": False})
        deploy(self._town, 1, template, restartedAt=restarted_at)

    def killed(self, fault: str) -> None:
        """An operator goes on until it dies of the fault."""
        self._start(fault)
        assert self._nursery.wait(LONG) == -9, f"{fault} was never reached: {self._log.read_text()[-3000:]}"

    def finish(self) -> dict[str, Any]:
        """Another one ends it; all that is left then."""
        self._start()
        self._town.wait_for(lambda: settled(self._town, 1, "page"), f"it is done\n{self._log.read_text()[-3000:]}", LONG)
        assert self._nursery.stop() == 0
        return end(self._town)

    def _start(self, fault: str = "") -> None:
        self._nursery.start(self._town.folder, self._town.state, self._town.rig.uri, fault=fault)


@pytest.fixture
def rollouts(town: Homeostat) -> Iterator[Rollouts]:
    made = Rollouts(town)
    yield made
    made.close()


def end(town: Homeostat) -> dict[str, Any]:
    """Without times and numbers of revisions."""
    (machine,), whole = replicas(town).values(), status(town)
    assert machine.status is not None
    (followed,) = (r.spec for r in revisions(town).values() if r.spec.revision == whole.revision)
    return {
        "remains": {what: names for what, names in remains(town).items() if what != "revisions"},
        "machine": (machine.metadata.uid, machine.metadata.labels, machine.metadata.owner_references, machine.spec),
        "machine's status": (machine.status.state, {(c.type, c.status, c.reason) for c in machine.status.conditions}),
        "status": whole.model_dump(exclude={"conditions", "revision", "observed_generation"}),
        "conditions": {(c.type, c.status, c.reason) for c in whole.conditions},
        "revision": (followed.template, followed.completed, followed.succeeded, followed.failed),
        "definition": canonical(town.virsh("dumpxml", "--inactive", "web-1")),
        "files": dict(files(town.state)),
    }


def test_a_rollout(town: Homeostat, rollouts: Rollouts) -> None:
    """While web-2 stands in for web-1 they die before their step, then after it."""
    rollouts.order("once")
    unhurt = rollouts.finish()
    rollouts.order("twice")
    with Observer(town) as seen:
        for step in ("RecordRevision", *STEPS):
            rollouts.killed(f"before:{step}:1")
        assert list(replicas(town)) == ["web-2"]
        for step in STEPS:
            rollouts.killed(f"after:{step}:1")
        hurt = rollouts.finish()
    assert (seen.least, seen.least_reported) == (1, 1), "maxUnavailable: 0"
    assert sorted(revisions(town)) == [1, 2] and status(town).revision == 2
    assert {part: (unhurt[part], hurt[part]) for part in unhurt if unhurt[part] != hurt[part]} == {}
