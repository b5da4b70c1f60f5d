"""kubectl get: short names, the category, and columns that tell how a machine is."""

from __future__ import annotations

import pytest

from tests.kubernetes.things import deployment, machine, plugin
from tests.rig.kubernetes.crds import path_of, set_status
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

READY = {"type": "Ready", "status": "True", "reason": "Running", "message": "runs", "lastTransitionTime": "2026-01-02T03:04:05Z"}


def row(kubectl: Kubectl, *words: str) -> dict[str, str]:
    """The one line of a table, by column; columns are as wide as their widest cell."""
    head, line = kubectl("get", *words).splitlines()
    starts = [i for i, letter in enumerate(head) if letter != " " and (i == 0 or head[i - 1] == " ")]
    ends = [*starts[1:], None]
    return {head[a:b].strip(): line[a:b].strip() for a, b in zip(starts, ends, strict=True)}


def test_a_machine_shows_status_ready_ip_host_and_age(crds: list[str], plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl.create(machine(named="web"))
    address = {"nic": "lan", "ip": "192.0.2.7", "source": "Lease"}
    set_status(
        plane,
        path_of("virtualmachines", "web", kubectl.namespace),
        state="Running",
        conditions=[READY],
        host="rack7",
        addresses=[address],
    )

    shown = row(kubectl, "vm")

    assert shown.pop("AGE")
    assert (shown.pop("SUSPENDED"), shown.pop("RESTART-REQUIRED")) == ("", "")
    assert shown == {"NAME": "web", "STATUS": "Running", "READY": "True", "IP": "192.0.2.7", "HOST": "rack7"}
    assert row(kubectl, "vm", "-o", "wide")["MESSAGE"] == "runs"


def test_a_deployment_shows_its_counts(crds: list[str], plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl.create(deployment(named="web", replicas=3))
    counts = {"replicas": 4, "updatedReplicas": 2, "readyReplicas": 3, "availableReplicas": 1}
    set_status(plane, path_of("virtualmachinedeployments", "web", kubectl.namespace), **counts)

    shown = row(kubectl, "vmd")

    assert shown.pop("AGE")
    assert shown == {"NAME": "web", "DESIRED": "3", "CURRENT": "4", "UP-TO-DATE": "2", "READY": "3", "AVAILABLE": "1"}


def test_a_plugin_shows_its_version(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(plugin(named="page", version="1.2"))

    assert row(kubectl, "plugins")["VERSION"] == "1.2"


@pytest.mark.parametrize("word", ["vm", "vms", "virtualmachine", "virtualmachines", "virtualmachines.homeostat.dev"])
def test_names_of_machines(crds: list[str], kubectl: Kubectl, word: str) -> None:
    kubectl.create(machine(named="web"))

    assert kubectl("get", word, "-o", "name").split() == ["virtualmachine.homeostat.dev/web"]


@pytest.mark.parametrize("word", ["vmd", "vmds", "virtualmachinedeployment", "virtualmachinedeployments"])
def test_names_of_deployments(crds: list[str], kubectl: Kubectl, word: str) -> None:
    kubectl.create(deployment(named="web"))

    assert kubectl("get", word, "-o", "name").split() == ["virtualmachinedeployment.homeostat.dev/web"]


def test_the_category_shows_all(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(machine(named="web"), deployment(named="web"), plugin(named="page"))

    assert set(kubectl("get", "homeostat", "-o", "name").split()) >= {
        "virtualmachine.homeostat.dev/web",
        "virtualmachinedeployment.homeostat.dev/web",
        "plugin.homeostat.dev/page",
    }
