"""Objects that an older CRD let in and the models refuse: they say so, harm nobody, and are mended by an edit, or deleted."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.driver.storage.disks.tags import read_tags
from tests.kubernetes.operating import PATIENT, events_of, message_of, operating, ready, reason_of, wait_ready
from tests.kubernetes.things import deployment, machine, plugin, thing
from tests.libvirt.hosts import isolated_uri
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.kubectl import Kubectl, Object, as_yaml, condition_of
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.network import free_gateway
from tests.rig.waiting import wait_until

MODEL = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.homeostat.dev"


@contextlib.contextmanager
def older_crd(plane: ControlPlane, plural: str, *, anything: bool = False) -> Iterator[None]:
    """One that takes any spec, for a while; ``anything``: also what is no object."""
    loose = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = plane.api("GET", MODEL.format(plural=plural))
    version = definition["spec"]["versions"][0]
    fields = {"properties": {"spec": loose, "status": loose}}
    version["schema"]["openAPIV3Schema"] = loose if anything else {"type": "object", **fields}
    plane.api("PATCH", MODEL.format(plural=plural), {"spec": {"versions": [version]}}, "application/merge-patch+json")
    try:
        yield
    finally:
        install_crds(plane)


def stalled(thing: Object) -> bool:
    return condition_of(thing, "Stalled").get("status") == "True"


def test_a_machine(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """A cdrom of its own size: a CRD alone cannot tell."""
    cdrom = {"name": "tools", "type": "cdrom", "size": "1Gi"}
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="old", disks=[cdrom]), machine(named="dead", disks=[cdrom]), machine(named="fine"))

        old = kubectl.wait_for("vm", "old", stalled)
        wait_ready(kubectl, "fine")

        assert reason_of(old, "Stalled") == reason_of(old, "Ready") == "InvalidSpec"
        assert message_of(old, "Stalled").startswith("spec.disks[0]: a cdrom has no size of its own: remove size")
        assert condition_of(old, "Ready")["status"] == "False"
        assert old["status"]["observedGeneration"] == 1

        kubectl.patch("vm", "old", {"spec": {"disks": []}})
        assert not stalled(kubectl.wait_for("vm", "old", ready))
        kubectl("delete", "vm", "dead", "--timeout=20s")


def test_a_deployment_is_deleted(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """With its machines, which are what they were."""
    with operating(plane, tmp_path / "state"):
        kubectl.create(deployment("shop", replicas=1))
        wait_ready(kubectl, "shop", kind="vmd")
        cdrom = {"name": "tools", "type": "cdrom", "size": "1Gi"}
        kubectl.patch("vmd", "shop", {"spec": {"template": {"spec": {"disks": [cdrom]}}}})
        kubectl.wait_for("vmd", "shop", stalled)
        assert ready(kubectl.get("vm", "shop-1"))

        kubectl("delete", "vmd", "shop", "--timeout=20s")

        kubectl.wait_gone("vm", "shop-1")


def test_a_machine_that_runs(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """It runs on as it was. That a server may take no status of it any more, an event tells; and it goes when it is deleted."""
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="web"))
        wait_ready(kubectl, "web")
        with older_crd(plane, "virtualmachines"):
            change = '{"spec": {"runStrategy": "Sometimes"}}'
            wait_until(lambda: kubectl("patch", "vm", "web", "--type=merge", "-p", change), 20, "the older CRD holds")

        def told() -> list[str]:
            said = [event["message"] for event in events_of(kubectl, "web") if event["reason"] == "InvalidSpec"]
            return [*said, message_of(kubectl.get("vm", "web"), "Stalled")]

        wait_until(lambda: any("spec.runStrategy" in message for message in told()), 20, "it is told", interval=0.3)

        assert kubectl.get("vm", "web")["status"]["state"] == "Running"
        kubectl("delete", "vm", "web", "--timeout=20s")


def test_a_disk_is_deleted_and_its_file_stays(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """A blank one without a size: a CRD alone cannot tell. What it does not say is no reason to delete data."""
    with operating(plane, tmp_path / "state"):
        kubectl.create(thing("Disk", "letters", {"size": "1Mi"}))
        named = [{"name": "data", "diskRef": {"name": "letters"}}]
        kubectl.create(machine(named="mail", runStrategy="Halted", disks=named), thing("Disk", "never", {}))
        wait_ready(kubectl, "mail")
        file = Path(kubectl.get("disk", "letters")["status"]["path"])
        kubectl.patch("disk", "letters", {"spec": {"size": None}})
        found = kubectl.wait_for("disk", "letters", stalled)
        assert "a blank disk needs a size" in message_of(found, "Stalled")
        kubectl.wait_for("disk", "never", stalled)
        kubectl("delete", "disk", "never", "--timeout=20s")

        kubectl("delete", "vm", "mail", "--timeout=20s")
        kubectl("delete", "disk", "letters", "--timeout=20s")
        assert file.exists()


def test_a_plugin(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """A machine made from it says that it waits for it."""
    cdrom = {"name": "tools", "type": "cdrom", "size": "1Gi"}
    with operating(plane, tmp_path / "state"):
        kubectl.create(
            plugin(named="page", disks=[cdrom]), machine(named="web", pluginRef={"name": "page"}), machine(named="fine")
        )

        page = kubectl.wait_for("plugin", "page", stalled)
        wait_ready(kubectl, "fine")
        assert "spec.disks[0]" in message_of(page, "Stalled")
        web = kubectl.wait_for("vm", "web", lambda vm: reason_of(vm, "Stalled") == "PluginInvalid")
        assert "spec.disks[0]" in message_of(web, "Stalled")

        kubectl.patch("plugin", "page", {"spec": {"disks": [], "rootfs": {"url": "http://127.0.0.1:1/none.img"}}})
        assert not stalled(kubectl.wait_for("plugin", "page", lambda found: reason_of(found, "Ready") != "InvalidSpec"))
        kubectl.wait_for("vm", "web", lambda vm: reason_of(vm, "Ready") not in ("", "PluginInvalid"))

        kubectl.patch("plugin", "page", {"spec": {"disks": [cdrom]}})
        kubectl.wait_for("plugin", "page", stalled)
        kubectl.delete("plugin", "page")
        assert kubectl.exists("plugin", "page"), "a machine is made from it"
        kubectl("delete", "vm", "web", "--timeout=20s")
        kubectl.wait_gone("plugin", "page")


def test_security_1_a_host(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """An address that names a file which the operator's administrator did not allow."""
    with operating(plane, tmp_path / "state", "--host", "node", "--host", "bad") as operator:
        plane.kubectl.wait_for("host", "bad", ready)
        plane.kubectl.apply(thing("Host", "bad", {"uri": "qemu+ssh://far/system?keyfile=/root/.ssh/id"}))
        bad = plane.kubectl.wait_for("host", "bad", stalled)
        kubectl.create(machine(named="fine"))
        wait_ready(kubectl, "fine")

        assert "the operator's administrator did not allow: --host-file" in message_of(bad, "Stalled")
        assert operator.said().count("did not allow") <= 2
        plane.kubectl("delete", "host", "bad", "--timeout=20s")
        operator.wait_said("host bad is not served here any more: its Host has gone")

        # One that is served already is served on: its machines did nothing wrong.
        plane.kubectl.patch("host", "node", {"spec": {"uri": "qemu+ssh://far/system?keyfile=/root/.ssh/id"}})
        plane.kubectl.wait_for("host", "node", stalled)
        kubectl.patch("vm", "fine", {"spec": {"runStrategy": "Halted"}})
        kubectl.wait_for("vm", "fine", lambda vm: vm["status"]["state"] == "Stopped")
        kubectl("delete", "vm", "fine", "--timeout=20s")


