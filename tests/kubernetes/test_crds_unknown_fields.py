"""An unknown field: kubectl refuses it by name; who switches its check off has it dropped, so it never means anything."""

from __future__ import annotations

from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl, as_yaml


def test_kubectl_refuses_it(crds: list[str], kubectl: Kubectl) -> None:
    message = kubectl.refused("apply", "-f", "-", stdin=as_yaml(machine(named="web", runStrateggy="Halted")))

    assert 'unknown field "runStrateggy"' in message or 'unknown field "spec.runStrateggy"' in message
    assert not kubectl.exists("vm", "web")


def test_the_server_drops_it(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.apply(machine(named="web", runStrategy="Halted", colour="blue"), options=("--validate=false",))

    assert kubectl.get("vm", "web")["spec"] == {"runStrategy": "Halted"}
