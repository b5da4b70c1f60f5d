"""The operator, run as its service account, lives through all that it does without being denied anything, and what it was granted
it needs: the API server's audit log tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubernetes.auditing import Audit
from tests.kubernetes.manifests import FOLDER, NAMESPACE, OPERATOR_RIGHTS, OURS
from tests.kubernetes.operating import SOON, operating, wait_ready
from tests.kubernetes.things import deployment, machine, plugin
from tests.rig.kubernetes.crds import install_crds, wait_documented
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

ACCOUNT = "homeostat-operator"
SELDOM = {
    *((plural, "get") for plural in OURS),  # when somebody else changed it between our look and our write
    ("events", "patch"),  # when the same happens again: it is counted
    ("virtualmachinedeployments/finalizers", "update"),  # where the cluster enforces that (an admission plugin)
}


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
    account = plane.kubeconfig_of_service_account(NAMESPACE, ACCOUNT)
    image = state.parent / "image.raw"
    image.write_bytes(b"\0" * 2**20)
    with operating(plane, state, "--host", "dev", kubeconfig=account):
        kubectl.apply(machine("alone", disks=[{"name": "data", "size": "1Mi"}]))
        kubectl.apply(plugin("page", rootfs={"path": str(image)}))
        kubectl.apply(deployment("web", replicas=2, revisionHistoryLimit=0))
        wait_ready(kubectl, "alone")
        wait_ready(kubectl, "page", kind="plugin")
        wait_ready(kubectl, "web", kind="vmd")
        kubectl("wait", "vmhost/dev", "--for=condition=Ready", f"--timeout={SOON:.0f}s")
        kubectl("patch", "vmd/web", "--type=merge", "-p", '{"spec":{"template":{"spec":{"resources":{"memory":"64Mi"}}}}}')
        wait_until(lambda: revisions(plane) == [2], SOON, "the rollout is over, and the revision before it gone")
        wait_ready(kubectl, "web", kind="vmd")
        kubectl("scale", "vmd/web", "--replicas=1")
        wait_until(lambda: len(kubectl.list("vm")) == 2, SOON, "one replica has gone")
        for thing in ("vmd/web", "plugin/page", "vm/alone"):
            kubectl("delete", thing, f"--timeout={SOON:.0f}s")
        wait_until(lambda: not kubectl.list("vm"), SOON, "its machine has gone")


def revisions(plane: ControlPlane) -> list[int]:
    return [one["spec"]["revision"] for one in plane.kubectl.list("machinerevisions")]


def test_nothing_is_denied_and_nothing_granted_in_vain(audited: ControlPlane, audit: Audit, tmp_path: Path) -> None:
    live(audited, tmp_path / "state")
    asked = list(audit.requests(f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"))
    assert [request for request in asked if request[2] in (401, 403)] == []
    used = {(resource, verb) for resource, verb, _ in asked}
    rights = {**OPERATOR_RIGHTS, "leases": {"get", "create", "update"}}
    granted = {(resource, verb) for resource, verbs in rights.items() for verb in verbs}
    assert used <= granted, "what every user of the cluster may is not counted on"
    assert granted - used <= SELDOM
