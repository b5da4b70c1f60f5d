"""The overlay per-host-copies: an API server beside each operator, which says where that is, and no right in vain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.harness import serving
from tests.api.modes import Namespace
from tests.kubernetes.manifests import FOLDER, NAMESPACE, build, of_kind, programs, workloads
from tests.kubernetes.operating import SOON
from tests.kubernetes.things import thing
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

OVERLAY = "per-host-copies"


@pytest.mark.parametrize("program", programs(), ids=str)
def test_it_is_per_host_with_one_container_more(program: Path) -> None:
    plain, made = (
        workloads("per-host"),
        {one["metadata"]["name"]: one for one in build(OVERLAY, program) if one["kind"] == "DaemonSet"},
    )
    before, after = (
        plain["homeostat-operator"]["spec"]["template"]["spec"],
        made["homeostat-operator"]["spec"]["template"]["spec"],
    )
    operator, api = after["containers"]
    (only,) = before["containers"]
    assert operator == {**only, "args": operator["args"], "env": operator["env"]}
    assert operator["args"] == [*only["args"], "--api-address=http://$(NODE_IP):8444"]
    assert sorted(one["name"] for one in operator["env"]) == sorted([*(one["name"] for one in only["env"]), "NODE_IP"])
    assert "--bind=$(NODE_IP):8444" in api["args"] and "--state=/var/lib/homeostat" in api["args"]
    assert {one["name"]: one for one in operator["env"]}["NODE_IP"] == {one["name"]: one for one in api["env"]}["NODE_IP"]
    assert api["image"] == operator["image"] and api["image"].startswith("homeostat:")
    security = api["securityContext"]
    assert security == operator["securityContext"] and security["capabilities"]["drop"] == ["ALL"]
    assert {one["name"] for one in after["volumes"]} == {*(one["name"] for one in before["volumes"]), "token"}
    mounted = {mount["name"] for container in after["containers"] for mount in container["volumeMounts"]}
    assert mounted == {one["name"] for one in after["volumes"]}
    assert {port["containerPort"] for port in api["ports"]} == {8444}
    (policy,) = [one for one in of_kind(OVERLAY, "NetworkPolicy") if one["metadata"]["name"] == "homeostat-api-copies"]
    assert policy["spec"]["egress"] == [{"ports": [{"protocol": "TCP", "port": 8444}]}]


@pytest.fixture
def bound(plane: ControlPlane) -> Iterator[None]:
    """The rights of the overlay, beside those that other tests count."""
    kubectl, rights = plane.kubectl.within(NAMESPACE), str(FOLDER / f"overlays/{OVERLAY}/rbac.yaml")
    kubectl("apply", "-k", str(FOLDER / "overlays/dev"))
    kubectl("apply", "-f", rights)
    yield
    kubectl("delete", "-f", rights)


def test_its_account_may_read_what_a_copy_is_of(
    plane: ControlPlane, namespace: str, crds: list[str], bound: None, tmp_path: Path
) -> None:
    where = Namespace(plane, namespace)
    account = plane.kubeconfig_of_service_account(NAMESPACE, "homeostat-operator")
    where.options = ("--kubernetes", "--kubeconfig", str(account), "--namespace", where.name)
    plane.kubectl.within(where.name).create(thing("Disk", "letters", {"size": "1Mi"}))
    with serving(tmp_path, where=where) as api:
        wait_until(lambda: api.http.get("/api/v1/disks/letters").status_code == 200, SOON, "it sees the Disk")
        assert api.http.get("/api/v1/disks/letters/export").json()["code"] == "disk_not_there"
        assert api.http.delete("/api/v1/disks/letters").status_code >= 400, "it writes nothing"
