"""kubectl wait on a Snapshot, a restore by patch, and kubectl delete: the host of its machine does all of it."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import PATIENT, operating
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

DISKS = [{"name": "data", "size": "1Mi"}]


def test_it_is_kept_by_the_host_of_its_machine(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.create(thing("Snapshot", "before", {"machineRef": {"name": "web"}}))
        kubectl.wait_for("snapshot", "before", lambda found: "MachineNotFound" in str(found.get("status")))
        kubectl.create(machine(named="web", runStrategy="Halted", disks=DISKS))
        kubectl("wait", "snapshot/before", "--for=condition=Ready", PATIENT)
        found = kubectl.get("snapshot", "before")
        assert (found["status"]["consistency"], found["status"]["host"]) == ("Off", "node")
        assert found["metadata"]["finalizers"] == ["node.host.homeostat.dev/teardown"]

        kubectl.patch("vm", "web", {"spec": {"restoreFrom": {"snapshot": "before", "token": "1"}}})
        kubectl.wait_for("vm", "web", lambda vm: vm["status"].get("restored") == "1")

        kubectl("delete", "snapshot", "before", PATIENT)
        assert not list((tmp_path / "state" / "snapshots").iterdir())
