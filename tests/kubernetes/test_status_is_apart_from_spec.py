"""Status and spec are written apart: neither who writes the one can change the other, and only spec counts generations."""

from __future__ import annotations

from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import path_of, set_status
from tests.rig.kubernetes.kubectl import Kubectl, condition_of
from tests.rig.kubernetes.plane import ControlPlane

READY = {"type": "Ready", "status": "True", "reason": "Running", "message": "", "lastTransitionTime": "2026-01-02T03:04:05Z"}


def test_who_writes_spec_leaves_status(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(machine(named="web") | {"status": {"state": "Running"}})
    assert "status" not in kubectl.get("vm", "web")

    kubectl.patch("vm", "web", {"status": {"state": "Running"}, "spec": {"runStrategy": "Halted"}})

    stored = kubectl.get("vm", "web")
    assert "status" not in stored
    assert stored["spec"] == {"runStrategy": "Halted"}


def test_who_writes_status_leaves_spec(crds: list[str], plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl.create(machine(named="web"))
    change = {"status": {"state": "Running"}, "spec": {"runStrategy": "Halted"}}

    path = path_of("virtualmachines", "web", kubectl.namespace)
    plane.api("PATCH", f"{path}/status", change, "application/merge-patch+json")

    stored = kubectl.get("vm", "web")
    assert stored["status"] == {"state": "Running"}
    assert stored["spec"] == {}
    assert stored["metadata"]["generation"] == 1


def test_kubectl_wait_understands_conditions(crds: list[str], plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl.create(machine(named="web"))
    kubectl.refused("wait", "vm/web", "--for=condition=Ready", "--timeout=0s")

    set_status(plane, path_of("virtualmachines", "web", kubectl.namespace), conditions=[READY])

    kubectl("wait", "vm/web", "--for=condition=Ready", "--timeout=10s")
    assert condition_of(kubectl.get("vm", "web"), "Ready") == READY
