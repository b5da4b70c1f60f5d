"""A real API server takes the manifests, and lets each service account do what the table says, and nothing else."""

from __future__ import annotations

import pytest

from tests.kubernetes.manifests import API_RIGHTS, FOLDER, NAMESPACE, OPERATOR_RIGHTS, OURS, STATUSES
from tests.kubernetes.operating import SOON
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
OTHERS = (
    "events",
    "leases",
    "customresourcedefinitions",
    "secrets",
    "configmaps",
    "pods",
    "nodes",
    "serviceaccounts",
    "namespaces",
)
GROUPS = {
    "leases": "coordination.k8s.io",
    "customresourcedefinitions": "apiextensions.k8s.io",
    **{name: "" for name in ("events", "secrets", "configmaps", "pods", "nodes", "serviceaccounts", "namespaces")},
}
PARTS = ("virtualmachinedeployments/finalizers", "virtualmachinedeployments/scale", "snapshotschedules/finalizers")
RESOURCES = (*OURS, *STATUSES, *PARTS, *OTHERS)


@pytest.fixture(scope="module")
def installed(plane: ControlPlane, crds: list[str]) -> ControlPlane:
    """The server judges by what was bound a moment later."""
    plane.kubectl.within(NAMESPACE)("apply", "-k", str(FOLDER / "overlays/dev"))
    for account, resource in (("homeostat-operator", "leases"), ("homeostat-operator", "hosts"), ("homeostat-api", "hosts")):
        wait_until(lambda a=account, r=resource: may(plane, a, "get", r, NAMESPACE), SOON, f"{account} is known")  # type: ignore[misc]
    wait_until(lambda: may(plane, "homeostat-operator", "get", "namespaces", "", "kube-system"), SOON, "so is where it looks")
    return plane


def allowed(plane: ControlPlane, account: str, namespace: str, object: str = "") -> dict[str, set[str]]:
    """Verbs by resource, for everything the account may do there, or with one object."""
    found: dict[str, set[str]] = {}
    for resource in RESOURCES:
        for verb in VERBS:
            if may(plane, account, verb, resource, namespace, object):
                found.setdefault(resource, set()).add(verb)
    return found


def may(plane: ControlPlane, account: str, verb: str, resource: str, namespace: str, object: str = "") -> bool:
    name, _, part = resource.partition("/")
    group = GROUPS.get(name, "homeostat.dev")
    asked = {"verb": verb, "group": group, "resource": name, "subresource": part, "name": object, "namespace": namespace}
    user = f"system:serviceaccount:{NAMESPACE}:{account}"
    groups = ["system:serviceaccounts", "system:authenticated"]
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": groups, "resourceAttributes": asked},
    }
    answer = plane.api("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer["status"]["allowed"])


def test_the_operator_may_this(installed: ControlPlane) -> None:
    assert allowed(installed, "homeostat-operator", "default") == OPERATOR_RIGHTS


def test_and_hold_leases_in_its_own_namespace(installed: ControlPlane) -> None:
    assert allowed(installed, "homeostat-operator", NAMESPACE) == {**OPERATOR_RIGHTS, "leases": {"get", "create", "update"}}


def test_and_look_at_one_namespace(installed: ControlPlane) -> None:
    assert allowed(installed, "homeostat-operator", "", "kube-system")["namespaces"] == {"get"}


def test_the_api_may_this(installed: ControlPlane) -> None:
    assert allowed(installed, "homeostat-api", "default") == API_RIGHTS
    assert allowed(installed, "homeostat-api", NAMESPACE) == API_RIGHTS


@pytest.mark.parametrize("overlay", ["central", "per-host"])
def test_the_server_takes_the_other_overlays(installed: ControlPlane, overlay: str) -> None:
    """But for budgets: policy/v1 came with Kubernetes 1.21."""
    done = installed.kubectl.within(NAMESPACE).run("apply", "--dry-run=server", "-k", str(FOLDER / "overlays" / overlay))
    errors = [line for line in done.stderr.splitlines() if not line.startswith(("Warning", "#"))]
    assert [line for line in errors if 'no matches for kind "PodDisruptionBudget"' not in line] == []
    assert "serviceaccount/homeostat-operator" in done.stdout
