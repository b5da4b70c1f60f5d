"""A Host that is being deleted says what it waits for, and one that nobody serves how many machines are placed there."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import message_of, operating, ready, reason_of, wait_ready
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

ABANDON = "homeostat.dev/abandon=true"
EXPIRES = 60.0  # seconds: its operator was killed, so its lease has to expire


def test_while_it_is_served(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        plane.kubectl.wait_for("host", "node", ready)
        kubectl.create(machine(named="web"), thing("Disk", "letters", {"size": "1Mi"}))
        wait_ready(kubectl, "web")
        wait_ready(kubectl, "letters", kind="disk")
        plane.kubectl.delete("host", "node")
        place = kubectl.namespace
        waits = f"is being deleted, and goes with what is on it: VirtualMachine/{place}/web, Disk/{place}/letters"
        plane.kubectl.wait_for("host", "node", lambda host: message_of(host, "Ready") == waits)
        assert message_of(plane.kubectl.get("host", "node"), "Schedulable") == waits

        kubectl("delete", "vm/web", "--timeout=20s")
        less = f"is being deleted, and goes with what is on it: Disk/{place}/letters"
        plane.kubectl.wait_for("host", "node", lambda host: message_of(host, "Ready") == less)
        kubectl("delete", "disk/letters", "--timeout=20s")
        plane.kubectl.wait_gone("host", "node")


def test_while_nobody_serves_it(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    on_far = {"hostSelector": {"zone": "far"}}
    for folder in ("near", "far"):
        (tmp_path / folder).mkdir()
    with (
        operating(plane, tmp_path / "near" / "state", "--host", "near"),
        operating(plane, tmp_path / "far" / "state", "--host", "far", "--host-label", "zone=far") as far,
    ):
        plane.kubectl.wait_for("host", "far", ready)
        kubectl.create(machine(named="a", **on_far), machine(named="b", **on_far))
        wait_ready(kubectl, "a", "b")
        plane.kubectl.wait_for("host", "far", lambda host: host["status"]["machines"] == 2)
        far.kill9()
        plane.kubectl.wait_for("host", "far", lambda host: reason_of(host, "Ready") == "OperatorGone", EXPIRES)
        kubectl("annotate", "vm", "a", ABANDON)
        kubectl("delete", "vm", "a", "--timeout=20s")
        plane.kubectl.wait_for("host", "far", lambda host: host["status"]["machines"] == 1)

        plane.kubectl.delete("host", "far")
        waits = f"It is being deleted, and goes with what is on it: VirtualMachine/{kubectl.namespace}/b. To let that go"
        plane.kubectl.wait_for("host", "far", lambda host: waits in message_of(host, "Ready"))
        kubectl("annotate", "vm", "b", ABANDON)
        kubectl("delete", "vm", "b", "--timeout=20s")
        plane.kubectl.wait_gone("host", "far")
