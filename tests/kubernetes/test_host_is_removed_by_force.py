"""A Host whose finalizer was taken away goes before its machines: they say so, and can still be let go."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import LEASES, message_of, operating, ready, reason_of, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

ABANDON = "homeostat.dev/abandon=true"


def test_its_machines_say_so(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        plane.kubectl.wait_for("host", "node", ready)
        kubectl.create(machine(named="web"))
        wait_ready(kubectl, "web")

        plane.kubectl.delete("host", "node")
        plane.kubectl.patch("host", "node", {"metadata": {"finalizers": None}})

        web = kubectl.wait_for("vm", "web", lambda vm: reason_of(vm, "Ready") == "OperatorGone")
        assert message_of(web, "Ready") == "there is no host node any more: its guests run on, and nobody looks after them"
        leases = plane.kubectl.within(LEASES)
        leases.wait_for("lease", "homeostat-host-node", lambda lease: not lease["spec"].get("holderIdentity"))
        kubectl.delete("vm", "web")  # nobody serves its host any more
        kubectl.wait_for("vm", "web", lambda vm: ABANDON in message_of(vm, "Ready"))
        kubectl("annotate", "vm", "web", ABANDON)
        kubectl.wait_gone("vm", "web")
