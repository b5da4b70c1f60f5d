"""An operator whose rights are taken away is not ready, and says why; with them again it goes on, and no guest noticed."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.kubernetes.operating import events_of, operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import free_port, wait_until

NAME = "rights"
AGAIN = 90.0  # seconds: how many objects there are is asked every 30 s


def test_it_is_not_ready_meanwhile(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"

    def ready() -> httpx.Response:
        return httpx.get(f"http://{address}/readyz")

    kubectl("create", "serviceaccount", NAME)
    kubeconfig = plane.kubeconfig_of_service_account(kubectl.namespace, NAME)
    binding = (kubectl.namespace, "--clusterrole=cluster-admin", f"--serviceaccount={kubectl.namespace}:{NAME}")
    plane.kubectl("create", "clusterrolebinding", *binding)
    options = ("--host", "node", "--health-bind", address)
    try:
        with operating(plane, tmp_path / "state", *options, kubeconfig=kubeconfig) as operator:
            kubectl.create(machine(named="before"))
            wait_ready(kubectl, "before")
            assert ready().status_code == 200
            plane.kubectl("delete", "clusterrolebinding", kubectl.namespace)
            wait_until(lambda: ready().status_code == 503, AGAIN, "it is not ready", interval=0.3)
            assert "the cluster could not be read since 2" in ready().text and "forbidden" in ready().text
            assert httpx.get(f"http://{address}/healthz").status_code == 200

            plane.kubectl("create", "clusterrolebinding", *binding)
            wait_until(lambda: ready().status_code == 200, AGAIN, "it is ready again", interval=0.3)
            kubectl.create(machine(named="after"))
            wait_ready(kubectl, "after", timeout=AGAIN)
            assert [event["count"] for event in events_of(kubectl, "before") if event["reason"] == "Started"] == [1]
            assert operator.runs
    finally:
        plane.kubectl.run("delete", "clusterrolebinding", kubectl.namespace)
