"""A namespace that was finalized by hand leaves its objects behind: they go once there is one of that name again."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.kubernetes.operating import operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane


def test_what_is_deleted_in_it_goes_later(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    lost = f"{kubectl.namespace}-lost"
    within = kubectl.within(lost)
    kubectl("create", "namespace", lost)
    with operating(plane, tmp_path / "state") as operator:
        within.create(machine(named="web"))
        wait_ready(within, "web")
        operator.signal(signal.SIGSTOP)
        kubectl("delete", "namespace", lost, "--wait=false")
        namespace = plane.api("GET", f"/api/v1/namespaces/{lost}")
        plane.api("PUT", f"/api/v1/namespaces/{lost}/finalize", {**namespace, "spec": {"finalizers": []}})
        within.delete("vm", "web")
        operator.signal(signal.SIGCONT)

        operator.wait_said(f"kubectl create namespace {lost}")
        assert within.exists("vm", "web")
        kubectl("create", "namespace", lost)
        within.wait_gone("vm", "web")
    kubectl("delete", "namespace", lost, "--wait=false")
