"""A machine that gives another one's identity as its own, by the annotation that migrations write, gets nothing of it."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import message_of, operating, reason_of, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.namespaces import fresh_namespace
from tests.rig.kubernetes.plane import ControlPlane


def test_it_is_told_to_give_it_up(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with fresh_namespace(plane) as name, operating(plane, tmp_path / "state"):
        other = plane.kubectl.within(name)
        kubectl.create(machine(named="bank"))
        wait_ready(kubectl, "bank")
        bank = kubectl.get("vm", "bank")

        thief = machine(named="thief", runStrategy="Halted")
        thief["metadata"]["annotations"] = {"homeostat.dev/identity": f"{name}/thief/{bank['metadata']['uid']}"}
        other.create(thief)
        told = other.wait_for("vm", "thief", lambda vm: reason_of(vm, "Stalled") == "InvalidSpec")
        assert "homeostat.dev/identity]: is the uid of another resource: take the annotation away" in message_of(told, "Ready")
        other("delete", "vm", "thief", "--timeout=20s")

        kubectl.patch("vm", "bank", {"metadata": {"labels": {"looked": "at"}}})
        after = kubectl.get("vm", "bank")
        assert after["status"]["state"] == "Running"
        assert after["status"]["run"] == bank["status"]["run"]


def test_not_even_where_it_comes_first(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """The other one is still waiting for a host."""
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="bank", hostSelector={"vault": "open"}))
        uid = kubectl.get("vm", "bank")["metadata"]["uid"]
        thief = machine(named="thief")
        thief["metadata"]["annotations"] = {"homeostat.dev/identity": f"{kubectl.namespace}/thief/{uid}"}
        kubectl.create(thief)
        kubectl.wait_for("vm", "thief", lambda vm: reason_of(vm, "Stalled") == "InvalidSpec")

        plane.kubectl("label", "host", "node", "vault=open")
        wait_ready(kubectl, "bank")
        kubectl("annotate", "vm", "thief", "homeostat.dev/identity-")
        wait_ready(kubectl, "thief")
