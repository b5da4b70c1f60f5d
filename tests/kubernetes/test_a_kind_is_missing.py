"""A kind whose definition the cluster does not have is named by /readyz of an operator and of an API, as long as that is so."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.api.harness import refused, serving
from tests.api.modes import Namespace
from tests.kubernetes.operating import operating
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import free_port, wait_until

NAME = "snapshots.homeostat.dev"
SAID = f"the cluster has no definition of {NAME}: homeostat crds | kubectl apply -f -"
AGAIN = 150.0  # seconds: looks at what is missing come less often the longer it is


def test_it_is_said_until_it_is_there_again(crds: list[str], plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"

    def operators() -> httpx.Response:
        return httpx.get(f"http://{address}/readyz")

    with (
        operating(plane, tmp_path / "state", "--host", "node", "--health-bind", address) as operator,
        serving(tmp_path, where=Namespace(plane, namespace)) as api,
    ):
        operator.wait_said("homeostat: this operator serves host node")
        assert operators().status_code == 200
        try:
            plane.kubectl("delete", "crd", NAME, "--timeout=60s")
            wait_until(lambda: operators().status_code == 503, AGAIN, "the operator is not ready", interval=0.3)
            assert operators().text.strip() == SAID
            wait_until(lambda: api.http.get("/readyz").status_code == 503, AGAIN, "the API is not ready", interval=0.3)
            refused(api.http.get("/readyz"), 503, "operator_missing")
            assert api.http.get("/readyz").json()["error"] == f"Not ready: {SAID}"
            assert api.http.get("/api/v1/vms").status_code == 200, "the other kinds are served"
        finally:
            install_crds(plane)
        wait_until(lambda: operators().status_code == 200, AGAIN, "the operator is ready again", interval=0.3)
        wait_until(lambda: api.http.get("/readyz").status_code == 200, AGAIN, "the API is ready again", interval=0.3)
