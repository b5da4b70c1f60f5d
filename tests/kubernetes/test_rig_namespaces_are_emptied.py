"""A namespace of a test goes with what is in it, also with what waits for an operator: a later one would look after that."""

from __future__ import annotations

from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.namespaces import fresh_namespace
from tests.rig.kubernetes.plane import ControlPlane

HELD = ["homeostat.dev/teardown", "node.host.homeostat.dev/teardown"]


def test_nothing_is_left(crds: list[str], plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl.create(machine(named="of-another-test"))
    with fresh_namespace(plane) as name:
        held = machine(named="held")
        held["metadata"]["finalizers"] = HELD
        plane.kubectl.within(name).create(held, machine(named="free"), thing("Disk", "letters", {"size": "1Mi"}))
        assert len([key for key in plane.stored("homeostat.dev/") if name in key]) == 3
    assert [key for key in plane.stored("homeostat.dev/") if name in key] == []
    assert kubectl.exists("vm", "of-another-test")
