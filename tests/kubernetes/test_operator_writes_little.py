"""What the operator writes, as the API server itself counts it: at most six writes until a machine is Ready, none at rest.

Leases are not counted: each is renewed every two seconds, however many machines there are.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.kubernetes.counting import wait_renewed, writes
from tests.kubernetes.operating import operating, ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl, Object
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

MACHINES = 20
RENEWALS = 3  # of its lease: some six seconds


def whole(host: Object) -> bool:
    """Tells whether the operator has counted all machines and looked for orphans once, which it says in one more write."""
    return (host["status"].get("machines"), host["status"].get("orphansKnown")) == (MACHINES, True)


def test_until_ready_and_at_rest(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    def all_ready() -> bool:
        found = kubectl.list("vm")
        return len(found) == MACHINES and all(ready(vm) for vm in found)

    with operating(plane, tmp_path / "state") as operator:
        plane.kubectl.wait_for("host", "node", ready)
        before = writes(plane)

        kubectl.create(*(machine(named=f"m{number}") for number in range(MACHINES)))
        wait_until(all_ready, 60, "all are Ready", interval=0.3)
        plane.kubectl.wait_for("host", "node", whole)
        made = writes(plane) - before

        assert made["POST virtualmachines/"] == MACHINES  # our own
        assert (made.total() - MACHINES) / MACHINES <= 6, made

        settled = writes(plane)
        wait_renewed(plane, RENEWALS)
        assert writes(plane) - settled == Counter(), operator.said()
