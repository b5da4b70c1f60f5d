"""The command line on the state of a cluster's operator: it reads what the operator mirrors, and writes to the cluster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kubernetes.operating import operating, ready, wait_ready
from tests.kubernetes.things import deployment, machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.program import ran

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cli(plane: ControlPlane, crds: list[str], kubectl: Kubectl, tmp_path: Path) -> Iterator[Cli]:
    with operating(plane, tmp_path / "state"):
        kubectl.apply(machine("one"), deployment("web", replicas=1))
        wait_ready(kubectl, "one")
        wait_ready(kubectl, "web", kind="vmd")

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(tmp_path / "state"), "-n", kubectl.namespace]
            environment = {"KUBECONFIG": str(plane.kubeconfig), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
            return ran([*command, *words], env=environment)

        yield run


def test_it_reads_the_mirror_and_writes_to_the_cluster(cli: Cli, kubectl: Kubectl) -> None:
    shown = cli("get", "vms,vmd").stdout
    assert "vm/one" in shown and "vm/web-1" in shown and "vmd/web" in shown and "Running" in shown
    assert "Started" in cli("events", "vm/one").stdout
    assert cli("scale", "vmd/web", "--replicas", "2").returncode == 0
    kubectl.wait_for("vmd", "web", lambda found: ready(found) and found["status"]["replicas"] == 2)
    assert "2 of 2" in cli("rollout", "status", "vmd/web").stdout
    assert cli("stop", "one").returncode == 0
    kubectl.wait_for("vm", "one", lambda found: found["status"]["state"] == "Stopped")
    assert cli("delete", "vmd/web").returncode == 0
    kubectl.wait_gone("vmd", "web")
    refused = cli("prune")
    assert refused.returncode == 1 and "serves a cluster" in refused.stderr
    assert cli("get", "vm", "web-1").returncode == 1