def test_a_host_that_has_machines_goes_with_the_last_one(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    """It is served where it was until then, and by nobody once that is over."""
    host = thing("Host", "bad", {"uri": "test:///default"})
    host["metadata"]["labels"] = {"rack": "seven"}
    plane.kubectl.apply(host)
    with operating(plane, tmp_path / "state", "--host", "node", "--host", "bad", uri=isolated_uri(tmp_path)) as operator:
        plane.kubectl.wait_for("host", "bad", ready)
        kubectl.create(machine(named="web", hostSelector={"rack": "seven"}))
        wait_ready(kubectl, "web")
        plane.kubectl.patch("host", "bad", {"spec": {"uri": "qemu+ssh://far/system?keyfile=/root/.ssh/id"}})
        plane.kubectl.wait_for("host", "bad", stalled)
        plane.kubectl.delete("host", "bad")
        kubectl.patch("vm", "web", {"spec": {"runStrategy": "Halted"}})
        kubectl.wait_for("vm", "web", lambda vm: vm["status"]["state"] == "Stopped")
        assert plane.kubectl.exists("host", "bad")
        kubectl("delete", "vm", "web", "--timeout=20s")
        plane.kubectl.wait_gone("host", "bad")
        assert [line for line in operator.said().splitlines() if "serves host bad" in line] == [
            "homeostat: this operator serves host bad (test:///default) now"
        ]


def test_what_is_on_a_host_goes_when_it_is_deleted(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path
) -> None:
    """A network, and a schedule with its snapshots, that were edited into what a CRD alone cannot refuse."""
    lab = thing("Network", "lab", {"mode": "Isolated", "addresses": [{"cidr": free_gateway(tmp_path)}]})
    off = {"machineRef": {"name": "off"}}
    yearly = thing("SnapshotSchedule", "yearly", {"template": {"spec": off}, "schedule": "@yearly"})
    taken = thing("Snapshot", "taken", off)
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="off", runStrategy="Halted", disks=[{"name": "data", "size": "1Mi"}]), lab, yearly)
        uid = kubectl.get("snapshotschedule", "yearly")["metadata"]["uid"]
        owner = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "SnapshotSchedule", "name": "yearly", "uid": uid}
        taken["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
        kubectl.create(taken)
        for made in ("network/lab", "snapshot/taken", "snapshotschedule/yearly"):
            kubectl("wait", made, "--for=condition=Ready", PATIENT)
        kubectl.patch("network", "lab", {"spec": {"addresses": [{"cidr": "10.0.0.0/24"}]}})
        kubectl.patch("snapshotschedule", "yearly", {"spec": {"schedule": "0 0 31 2 *"}})
        kubectl.wait_for("network", "lab", stalled)
        kubectl.wait_for("snapshotschedule", "yearly", stalled)
        kubectl("delete", "network/lab", "snapshotschedule/yearly", "--timeout=20s")
        assert kubectl.list("snapshots") == []


def test_snapshots_go_when_they_are_deleted(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """One that was taken, with its data; and one of what cannot be a machine's name, of which there is no data."""
    off = {"machineRef": {"name": "off"}}
    with operating(plane, tmp_path / "state"):
        kubectl.create(machine(named="off", runStrategy="Halted", disks=[{"name": "data", "size": "1Mi"}]))
        kubectl.create(thing("Snapshot", "taken", off))
        taken = kubectl.wait_for("snapshot", "taken", ready)
        with older_crd(plane, "snapshots"):
            change = '{"spec": {"quiesce": "Sometimes"}}'
            wait_until(lambda: kubectl("patch", "snapshot", "taken", "--type=merge", "-p", change), 20, "the older CRD holds")
            kubectl.create(thing("Snapshot", "never", {"machineRef": {"name": "Not A Name"}}))
        for name in ("taken", "never"):
            kubectl.wait_for("snapshot", name, stalled)
        (disk,) = (tmp_path / "state").rglob("data.qcow2")
        assert taken["status"]["tag"] in [found.tag for found in read_tags(str(disk)) or ()]

        kubectl("delete", "snapshot/taken", "snapshot/never", "--timeout=20s")

        assert not read_tags(str(disk))


@pytest.mark.parametrize(
    ("kind", "spec", "change"),
    [
        ("Image", {"source": {"url": "http://127.0.0.1:1/none.img"}}, {"format": "weird"}),
        ("Plugin", {"version": "1", "kernel": {"url": "http://127.0.0.1:1/none"}}, {"disks": "none"}),
    ],
)
def test_what_has_nothing_on_a_host_goes(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path, kind: str, spec: Object, change: Object
) -> None:
    """Before 1.30 a server refuses even to let it go as it is."""
    plural = f"{kind.lower()}s"
    with operating(plane, tmp_path / "state"):
        kubectl.create(thing(kind, "old", spec))
        kubectl.wait_for(kind, "old", lambda found: reason_of(found, "Ready") != "")
        with older_crd(plane, plural):
            patch = json.dumps({"spec": change})
            wait_until(lambda: kubectl("patch", kind, "old", "--type=merge", "-p", patch), 20, "the older CRD holds")

        kubectl("delete", kind, "old", "--timeout=20s")


def test_a_machine_whose_spec_is_a_text(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    """It keeps nobody else from being made, and goes."""
    with older_crd(plane, "virtualmachines", anything=True):
        text = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "odd"}, "spec": "text"}
        wait_until(lambda: created(kubectl, text), 20, "the older CRD holds")
        with operating(plane, tmp_path / "state"):
            kubectl.create(machine(named="fine"))
            wait_ready(kubectl, "fine")
            kubectl("delete", "vm", "odd", "--timeout=20s")


def created(kubectl: Kubectl, document: Object) -> bool:
    return kubectl.run("create", "--validate=false", "-f", "-", stdin=as_yaml(document)).returncode == 0
