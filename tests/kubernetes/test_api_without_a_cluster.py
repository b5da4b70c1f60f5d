"""The REST API while the API server is away: it reads on, refuses to write, and needs no restart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from tests.api.harness import DEADLINE, refused, serving
from tests.api.modes import Namespace
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import free_port, wait_until


def test_it_reads_on_and_writes_again_when_the_server_is_back(
    plane: ControlPlane, namespace: str, crds: list[str], tmp_path: Path
) -> None:
    with serving(tmp_path, where=Namespace(plane, namespace)) as api:
        api.create("before")
        plane.kill_apiserver()
        try:
            assert api.get("before")["name"] == "before"
            assert [vm["name"] for vm in api.http.get("/api/v1/vms").json()] == ["before"]
            answer = api.http.post("/api/v1/vms", json={"name": "during"})
            refused(answer, 503, "store_unavailable")
            assert "does not answer" in answer.json()["error"] and answer.headers["Retry-After"]
        finally:
            plane.start_apiserver()
        wait_until(lambda: api.http.post("/api/v1/vms", json={"name": "after"}).status_code == 201, DEADLINE, "it writes again")
        assert isinstance(api.where, Namespace)
        plane.kubectl.within(api.where.name).delete("vm", "before")
        wait_until(lambda: api.http.get("/api/v1/vms/before").status_code == 404, DEADLINE, "it hears of changes again")


def test_it_waits_for_the_kinds_to_be_installed(tmp_path: Path) -> None:
    with ControlPlane(tmp_path / "plane") as plane:
        port, log = free_port(), tmp_path / "api.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [sys.executable, "-m", "homeostat_api", "--kubernetes", "--kubeconfig", str(plane.kubeconfig),
                 "--state", str(tmp_path / "state"), "--bind", f"127.0.0.1:{port}"],
                stdout=output, stderr=output,
            )  # fmt: skip
        http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE)
        try:
            wait_until(lambda: http.get("/readyz").status_code == 503, DEADLINE, "it says that it is not ready")
            assert http.get("/healthz").status_code == 200
            refused(http.get("/api/v1/vms"), 503, "not_ready")
            wait_until(lambda: "CRDs" in log.read_text(), DEADLINE, "the log says what is missing")
            install_crds(plane)
            wait_until(lambda: http.get("/readyz").status_code == 200, DEADLINE, "it is ready")
            assert http.get("/api/v1/vms").json() == []
        finally:
            http.close()
            server.terminate()
            server.wait(DEADLINE)
