"""What was made once is not made again on another host, or on another libvirt of the same host's name."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kubernetes.operating import PATIENT, SOON, OperatorProcess, events_of, operating, ready, reason_of, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.earlier import without_the_field
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

BALLAST = {"runStrategy": "Halted", "resources": {"memory": "2Gi"}}  # where it is, the next machine would not go


def on(host: str) -> dict[str, dict[str, str]]:
    return {"hostSelector": {"kubernetes.io/hostname": host}}


@contextmanager
def two_hosts(plane: ControlPlane, folder: Path) -> Iterator[tuple[OperatorProcess, OperatorProcess]]:
    """East and west, each with an operator and a state folder of its own."""
    with (
        operating(plane, folder / "east", "--host", "east") as east,
        operating(plane, folder / "west", "--host", "west") as west,
    ):
        wait_ready(plane.kubectl, "east", "west", kind="vmhost")
        yield east, west


def test_one_with_its_identity_goes_where_its_domain_is(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    with two_hosts(plane, tmp_path) as (east, west):
        kubectl.create(machine(named="ballast", **BALLAST, **on("west")), machine(named="mail", **on("west")))
        wait_ready(kubectl, "ballast", "mail")
        before = kubectl.get("vm", "mail")
        for operator in (east, west):  # the object goes without anybody who clears up, as where etcd is lost
            operator.signal(signal.SIGSTOP)
        kubectl.patch("vm", "mail", {"metadata": {"finalizers": None}})
        kubectl("delete", "vm", "mail", PATIENT)
        for operator in (east, west):
            operator.signal(signal.SIGCONT)
        identity = before["metadata"]["uid"]
        plane.kubectl.wait_for("vmhost", "west", lambda host: identity in host["status"].get("orphaned", ()))

        again = machine(named="mail")
        again["metadata"]["annotations"] = {"homeostat.dev/identity": f"{kubectl.namespace}/mail/{identity}"}
        kubectl.create(again)
        wait_ready(kubectl, "mail")
        after = kubectl.get("vm", "mail")["status"]
        assert after["host"] == "west"
        assert (after["domainUuid"], after["run"]) == (before["status"]["domainUuid"], before["status"]["run"])


def test_one_whose_placement_was_lost_goes_where_its_domain_is(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    """As in a cluster that was restored from a backup of before; and the next controller remembers nothing."""
    with operating(plane, tmp_path / "first", "--host", "first") as controller:
        controller.wait_said("is the controller now")
        with two_hosts(plane, tmp_path) as (east, west):
            kubectl.create(machine(named="mail", **on("west")))
            wait_ready(kubectl, "mail")
            before = kubectl.get("vm", "mail")["status"]
            kubectl.create(machine(named="ballast", **BALLAST, **on("west")))
            wait_ready(kubectl, "ballast")
            for operator in (east, west):
                operator.signal(signal.SIGSTOP)
            controller.kill9()
            kubectl.patch("vm", "mail", {"metadata": {"finalizers": None}, "spec": {"hostSelector": None}})
            path = f"/apis/homeostat.dev/v1alpha1/namespaces/{kubectl.namespace}/virtualmachines/mail/status"
            plane.api("PATCH", path, {"status": None}, "application/merge-patch+json")
            for operator in (east, west):
                operator.signal(signal.SIGCONT)
            wait_ready(kubectl, "mail")
            after = kubectl.get("vm", "mail")["status"]
            assert (after["host"], after["run"]) == ("west", before["run"])


def test_it_waits_for_hosts_that_have_not_said_what_they_have(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    with two_hosts(plane, tmp_path) as (_, west):
        west.stop()
        made_before = machine(named="mail")
        made_before["metadata"]["annotations"] = {"homeostat.dev/identity": f"{kubectl.namespace}/mail/1"}
        kubectl.create(made_before, machine(named="new"))
        wait_ready(kubectl, "new")
        told = kubectl.wait_for("vm", "mail", lambda vm: reason_of(vm, "Ready") == "HostsNotAsked")
        assert "finalizers" not in told["metadata"]
        plane.kubectl("delete", "vmhost", "west", PATIENT)
        wait_ready(kubectl, "mail")


def test_another_server_of_the_same_name_makes_nothing(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    with (
        operating(plane, tmp_path / "one", "--host", "debian") as first,
        operating(plane, tmp_path / "two", "--host", "debian") as second,
    ):
        kubectl.create(machine(named="bank"))
        wait_ready(kubectl, "bank")
        runs = kubectl.get("vm", "bank")["status"]["run"]
        server, other = (first, second) if "serves host debian" in first.said() else (second, first)
        server.stop()
        other.wait_said("host debian is not served on test:///default")
        told = kubectl.wait_for("vm", "bank", lambda vm: reason_of(vm, "Ready") == "OperatorGone")
        assert told["status"]["run"] == runs and "serves host debian" not in other.said()
        server.start()
        wait_ready(kubectl, "bank")
        server.stop()

        wait_until(lambda: "OtherLibvirt" in {event["reason"] for event in events_of(plane.kubectl, "debian")}, SOON, "an event")
        found = re.search(r"annotate --overwrite vmhost debian (\S+)", other.said())
        assert found is not None
        plane.kubectl("annotate", "vmhost", "debian", found[1])
        other.wait_said("serves host debian")
        wait_ready(kubectl, "bank")
        plane.kubectl.wait_for("vmhost", "debian", ready)


def test_nor_where_the_host_does_not_say_where_it_was_served(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    """As after an operator of an earlier version, or where the cluster's definition is one of those."""
    with (
        without_the_field(plane, "hosts", "status", "place"),
        operating(plane, tmp_path / "one", "--host", "debian") as first,
        operating(plane, tmp_path / "two", "--host", "debian") as second,
    ):
        kubectl.create(machine(named="bank"))
        wait_ready(kubectl, "bank")
        plane.kubectl.wait_for("vmhost", "debian", lambda host: "place" not in host["status"])
        server, other = (first, second) if "serves host debian" in first.said() else (second, first)
        server.stop()
        other.wait_said("are on a libvirt that its status does not name, and none of their domains is here")
        assert "serves host debian" not in other.said()


def test_a_new_machine_goes_to_a_host_that_is_served(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    """Whatever the status of the other one still says."""
    with two_hosts(plane, tmp_path) as (east, west):
        kubectl.create(machine(named="ballast", **BALLAST, **on("east")))
        wait_ready(kubectl, "ballast")
        for operator in (east, west):
            operator.stop()
        kubectl.create(machine(named="late"))
        east.start()
        wait_ready(kubectl, "late")
        assert kubectl.get("vm", "late")["status"]["host"] == "east"
