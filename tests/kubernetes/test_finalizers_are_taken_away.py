"""`kubectl replace`, as Argo CD's Replace=true, takes finalizers away that no manifest names: and with them the placement."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import operating, ready, reason_of, wait_ready
from tests.kubernetes.test_hosts_take_machines import second
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl, as_yaml
from tests.rig.kubernetes.plane import ControlPlane


def test_the_machine_stays_on_its_host(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """Though no new one goes there now: its guest runs on, and on another host it would be a second one."""
    with operating(plane, tmp_path / "state", "--host", "a", "--host", "b", "--host-file", str(tmp_path)):
        plane.kubectl.apply(thing("Host", "b", {"uri": second(tmp_path)}))
        for host in ("a", "b"):
            plane.kubectl.wait_for("host", host, ready)
        kubectl.create(machine(named="web"))
        wait_ready(kubectl, "web")
        web = kubectl.get("vm", "web")
        host, finalizers = web["status"]["host"], web["metadata"]["finalizers"]
        plane.kubectl.patch("host", host, {"spec": {"maintenance": True}})
        plane.kubectl.wait_for("host", host, lambda found: reason_of(found, "Schedulable") == "Maintenance")

        kubectl("replace", "-f", "-", stdin=as_yaml(machine(named="web")))

        kubectl.wait_for("vm", "web", lambda vm: vm["metadata"].get("finalizers"))
        assert kubectl.get("vm", "web")["metadata"]["finalizers"] == finalizers
        wait_ready(kubectl, "web")
        assert kubectl.get("vm", "web")["status"]["host"] == host
