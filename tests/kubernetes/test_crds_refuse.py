"""What a schema can say is refused by the API server at once, by field; without kubectl's own check, and without CEL."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kubernetes.things import deployment, machine, plugin
from tests.rig.kubernetes.kubectl import Kubectl, as_yaml

DISK = {"name": "root", "size": "1Gi"}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        pytest.param(machine(runStrategy="Sometimes"), 'spec.runStrategy: Unsupported value: "Sometimes"', id="enum"),
        pytest.param(machine(resources={"memory": "1 GB"}), "spec.resources.memory", id="quantity"),
        pytest.param(machine(resources={"memory": True}), "spec.resources.memory", id="quantity-type"),
        pytest.param(machine(resources={"vcpu": 0}), "spec.resources.vcpu", id="minimum"),
        pytest.param(machine(resources={"vcpu": "two"}), "spec.resources.vcpu", id="type"),
        pytest.param(machine(disks=[DISK | {"name": "Root"}]), "spec.disks.name", id="pattern"),
        pytest.param(machine(disks=[{"size": "1Gi"}]), "spec.disks.name: Required", id="required"),
        pytest.param(machine(disks=[DISK, DISK]), "spec.disks[1]: Duplicate", id="disk-twice"),
        pytest.param(machine(nics=[{"name": "a", "network": "x"}, {"name": "a", "bridge": "y"}]), "spec.nics[1]", id="nic-twice"),
        pytest.param(machine(nics=[{"name": "a", "network": "x", "bridge": "y"}]), "spec.nics", id="one-of"),
        pytest.param(deployment(replicas=-1), "spec.replicas", id="replicas"),
        pytest.param(deployment(strategy={"type": "BlueGreen"}), "spec.strategy.type", id="strategy"),
        pytest.param(deployment(strategy={"rollingUpdate": {"maxSurge": "many"}}), "rollingUpdate.maxSurge", id="percentage"),
        pytest.param(deployment(template=None), "spec.template", id="template"),
        pytest.param(plugin(version=None), "spec.version", id="version"),
        pytest.param(machine(named="a.b"), "metadata.name", id="dotted-name"),
    ],
)
def test_it_names_the_field(crds: list[str], kubectl: Kubectl, document: dict[str, Any], field: str) -> None:
    message = kubectl.refused("create", "--validate=false", "-f", "-", stdin=as_yaml(document))

    assert "is invalid" in message
    assert field in message.replace("[0].", ".")  # the index is told by newer servers only


def test_a_change_is_refused_as_a_new_object_is(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(machine(named="web"))

    message = kubectl.refused("patch", "vm", "web", "--type=merge", "-p", '{"spec": {"runStrategy": "Sometimes"}}')

    assert "spec.runStrategy" in message
    assert kubectl.get("vm", "web")["spec"] == {}
