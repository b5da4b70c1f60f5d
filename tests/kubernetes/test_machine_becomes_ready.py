"""kubectl apply, then kubectl wait: the machine runs, and the operator has written its status and its finalizer only."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import PATIENT, events_of, operating
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import path_of
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane


def test_kubectl_wait_ends(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.apply(machine(named="web"))

        kubectl("wait", "vm/web", "--for=condition=Ready", PATIENT)

        web = kubectl.get("vm", "web")
        assert web["status"]["state"] == "Running"
        assert web["status"]["host"] == "node"
        assert [event["reason"] for event in events_of(kubectl, "web")].count("Started") == 1


def test_only_status_and_finalizers_are_the_operators(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    document = machine(named="web", cloudInit={"userData": "#cloud-config\n"}, nics=[{"name": "lan", "network": "default"}])
    document["metadata"] |= {"labels": {"app": "web"}, "annotations": {"example.org/note": "mine"}}
    kubectl.create(document)
    before = kubectl.get("vm", "web")

    with operating(plane, tmp_path / "state"):
        kubectl("wait", "vm/web", "--for=condition=Ready", PATIENT)
        after = plane.api("GET", path_of("virtualmachines", "web", kubectl.namespace))  # newer kubectls leave the managers out

    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"] == 1
    assert after["metadata"]["annotations"] == {"example.org/note": "mine"}
    assert after["metadata"]["labels"] == {"app": "web"}
    assert after["metadata"]["finalizers"] == ["node.host.homeostat.dev/teardown"]
    ours = [entry["fieldsV1"] for entry in after["metadata"]["managedFields"] if entry["manager"] == "homeostat"]
    assert {field for fields in ours for field in fields} == {"f:status", "f:metadata"}
    assert {field for fields in ours for field in fields.get("f:metadata", {})} == {"f:finalizers"}
