"""Which files the address of a Host may name is the matter of the operator that serves it, and not of the controller."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import operating, ready, reason_of, wait_ready
from tests.kubernetes.test_hosts_take_machines import second
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl, condition_of
from tests.rig.kubernetes.plane import ControlPlane


def test_a_controller_that_may_read_no_files(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    allowed = ("--host-selector", "served=central", "--host-file", str(tmp_path))
    with (
        operating(plane, tmp_path / "east", "--host", "east") as east,
        operating(plane, tmp_path / "central", *allowed, start=False) as central,
    ):
        east.wait_said("this operator is the controller now")
        central.start()
        west = thing("Host", "west", {"uri": second(tmp_path)})
        west["metadata"]["labels"] = {"served": "central"}
        plane.kubectl.apply(west)
        found = plane.kubectl.wait_for("vmhost", "west", ready)
        assert condition_of(found, "Stalled") == {}
        kubectl.create(machine(named="web", hostSelector={"served": "central"}))
        wait_ready(kubectl, "web")
        plane.kubectl.wait_for("vmhost", "west", lambda host: host["status"]["machines"] == 1 and ready(host))
        central.stop()
        kubectl.wait_for("vm", "web", lambda vm: reason_of(vm, "Ready") == "OperatorGone")
        plane.kubectl.wait_for("vmhost", "west", lambda host: reason_of(host, "Ready") == "OperatorGone")
