"""Which host a machine goes to, and what its status says while there is none for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.kubernetes.operating import message_of, operating, ready, reason_of, wait_ready
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl, condition_of
from tests.rig.kubernetes.plane import ControlPlane

SECOND = """<node>
  <cpu><mhz>1000</mhz><model>i686</model><active>8</active><nodes>1</nodes><sockets>1</sockets><cores>8</cores>
    <threads>1</threads></cpu>
  <memory>8388608</memory>
</node>
"""


def second(folder: Path) -> str:
    """Another hypervisor of libvirt's test driver; its URI."""
    (folder / "second.xml").write_text(SECOND)
    return f"test://{folder}/second.xml"


def test_two_hosts_share_machines(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(8)]
    with operating(plane, tmp_path / "state", "--host", "a", "--host", "b", "--host-file", str(tmp_path)):
        plane.kubectl.apply(thing("Host", "b", {"uri": second(tmp_path)}))
        for host in ("a", "b"):
            plane.kubectl.wait_for("host", host, ready)

        kubectl.create(*(machine(named=name) for name in names))
        wait_ready(kubectl, *names)

        counted = Counter(vm["status"]["host"] for vm in kubectl.list("vm"))
        assert counted.total() == 8
        assert min(counted["a"], counted["b"]) >= 2, counted


def test_one_in_maintenance_takes_no_more(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="before"))
        wait_ready(kubectl, "before")
        plane.kubectl.patch("host", "node", {"spec": {"maintenance": True}})
        plane.kubectl.wait_for("host", "node", lambda host: reason_of(host, "Schedulable") == "Maintenance")

        kubectl.create(machine(named="after"))
        after = kubectl.wait_for("vm", "after", lambda vm: reason_of(vm, "Scheduled"))

        assert reason_of(after, "Scheduled") == "NoHostMatches"
        assert message_of(after, "Ready") == "no host takes it: node is in maintenance"
        assert ready(kubectl.get("vm", "before"))
        plane.kubectl.patch("host", "node", {"spec": {"maintenance": False}})
        wait_ready(kubectl, "after")


def test_a_selector_that_nobody_meets(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """Until a host has the label."""
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="web", hostSelector={"disk": "ssd"}))
        lacking = "no host takes it: node lacks the label disk=ssd"  # once the operator has made its host
        web = kubectl.wait_for("vm", "web", lambda vm: message_of(vm, "Ready") == lacking)

        assert condition_of(web, "Scheduled")["status"] == "False"
        assert "finalizers" not in web["metadata"]

        plane.kubectl("label", "host", "node", "disk=ssd")
        wait_ready(kubectl, "web")


def test_a_host_that_nobody_serves(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """Until an operator serves it."""
    with operating(plane, tmp_path / "state", "--host-selector", "served=yes"):
        plane.kubectl.apply(thing("Host", "far", {}))
        kubectl.create(machine(named="web", hostSelector={"kubernetes.io/hostname": "far"}))

        far = plane.kubectl.wait_for("host", "far", lambda host: condition_of(host, "Ready"))
        assert condition_of(far, "Ready")["status"] == "Unknown"
        assert reason_of(far, "Ready") == "OperatorGone"
        told = "no host takes it: far is not served by any operator"
        kubectl.wait_for("vm", "web", lambda vm: message_of(vm, "Ready") == told)

        plane.kubectl("label", "host", "far", "served=yes")
        wait_ready(kubectl, "web")


def test_an_unplaced_machine_goes_at_once(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="web", hostSelector={"disk": "ssd"}))
        kubectl.wait_for("vm", "web", lambda vm: condition_of(vm, "Scheduled"))

        kubectl("delete", "vm", "web", "--timeout=10s")


def test_one_that_is_deleted_goes_with_its_machines(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="web"))
        wait_ready(kubectl, "web")

        plane.kubectl.delete("host", "node")
        plane.kubectl.wait_for("host", "node", lambda host: reason_of(host, "Schedulable") == "Terminating")
        assert ready(kubectl.get("vm", "web"))
        kubectl("delete", "vm", "web", "--timeout=20s")

        plane.kubectl.wait_gone("host", "node")
