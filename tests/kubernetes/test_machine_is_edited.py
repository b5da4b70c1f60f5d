"""A change by kubectl reaches the running machine, and its status says of which generation it speaks."""

from __future__ import annotations

from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import ready, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl, condition_of
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd


def test_a_live_change_leaves_it_running(crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd) -> None:
    domain = f"{kubectl.namespace}--web"
    with site(plane, libvirtd) as place, place.operating():
        kubectl.create(machine(named="web", **idle(disks=[{"name": "root", "size": "1Mi"}])))
        wait_ready(kubectl, "web")
        running = place.id_of(domain)

        kubectl.patch("vm", "web", {"spec": {"disks": [{"name": "root", "size": "2Mi"}]}})
        kubectl.wait_for("vm", "web", lambda vm: ready(vm) and vm["status"]["observedGeneration"] == 2)

        assert str(2 << 20) in place.rig.virsh("domblkinfo", domain, "vda")
        assert place.id_of(domain) == running


def test_one_that_needs_a_restart_says_so(crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd) -> None:
    domain = f"{kubectl.namespace}--web"
    with site(plane, libvirtd) as place, place.operating():
        kubectl.create(machine(named="web", **idle(updatePolicy="OnNextBoot")))
        wait_ready(kubectl, "web")
        running = place.id_of(domain)

        kubectl.patch("vm", "web", {"spec": {"resources": {"vcpu": 2}}})
        kubectl.wait_for("vm", "web", lambda vm: condition_of(vm, "RestartRequired").get("status") == "True")

        assert place.id_of(domain) == running
