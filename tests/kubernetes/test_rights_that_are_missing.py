"""An operator that lacks rights when it starts says which kinds it may not list; given some of them, it names what is left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx

from homeostat.models.kinds import STORED, kind_of
from tests.kubernetes.operating import operating
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import free_port, wait_until

AGAIN = 90.0  # seconds: a kind is tried again after 2 to 30 s
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles"


def _rule(group: str, *resources: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"]}


def test_what_is_left_is_named(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    name, address = kubectl.namespace, f"127.0.0.1:{free_port()}"
    kubectl("create", "serviceaccount", "few")
    kubeconfig = plane.kubeconfig_of_service_account(name, "few")
    plane.api("POST", ROLE, {"metadata": {"name": name}, "rules": [_rule("", "namespaces")]})
    plane.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", f"--serviceaccount={name}:few")
    options = ("--host", "node", "--health-bind", address)
    try:
        with operating(plane, tmp_path / "state", *options, start=False, kubeconfig=kubeconfig) as operator:
            operator.start()
            operator.wait_said("waiting for the API server: GET /apis/homeostat.dev")
            first = re.search(r"GET /apis/homeostat.dev/v1alpha1/(\w+)", operator.said())
            assert first is not None
            left = next(plural for plural in ("hosts", "images") if plural != first[1])
            others = {kind_of(kind).plural for kind in STORED.values()} - {left}
            plane.api(
                "PUT",
                f"{ROLE}/{name}",
                {"metadata": {"name": name}, "rules": [_rule("", "namespaces"), _rule("homeostat.dev", *others)]},
            )

            operator.wait_said(f"waiting for the API server: GET /apis/homeostat.dev/v1alpha1/{left}", AGAIN)
            said = f"the API server refuses us to list {left}.homeostat.dev\n"
            wait_until(lambda: httpx.get(f"http://{address}/readyz").text == said, AGAIN, "it says why it is not ready", 0.3)
            operator.kill9()  # it waits without an end
    finally:
        plane.kubectl.run("delete", "clusterrolebinding,clusterrole", name)
