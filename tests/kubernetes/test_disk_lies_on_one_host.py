"""A Disk over a real API server: its host is a finalizer, its machine follows it, and its deletion waits for both."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.kubernetes.operating import PATIENT, SOON, message_of, operating, reason_of, wait_ready
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

NAMED = [{"name": "data", "diskRef": {"name": "letters"}}]
BLANK = {"size": "1Mi"}


def test_one_host(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.create(thing("Disk", "letters", BLANK))
        kubectl.create(machine(named="mail", runStrategy="Halted", disks=NAMED))
        wait_ready(kubectl, "letters", kind="disk")
        wait_ready(kubectl, "mail")
        found = kubectl.wait_for("disk", "letters", lambda disk: disk["status"].get("attachedTo") == "mail")
        assert found["metadata"]["finalizers"] == ["node.host.homeostat.dev/teardown"]
        assert found["status"]["host"] == "node"
        file = Path(found["status"]["path"])
        assert file.is_relative_to(tmp_path / "state" / "disks")

        kubectl.patch("disk", "letters", {"spec": {"size": "2Mi"}})
        kubectl.wait_for("disk", "letters", lambda disk: disk["status"].get("virtualSize") == "2Mi")

        kubectl("delete", "disk", "letters", "--wait=false")
        kubectl.wait_for("disk", "letters", lambda disk: reason_of(disk, "Ready") == "InUse")
        assert file.exists()
        kubectl("delete", "vm", "mail", PATIENT)
        kubectl.wait_gone("disk", "letters")
        assert not file.exists()


def test_two_hosts_of_which_one_goes(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    with (
        operating(plane, tmp_path / "east", "--host", "east", "--host-label", "zone=east"),
        operating(plane, tmp_path / "west", "--host", "west", "--host-label", "zone=west") as west,
    ):
        wait_ready(kubectl, "east", "west", kind="vmhost")
        kubectl.create(machine(named="mail", runStrategy="Halted", disks=NAMED, hostSelector={"zone": "west"}))
        kubectl.create(thing("Disk", "letters", BLANK))
        wait_ready(kubectl, "mail")
        assert kubectl.get("disk", "letters")["status"]["host"] == "west"

        kubectl.create(machine(named="east", runStrategy="Halted", disks=NAMED, hostSelector={"zone": "east"}))
        found = kubectl.wait_for("vm", "east", lambda vm: reason_of(vm, "Stalled") == "HostSelectorContradicts")
        assert "Disk letters is on host west, which lacks the label zone=east" in message_of(found, "Stalled")

        west.kill9()
        kubectl.wait_for("disk", "letters", lambda disk: reason_of(disk, "Ready") == "OperatorGone", 60.0)
        kubectl.patch("vm", "east", {"spec": {"hostSelector": None}})
        kubectl.wait_for("vm", "east", lambda vm: "Disk letters is on host west" in message_of(vm, "Ready"), 60.0)
        kubectl("delete", "disk", "letters", "--wait=false")
        assert not (tmp_path / "east" / "disks").exists()
        west.start()
        kubectl.wait_for("disk", "letters", lambda disk: reason_of(disk, "Ready") == "InUse", 60.0)
        kubectl("delete", "vm", "mail", "east", PATIENT)
        kubectl.wait_gone("disk", "letters")
        assert not (tmp_path / "east" / "disks").exists()


def test_one_that_was_kept_is_found_on_its_host(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    kept = {**BLANK, "reclaimPolicy": "Retain"}
    with (
        operating(plane, tmp_path / "east", "--host", "east", "--host-label", "zone=east"),
        operating(plane, tmp_path / "west", "--host", "west", "--host-label", "zone=west"),
    ):
        wait_ready(kubectl, "east", "west", kind="vmhost")

        def keeping(host: str) -> bool:
            return f"{kubectl.namespace}/letters" in plane.kubectl.get("vmhost", host)["status"].get("keeps", ())

        kubectl.create(thing("Disk", "letters", {**kept, "hostSelector": {"zone": "west"}}))
        wait_ready(kubectl, "letters", kind="disk")
        wait_until(lambda: keeping("west"), SOON, "the host says that it keeps it")
        folder = Path(kubectl.get("disk", "letters")["status"]["path"]).parent
        number = (folder / "disk.img").stat().st_ino
        kubectl("delete", "disk", "letters", PATIENT)

        # Without a word of a host it would go to east.
        kubectl.create(thing("Disk", "letters", kept))
        kubectl.create(machine(named="mail", runStrategy="Halted", disks=NAMED))
        wait_ready(kubectl, "letters", kind="disk")
        wait_ready(kubectl, "mail")
        found = kubectl.get("disk", "letters")["status"]
        assert (found["host"], kubectl.get("vm", "mail")["status"]["host"]) == ("west", "west")
        assert (folder / "disk.img").stat().st_ino == number and not (tmp_path / "east" / "disks").exists()
        kubectl("delete", "vm", "mail", PATIENT)
        kubectl("delete", "disk", "letters", PATIENT)

        kubectl.create(thing("Disk", "letters", {**kept, "hostSelector": {"zone": "east"}}))
        stalled = kubectl.wait_for("disk", "letters", lambda disk: reason_of(disk, "Stalled") == "HostSelectorContradicts")
        assert "was kept, and is on host west, which lacks the label zone=east" in message_of(stalled, "Stalled")
        kubectl("delete", "disk", "letters", PATIENT)

        # Somebody copied it, too.
        shutil.copytree(folder, tmp_path / "east" / "disks" / kubectl.namespace / "letters")
        wait_until(lambda: keeping("east"), SOON, "the other host says that it has one, too")
        kubectl.create(thing("Disk", "letters", kept))
        stalled = kubectl.wait_for("disk", "letters", lambda disk: reason_of(disk, "Stalled") == "OnSeveralHosts")
        assert "hosts east and west have each kept a file" in message_of(stalled, "Stalled")
        kubectl.patch("disk", "letters", {"spec": {"hostSelector": {"zone": "west"}}})
        wait_ready(kubectl, "letters", kind="disk")
        assert kubectl.get("disk", "letters")["status"]["host"] == "west"


def test_one_that_was_kept_on_a_host_that_is_lost(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    kept = {**BLANK, "reclaimPolicy": "Retain"}
    with (
        operating(plane, tmp_path / "east", "--host", "east"),
        operating(plane, tmp_path / "west", "--host", "west") as west,
    ):
        wait_ready(kubectl, "east", "west", kind="vmhost")
        kubectl.create(thing("Disk", "letters", {**kept, "hostSelector": {"kubernetes.io/hostname": "west"}}))
        wait_ready(kubectl, "letters", kind="disk")
        told = lambda host: f"{kubectl.namespace}/letters" in host["status"].get("keeps", ())  # noqa: E731
        plane.kubectl.wait_for("vmhost", "west", told)
        kubectl("delete", "disk", "letters", PATIENT)
        west.kill9()
        plane.kubectl.wait_for("vmhost", "west", lambda host: reason_of(host, "Ready") == "OperatorGone", 60.0)

        kubectl.create(thing("Disk", "letters", kept))
        found = kubectl.wait_for("disk", "letters", lambda disk: reason_of(disk, "Ready") == "HostNotReady")
        assert "if that host is lost for good, delete Host west" in message_of(found, "Ready")
        plane.kubectl("delete", "vmhost", "west", PATIENT)
        wait_ready(kubectl, "letters", kind="disk", timeout=60.0)
        assert kubectl.get("disk", "letters")["status"]["host"] == "east"


def test_a_finalizer_that_is_taken_away_comes_back(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    with operating(plane, tmp_path / "state", "--host", "east", "--host", "west"):
        wait_ready(kubectl, "east", "west", kind="vmhost")
        kubectl.create(thing("Disk", "letters", {**BLANK, "hostSelector": {"kubernetes.io/hostname": "west"}}))
        wait_ready(kubectl, "letters", kind="disk")
        held = kubectl.get("disk", "letters")["metadata"]["finalizers"]
        kubectl.patch("disk", "letters", {"metadata": {"finalizers": None}, "spec": {"hostSelector": None}})
        kubectl.wait_for("disk", "letters", lambda disk: disk["metadata"].get("finalizers") == held)
        wait_ready(kubectl, "letters", kind="disk")
