"""kubectl scale sets a deployment's replicas, by its scale subresource, which autoscalers use too."""

from __future__ import annotations

from tests.kubernetes.things import deployment
from tests.rig.kubernetes.crds import path_of, set_status
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane


def test_it_changes_replicas_alone(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(deployment(named="web", replicas=2))
    before = kubectl.get("vmd", "web")

    kubectl("scale", "vmd", "web", "--replicas=5")

    after = kubectl.get("vmd", "web")
    assert after["spec"] == before["spec"] | {"replicas": 5}
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1


def test_it_holds_to_what_replicas_were(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(deployment(named="web", replicas=2))

    assert "Expected replicas to be 3" in kubectl.refused("scale", "vmd", "web", "--current-replicas=3", "--replicas=5")
    assert kubectl.get("vmd", "web")["spec"]["replicas"] == 2


def test_an_autoscaler_finds_the_machines(crds: list[str], plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl.create(deployment(named="web", replicas=2))
    path = path_of("virtualmachinedeployments", "web", kubectl.namespace)
    status = {"replicas": 1, "selector": "homeostat.dev/deployment=web"}
    set_status(plane, path, **status)

    scale = plane.api("GET", f"{path}/scale")

    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == status
