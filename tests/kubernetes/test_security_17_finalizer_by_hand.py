"""Who may write machines may write their finalizers: that chooses no host past selector and maintenance."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes.operating import message_of, operating, ready, reason_of, wait_ready
from tests.kubernetes.test_hosts_take_machines import second
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane


def test_security_17_nothing_is_made_on_the_host_that_it_names(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    with operating(plane, tmp_path / "state", "--host", "a", "--host", "b", "--host-file", str(tmp_path)):
        plane.kubectl.apply(thing("Host", "b", {"uri": second(tmp_path)}))
        for host in ("a", "b"):
            plane.kubectl.wait_for("host", host, ready)
        plane.kubectl.patch("host", "b", {"spec": {"maintenance": True}})
        plane.kubectl.wait_for("host", "b", lambda host: reason_of(host, "Schedulable") == "Maintenance")

        by_hand = machine(named="sly")
        by_hand["metadata"]["finalizers"] = ["b.host.homeostat.dev/teardown"]
        kubectl.create(by_hand, machine(named="fine"))
        sly = kubectl.wait_for("vm", "sly", lambda vm: reason_of(vm, "Ready") == "NoHostMatches")
        assert "it is to be made on host b, which is in maintenance" in message_of(sly, "Ready")
        wait_ready(kubectl, "fine")

        # Nor has a second domain who moves the finalizer of one that runs, or adds another to it.
        for finalizers in (["b.host.homeostat.dev/teardown", "a.host.homeostat.dev/teardown"], ["b.host.homeostat.dev/teardown"]):
            kubectl.patch("vm", "fine", {"metadata": {"finalizers": finalizers}})
            kubectl.wait_for("vm", "fine", lambda vm: reason_of(vm, "Ready") == "OnAnotherHost")
            assert kubectl.get("vm", "fine")["status"]["host"] == "a"
        kubectl.patch("vm", "fine", {"metadata": {"finalizers": ["a.host.homeostat.dev/teardown"]}})
        wait_ready(kubectl, "fine")

        plane.kubectl.patch("host", "b", {"spec": {"maintenance": False}})
        wait_ready(kubectl, "sly")
        assert kubectl.get("vm", "sly")["status"]["host"] == "b"
