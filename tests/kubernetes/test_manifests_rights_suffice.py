"""Operator and API, each run as its service account, do all that they do without being denied anything, and what they were
granted they need: the API server's audit log tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.harness import serving
from tests.api.modes import Namespace
from tests.kubernetes.auditing import Audit
from tests.kubernetes.manifests import API_RIGHTS, FOLDER, NAMESPACE, OPERATOR_RIGHTS, OURS, Rights
from tests.kubernetes.operating import PATIENT, SOON, operating, wait_ready
from tests.kubernetes.things import deployment, machine, plugin, thing
from tests.rig.kubernetes.crds import install_crds, wait_documented
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.network import free_gateway
from tests.rig.waiting import wait_until
from tests.unit.images import blob

Requests = set[tuple[str, str]]

OPERATOR, API = "homeostat-operator", "homeostat-api"
BY_PLACE: Rights = {"leases": {"get", "create", "update"}, "namespaces": {"get"}}  # its own namespace's; kube-system alone
RACES: Requests = {(plural, "get") for plural in OURS}  # when somebody else changed it between our look and our write
SELDOM: Requests = {
    ("events", "patch"),  # when the same happens again: it is counted
    ("virtualmachinedeployments/finalizers", "update"),  # where the cluster enforces that (an admission plugin)
    ("snapshotschedules/finalizers", "update"),  # the same
    ("snapshots", "create"),  # of a schedule, whose time comes once a minute at the most
    ("snapshots", "delete"),  # the same
}
UPLOADS: Requests = {("images", "patch")}  # an upload writes its digest, where an operator has the same state folder


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return Audit(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def audited(audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("plane"), apiserver_flags=audit.flags) as plane:
        install_crds(plane)
        wait_documented(plane)
        plane.kubectl.within(NAMESPACE)("apply", "-k", str(FOLDER / "overlays/dev"))
        yield plane


def live(plane: ControlPlane, state: Path) -> None:
    """Everything that the operator does, once."""
    kubectl = plane.kubectl
    account = plane.kubeconfig_of_service_account(NAMESPACE, OPERATOR)
    image = state.parent / "image.raw"
    image.write_bytes(blob(2**20))
    with operating(plane, state, "--host", "dev", kubeconfig=account):
        kubectl.apply(machine("alone", disks=[{"name": "data", "size": "1Mi"}]))
        kubectl.apply(plugin("page", rootfs={"path": str(image)}))
        kubectl.apply(deployment("web", replicas=2, revisionHistoryLimit=0))
        wait_ready(kubectl, "alone")
        wait_ready(kubectl, "page", kind="plugin")
        wait_ready(kubectl, "web", kind="vmd")
        kubectl("wait", "vmhost/dev", "--for=condition=Ready", PATIENT)
        kubectl("patch", "vmd/web", "--type=merge", "-p", '{"spec":{"template":{"spec":{"resources":{"memory":"64Mi"}}}}}')
        wait_until(lambda: revisions(plane) == [2], SOON, "the rollout is over, and the revision before it gone")
        wait_ready(kubectl, "web", kind="vmd")
        kubectl("scale", "vmd/web", "--replicas=1")
        wait_until(lambda: len(kubectl.list("vm")) == 2, SOON, "one replica has gone")
        kubectl.apply(thing("Image", "base", {"source": {"path": str(image)}}))
        kubectl.apply(thing("Network", "lab", {"mode": "Isolated", "addresses": [{"cidr": free_gateway(image)}]}))
        kubectl.apply(thing("Disk", "letters", {"size": "1Mi"}))
        kubectl.apply(thing("Snapshot", "before", {"machineRef": {"name": "off"}}))
        kubectl.apply(
            thing("SnapshotSchedule", "yearly", {"template": {"spec": {"machineRef": {"name": "off"}}}, "schedule": "0 0 1 1 *"})
        )
        kubectl.apply(machine("off", runStrategy="Halted", disks=[{"name": "data", "size": "1Mi"}]))
        for ready in ("image/base", "network/lab", "disk/letters", "snapshot/before", "snapshotschedule/yearly"):
            kubectl("wait", ready, "--for=condition=Ready", PATIENT)
        made = ("snapshotschedule/yearly", "snapshot/before", "disk/letters", "network/lab", "image/base", "vm/off")
        for name in (*made, "vmd/web", "plugin/page", "vm/alone"):
            kubectl("delete", name, PATIENT)
        wait_until(lambda: not kubectl.list("vm"), SOON, "its machine has gone")


def revisions(plane: ControlPlane) -> list[int]:
    return [one["spec"]["revision"] for one in plane.kubectl.list("machinerevisions")]


def asked_by(audit: Audit, account: str) -> Requests:
    """What it asked for; none of it may have been denied."""
    asked = list(audit.requests(f"system:serviceaccount:{NAMESPACE}:{account}"))
    assert [request for request in asked if request[2] in (401, 403)] == []
    return {(resource, verb) for resource, verb, _ in asked}


def granted(rights: Rights) -> Requests:
    return {(resource, verb) for resource, verbs in rights.items() for verb in verbs}


def test_the_operator_is_denied_nothing_and_granted_nothing_in_vain(audited: ControlPlane, audit: Audit, tmp_path: Path) -> None:
    live(audited, tmp_path / "state")
    asked, may = asked_by(audit, OPERATOR), granted({**OPERATOR_RIGHTS, **BY_PLACE})
    assert asked <= may, "what every user of the cluster may is not counted on"
    assert may - asked <= SELDOM | RACES


def serve(plane: ControlPlane, root: Path) -> None:
    """A request of each kind that there is."""
    where = Namespace(plane)
    account = plane.kubeconfig_of_service_account(NAMESPACE, API)
    where.options = ("--kubernetes", "--kubeconfig", str(account), "--namespace", where.name)
    with serving(root, where=where) as api:
        api.install("page")
        api.install("unused")
        api.create("alone", plugin="page")
        api.deploy("web", "page", 2)
        for change in ("vms/alone/spec", "deployments/web/spec"):
            assert api.http.patch(f"/api/v1/{change}", json={"restartedAt": "now"}).status_code == 200
        assert api.http.post("/api/v1/plugins/page/enabled", json={"enabled": False}).status_code == 200
        kept = {
            "images": {"name": "base", "source": {"url": "https://images.example/base.qcow2"}},
            "networks": {"name": "lab", "spec": {"addresses": [{"cidr": "192.168.232.1/24"}]}},
            "disks": {"name": "letters", "spec": {"size": "1Mi"}},
            "snapshots": {"name": "before", "spec": {"machineRef": {"name": "alone"}}},
            "snapshotschedules": {
                "name": "yearly",
                "spec": {"template": {"spec": {"machineRef": {"name": "alone"}}}, "schedule": "0 0 1 1 *"},
            },
        }
        for plural, body in kept.items():
            answer = api.http.post(f"/api/v1/{plural}", json=body)
            assert answer.status_code == 201, answer.text
        for path, change in (
            ("networks/lab", {"mtu": 1400}),
            ("disks/letters", {"size": "2Mi"}),
            ("snapshotschedules/yearly", {"suspend": True}),
        ):
            assert api.http.patch(f"/api/v1/{path}/spec", json=change).status_code == 200
        for path in ("vms", "vms/alone", "vms/alone/config/history", "deployments/web", "plugins/page", "events"):
            assert api.http.get(f"/api/v1/{path}").status_code in (200, 404)
        made = ("snapshots/before", "snapshotschedules/yearly", "disks/letters", "networks/lab", "images/base")
        for path in (*made, "deployments/web", "vms/alone", "plugins/unused"):
            forced = "&force=true" if path.startswith("vms") else ""
            assert api.http.delete(f"/api/v1/{path}?wait=0{forced}").status_code in (202, 204)


def test_the_api_is_denied_nothing_and_granted_nothing_in_vain(audited: ControlPlane, audit: Audit, tmp_path: Path) -> None:
    serve(audited, tmp_path)
    asked, may = asked_by(audit, API), granted(API_RIGHTS)
    assert asked <= may
    assert may - asked <= RACES | UPLOADS
