"""Defaults: a deployment's own fields are filled in by the server; a machine's never are, since a plugin may set them."""

from __future__ import annotations

from tests.kubernetes.things import deployment, machine, plugin
from tests.rig.kubernetes.kubectl import Kubectl


def test_a_deployment_shows_its_defaults(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(deployment(named="web", strategy={"rollingUpdate": {}}))

    spec = kubectl.get("vmd", "web")["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}
    assert spec["template"] == {"spec": {}}, "what a machine leaves open stays open"


def test_a_machine_stays_as_it_was_written(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(machine(named="web", disks=[{"name": "root", "size": "1Gi"}]))

    assert kubectl.get("vm", "web")["spec"] == {"disks": [{"name": "root", "size": "1Gi"}]}


def test_a_plugin_is_enabled(crds: list[str], kubectl: Kubectl) -> None:
    kubectl.create(plugin(named="page"))

    assert kubectl.get("plugin", "page")["spec"] == {"version": "1", "enabled": True}
