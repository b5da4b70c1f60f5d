"""Without the namespace that leases are kept in nobody acts, and the operator says once what to do."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import operating
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane


def test_it_says_what_to_do(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    absent = f"{kubectl.namespace}-leases"
    with operating(plane, tmp_path / "state", "--host", "node", "--lease-namespace", absent) as operator:
        operator.wait_said(f"kubectl create namespace {absent}", times=2)  # by the controller, and for the host

        kubectl("create", "namespace", absent)
        operator.wait_said("this operator serves host node")
        operator.wait_said("this operator is the controller now")
        assert operator.said().count(f"kubectl create namespace {absent}") == 2
    kubectl("delete", "namespace", absent, "--wait=false")
