"""Deployments over a cluster: rolled out, scaled, mended, and taken away, with nothing left behind."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import Object, operating, ready, wait_ready
from tests.kubernetes.things import deployment
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import wait_until

ROLLOUT = 60.0  # seconds


def rolled_out(replicas: int, generation: int) -> object:
    def holds(vmd: Object) -> bool:
        status = vmd["status"]
        return bool(
            ready(vmd)
            and status["observedGeneration"] == generation
            and status["updatedReplicas"] == status["availableReplicas"] == status["replicas"] == replicas
        )

    return holds


def sizes(kubectl: Kubectl) -> list[str]:
    return sorted(vm["spec"]["resources"]["memory"] for vm in kubectl.list("vm"))


def test_scaled_edited_and_deleted(controllers: ControlPlane, crds: list[str], kubectl: Kubectl, tmp_path: Path) -> None:
    template = {"spec": {"resources": {"memory": "64Mi"}}}
    with operating(controllers, tmp_path / "state"):
        kubectl.create(deployment(named="web", replicas=2, template=template))
        kubectl.wait_for("vmd", "web", rolled_out(2, 1))
        owner = kubectl.get("vmd", "web")["metadata"]
        for vm in kubectl.list("vm"):
            (reference,) = vm["metadata"]["ownerReferences"]
            assert (reference["uid"], reference["controller"]) == (owner["uid"], True)

        kubectl("scale", "vmd", "web", "--replicas=4")
        kubectl.wait_for("vmd", "web", rolled_out(4, 2))

        edited = kubectl.run("edit", "vmd", "web", editor="sed -i s/64Mi/96Mi/")
        edited.check_returncode()
        kubectl.wait_for("vmd", "web", rolled_out(4, 3), ROLLOUT)
        assert sizes(kubectl) == ["96Mi"] * 4

        before = kubectl.get("vm", "web-2")["metadata"]["uid"]
        kubectl("delete", "vm", "web-2", "--timeout=20s")
        again = kubectl.wait_for("vm", "web-2", ready)
        assert again["metadata"]["uid"] != before
        assert kubectl.get("vmd", "web")["metadata"]["finalizers"] == ["homeostat.dev/teardown"]

        kubectl("delete", "vmd", "web", "--timeout=30s")
        wait_until(lambda: kubectl("get", "vm,machinerevisions", "-o", "name") == "", 30, "nothing is left")


def test_orphans_stay(
    crds: list[str], plane: ControlPlane, controllers: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd
) -> None:
    """kubectl delete --cascade=orphan: the machines are their own from then on, and go when they are deleted."""
    with site(plane, libvirtd) as place, place.operating():
        kubectl.create(deployment(named="web", replicas=2, template={"spec": idle()}))
        kubectl.wait_for("vmd", "web", rolled_out(2, 1))
        domains = place.domains_of(kubectl.namespace)

        kubectl("delete", "vmd", "web", "--cascade=orphan", "--timeout=30s")

        wait_until(lambda: all("ownerReferences" not in vm["metadata"] for vm in kubectl.list("vm")), 30, "they are nobody's")
        assert place.domains_of(kubectl.namespace) == domains
        wait_ready(kubectl, "web-1", "web-2")
        kubectl("delete", "vm", "web-1", "web-2", "--timeout=30s")
        assert place.domains_of(kubectl.namespace) == set()

        # The revision stays, too, and keeps no new deployment of the name from its own.
        kubectl.create(deployment(named="web", replicas=1, template={"spec": idle()}))
        kubectl.wait_for("vmd", "web", rolled_out(1, 1))
        assert kubectl.get("vmd", "web")["status"]["revision"] == 2


def test_its_operator_is_killed(crds: list[str], plane: ControlPlane, kubectl: Kubectl, libvirtd: Libvirtd) -> None:
    """In the middle of a rollout; the next one completes it."""
    with site(plane, libvirtd) as place, place.operating() as operator:
        kubectl.create(deployment(named="web", replicas=3, template={"spec": idle()}))
        kubectl.wait_for("vmd", "web", rolled_out(3, 1))

        kubectl.patch("vmd", "web", {"spec": {"template": {"spec": {"resources": {"memory": "48Mi"}}}}})
        kubectl.wait_for("vmd", "web", lambda vmd: 0 < vmd["status"]["updatedReplicas"] < 3)
        operator.kill9()
        operator.start()
        kubectl.wait_for("vmd", "web", rolled_out(3, 2), ROLLOUT)

        wait_until(lambda: sizes(kubectl) == ["48Mi"] * 3, 30, "those before it are gone")
        assert place.domains_of(kubectl.namespace) == {
            f"{kubectl.namespace}--{vm['metadata']['name']}" for vm in kubectl.list("vm")
        }
