"""The API server dies, and comes back: guests run on, the operator waits, then goes on by itself, and nothing is done twice."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import events_of, operating, ready, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import path_of
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd

AGAIN = 60.0  # seconds


def test_for_longer_than_the_lease(crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd) -> None:
    domain = f"{kubectl.namespace}--web"
    with site(plane, libvirtd) as place, place.operating() as operator:
        kubectl.create(machine(named="web", **idle()), machine(named="let-go", **idle()))
        wait_ready(kubectl, "web", "let-go")
        running = place.id_of(domain)

        plane.kill_apiserver()
        operator.wait_said("could not be renewed in time", times=2)
        place.rig.virsh("destroy", domain)  # what it would start again, if it might act
        place.rig.virsh("start", domain)
        restarted = place.id_of(domain)
        plane.start_apiserver()
        operator.wait_said("this operator serves host node", AGAIN, times=2)
        kubectl.create(machine(named="next", **idle()))
        wait_ready(kubectl, "next", timeout=AGAIN)
        wait_ready(kubectl, "web")

        assert running != restarted == place.id_of(domain)
        assert [e["count"] for e in events_of(kubectl, "let-go") if e["reason"] == "Started"] == [1]
        assert operator.runs


def test_shortly(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """What changed meanwhile is found, and an object whose finalizer somebody took away is forgotten."""
    with operating(plane, tmp_path / "state") as operator:
        kubectl.create(machine(named="web"), machine(named="gone"))
        wait_ready(kubectl, "web", "gone")

        plane.kill_apiserver()
        plane.start_apiserver()
        kubectl.delete("vm", "gone")
        change = {"metadata": {"finalizers": None}}
        plane.api("PATCH", path_of("virtualmachines", "gone", kubectl.namespace), change, "application/merge-patch+json")
        kubectl.patch("vm", "web", {"spec": {"runStrategy": "Halted"}})

        kubectl.wait_for("vm", "web", lambda vm: vm["status"]["state"] == "Stopped", AGAIN)
        plane.kubectl.wait_for("host", "node", lambda host: ready(host) and host["status"]["machines"] == 1, AGAIN)
        assert operator.runs


def test_started_before_it(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl.create(machine(named="web"))
    plane.kill_apiserver()
    with operating(plane, tmp_path / "state") as operator:
        operator.wait_said("homeostat: waiting for the API server: the API server 127.0.0.1:")

        plane.start_apiserver()

        operator.wait_said("homeostat: the API server answers", AGAIN)
        wait_ready(kubectl, "web")
