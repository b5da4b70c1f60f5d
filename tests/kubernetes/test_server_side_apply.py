"""Server-side apply by two managers: disks and nics merge by their names; who wants another's field is told, and by whom."""

from __future__ import annotations

from typing import Any

from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl, as_yaml


def options(manager: str) -> tuple[str, ...]:
    return ("--server-side", f"--field-manager={manager}")


def apply(kubectl: Kubectl, manager: str, **spec: Any) -> None:
    kubectl.apply(machine(named="web", **spec), options=options(manager))


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


def test_disks_and_nics_of_two_managers_stand_side_by_side(crds: list[str], kubectl: Kubectl) -> None:
    apply(kubectl, "team", disks=[{"name": "root", "size": "1Gi"}], nics=[{"name": "lan", "network": "default"}])

    apply(kubectl, "backup", disks=[{"name": "dump", "size": "2Gi"}], nics=[{"name": "out", "bridge": "br1"}])

    spec = kubectl.get("vm", "web")["spec"]
    assert names(spec["disks"]) == ["root", "dump"]
    assert names(spec["nics"]) == ["lan", "out"]


def test_a_manager_takes_back_its_own_only(crds: list[str], kubectl: Kubectl) -> None:
    apply(kubectl, "team", disks=[{"name": "root", "size": "1Gi"}])
    apply(kubectl, "backup", disks=[{"name": "dump", "size": "2Gi"}], runStrategy="Halted")

    apply(kubectl, "backup", runStrategy="Halted")

    assert names(kubectl.get("vm", "web")["spec"]["disks"]) == ["root"]


def test_a_field_of_another_manager_is_a_conflict(crds: list[str], kubectl: Kubectl) -> None:
    apply(kubectl, "team", disks=[{"name": "root", "size": "1Gi"}], runStrategy="Always")

    claim = as_yaml(machine(named="web", disks=[{"name": "root", "size": "2Gi"}], runStrategy="Always"))
    message = kubectl.refused("apply", *options("backup"), "-f", "-", stdin=claim)

    assert 'conflict with "team"' in message
    assert '.spec.disks[name="root"].size' in message
    assert kubectl.get("vm", "web")["spec"]["disks"] == [{"name": "root", "size": "1Gi"}]


def test_a_conflict_can_be_forced(crds: list[str], kubectl: Kubectl) -> None:
    apply(kubectl, "team", disks=[{"name": "root", "size": "1Gi"}], runStrategy="Always")

    kubectl.apply(machine(named="web", runStrategy="Halted"), options=(*options("backup"), "--force-conflicts"))

    spec = kubectl.get("vm", "web")["spec"]
    assert spec == {"disks": [{"name": "root", "size": "1Gi"}], "runStrategy": "Halted"}


def test_what_both_say_is_no_conflict(crds: list[str], kubectl: Kubectl) -> None:
    apply(kubectl, "team", runStrategy="Always")

    apply(kubectl, "backup", runStrategy="Always")

    assert kubectl.get("vm", "web")["spec"] == {"runStrategy": "Always"}
