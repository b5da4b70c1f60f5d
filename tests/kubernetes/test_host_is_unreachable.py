"""A host that cannot be asked: its machines say so, nothing is guessed, and an annotation alone lets a deleted one go."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import message_of, operating, ready, reason_of, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl, condition_of
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd

ABANDON = "homeostat.dev/abandon=true"
GONE = 40.0  # seconds: the lease expires, and the controller looks every five


def test_while_its_libvirt_is_down(crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd) -> None:
    domains = {name: f"{kubectl.namespace}--{name}" for name in ("web", "let-go")}
    with site(plane, libvirtd) as place, place.operating():
        kubectl.create(*(machine(named=name, **idle()) for name in domains))
        wait_ready(kubectl, *domains)
        running = place.id_of(domains["web"])

        libvirtd.kill9()
        plane.kubectl.wait_for("host", "node", lambda host: reason_of(host, "Ready") == "HostUnreachable")
        kubectl.delete("vm", "let-go")
        for name in domains:
            vm = kubectl.wait_for("vm", name, lambda vm: reason_of(vm, "Ready") == "HostUnreachable")
            assert condition_of(vm, "Ready")["status"] == "Unknown"
        kubectl.wait_for("vm", "let-go", lambda vm: ABANDON in message_of(vm, "Ready").replace(': "true"', "=true"))

        kubectl("annotate", "vm", "let-go", ABANDON)
        kubectl.wait_gone("vm", "let-go")

        libvirtd.start()
        wait_ready(kubectl, "web")
        assert place.id_of(domains["web"]) == running
        assert place.state_of(domains["let-go"]) == "running"  # left there, as asked


def test_while_nobody_serves_it(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """Another operator is the controller, and knows what it sees: nothing."""
    with operating(plane, tmp_path / "far", "--host", "far") as serving:
        kubectl.create(machine(named="web"), machine(named="let-go"))
        wait_ready(kubectl, "web", "let-go")
        with operating(plane, tmp_path / "near", "--host", "near") as controller:
            controller.wait_said("this operator serves host near")
            serving.kill9()

            far = plane.kubectl.wait_for("host", "far", lambda host: reason_of(host, "Ready") == "OperatorGone", GONE)
            assert condition_of(far, "Ready")["status"] == "Unknown"
            for name in ("web", "let-go"):
                vm = kubectl.wait_for("vm", name, lambda vm: reason_of(vm, "Ready") == "OperatorGone")
                assert condition_of(vm, "Ready")["status"] == "Unknown"
                assert "its guests run on" in message_of(vm, "Ready")

            kubectl.delete("vm", "let-go")
            kubectl.wait_for("vm", "let-go", lambda vm: ABANDON in message_of(vm, "Ready"))
            kubectl("annotate", "vm", "let-go", ABANDON)
            kubectl.wait_gone("vm", "let-go")

            serving.start()
            wait_ready(kubectl, "web")
            plane.kubectl.wait_for("host", "far", ready)
