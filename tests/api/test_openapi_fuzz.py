"""schemathesis over the served document, by nobody and signed in: no 5xx, no dropped connection, nothing undocumented."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from homeostat.models.base import Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.store.errors import StoreError
from tests.api.harness import Api, manifest, serving

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,unsupported_method,allow_header_conformance,ignored_auth"
)
SECONDS = {"nobody": 6, "signed in": 18}
TOKEN = "correct-horse-battery-staple"
# All paths name what is there. The stream never ends, and readiness says 503 without an operator.
CONFIG = """
hooks = "hooks.py"

[[operations]]
include-path-regex = "/(vms|deployments|disks|images|networks|snapshots|snapshotschedules)/.name."
parameters = { "path.name" = "fuzzed" }

[[operations]]
include-path-regex = "/plugins/.plugin."
parameters = { "path.plugin" = "fuzzed" }
"""
# The parts of an upload are bytes, as those of a whole file are.
HOOKS = """
import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
"""
SERVED = (Plugin, Disk, Image, Network, Snapshot, SnapshotSchedule)
KEPT = {
    "disks": {"spec": {"size": "1Gi"}},
    "images": {"source": {"url": "https://images.example/fuzzed.qcow2"}},
    "networks": {"spec": {"addresses": [{"cidr": "192.168.100.1/24"}]}},
    "snapshots": {"spec": {"machineRef": {"name": "fuzzed"}}},
    "snapshotschedules": {"spec": {"schedule": "@daily", "template": {"spec": {"machineRef": {"name": "fuzzed"}}}}},
}


@contextmanager
def obedient(api: Api) -> Iterator[None]:
    """An operator that carries out at once whatever the specs say."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            make(api)
            for resource in [
                *api.operator.machines(),
                *api.operator.all(VirtualMachineDeployment),
                *(resource for kind in SERVED for resource in api.operator.all(kind)),
            ]:
                try:
                    obey(api, resource)
                except (StoreError, AssertionError):
                    continue  # changed or gone meanwhile: the next look sees it

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def make(api: Api) -> None:
    """What the paths name, where a request has deleted it."""
    if api.http.get("/api/v1/plugins/fuzzed").status_code == 404:
        api.http.post("/api/v1/plugins", json=manifest("fuzzed"))
    for path in ("/api/v1/vms", "/api/v1/deployments"):
        if api.http.get(f"{path}/fuzzed").status_code == 404:
            api.http.post(path, json={"name": "fuzzed", "plugin": "fuzzed"})
    for plural, asked in KEPT.items():
        if api.http.get(f"/api/v1/{plural}/fuzzed").status_code == 404:
            api.http.post(f"/api/v1/{plural}", json={"name": "fuzzed", **asked})


def obey(api: Api, resource: Resource) -> None:
    name = resource.metadata.name
    if resource.deleting:
        api.operator.release(name, resource.kind)
    elif isinstance(resource, VirtualMachineDeployment) and resource.status is None:
        api.operator.deployed(name, ready=resource.spec.replicas)
    elif isinstance(resource, VirtualMachine):
        obey_spec(api, resource)


def obey_spec(api: Api, machine: VirtualMachine) -> None:
    name = machine.metadata.name
    if machine.status is None or machine.status.observed_generation < machine.metadata.generation:
        if machine.spec.run_strategy == "Halted" or machine.spec.power == "Stopped":
            api.operator.stopped(name)
        else:
            api.operator.running(name)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("who", ["nobody", "signed in"])
def test_security_8_no_request_breaks_the_server_or_the_document(tmp_path: Path, who: str) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    (tmp_path / "hooks.py").write_text(HOOKS)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    signed_in = {"Authorization": f"Bearer {TOKEN}"}
    with serving(tmp_path, "--token-file", str(tmp_path / "token"), headers=signed_in) as api:
        make(api)
        document = tmp_path / "openapi.json"
        document.write_bytes(api.http.get("/api/v1/openapi").content)
        run = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"), "run", str(document),
            "--url", f"http://127.0.0.1:{api.port}", "--checks", CHECKS, "--phases", "examples,coverage,fuzzing",
            "--max-examples", "25", "--max-time", str(SECONDS[who]), "--request-timeout", "10", "--generation-database", "none",
            "--exclude-path", "/api/v1/events/vms", "--exclude-path", "/readyz", "--no-color",
            *(("--header", f"Authorization: Bearer {TOKEN}") if who == "signed in" else ()),
        ]  # fmt: skip
        with obedient(api):
            ended = subprocess.run(run, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    log = (tmp_path / "api.log").read_text()
    assert "incident" not in log and "Traceback" not in log, log[-4000:]
