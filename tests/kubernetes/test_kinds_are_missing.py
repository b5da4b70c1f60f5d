"""The CRDs are not there yet, or go and come back: the operator says what it waits for, and goes on by itself."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import CRDS, install_crds, wait_documented
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

AGAIN = 150.0  # seconds: looks at what is missing come less often the longer it is, and two cores are shared with other tests


def test_when_it_starts_and_while_it_runs(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    plane.kubectl("delete", "-k", str(CRDS), "--timeout=60s")
    with operating(plane, tmp_path / "state") as operator:
        operator.wait_said("waiting for the CRDs, which are not installed: homeostat crds | kubectl apply -f -")

        install_crds(plane)
        wait_documented(plane)
        operator.wait_said("homeostat: following", AGAIN)
        kubectl.create(machine(named="web"))
        wait_ready(kubectl, "web")

        plane.kubectl("delete", "-k", str(CRDS), "--timeout=60s")  # and all objects with them: it lets them go
        install_crds(plane)
        wait_documented(plane)
        plane.kubectl.create({"apiVersion": "homeostat.dev/v1alpha1", "kind": "Host", "metadata": {"name": "node"}})

        def created() -> bool:
            return kubectl.create(machine(named="again")) != ""

        wait_until(created, AGAIN, "machines can be created again", interval=0.3)
        wait_ready(kubectl, "again", timeout=AGAIN)
        assert operator.runs
