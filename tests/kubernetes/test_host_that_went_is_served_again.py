"""An operator whose Host was deleted says what to do, and serves it again once there is one, without being started again."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import operating, wait_ready
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

SAID = "host node is not served here any more: its Host has gone; apply a Host of that name, and it is served again"


def test_as_its_log_says(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state") as operator:
        wait_ready(plane.kubectl, "node", kind="vmhost")
        plane.kubectl.delete("host", "node")
        operator.wait_said(SAID)

        plane.kubectl.apply(thing("Host", "node", {}))
        wait_ready(plane.kubectl, "node", kind="vmhost")
        kubectl.create(machine(named="web"))
        wait_ready(kubectl, "web")
