"""Maintenance of a host over REST and a cluster: where the API was given the role for it, and what is said where it was not."""

from __future__ import annotations

from pathlib import Path

from tests.api.harness import serving
from tests.api.modes import Namespace
from tests.kubernetes.manifests import FOLDER, NAMESPACE
from tests.kubernetes.operating import PATIENT, SOON
from tests.kubernetes.things import thing
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

HOST = "resources/hosts/rack7.example.org"
BEGIN = {"spec": {"maintenance": True}}


def test_its_role_lets_the_api_begin_it(crds: list[str], plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    cluster = plane.kubectl
    cluster.within(NAMESPACE)("apply", "-k", str(FOLDER / "overlays/dev"))
    cluster.apply(thing("Host", "rack7.example.org", {"uri": "test:///default"}))
    where = Namespace(plane, namespace)
    account = plane.kubeconfig_of_service_account(NAMESPACE, "homeostat-api")
    where.options = ("--kubernetes", "--kubeconfig", str(account), "--namespace", where.name)
    with serving(tmp_path, where=where) as api:
        wait_until(lambda: api.http.get(f"/api/v1/{HOST}").status_code == 200, SOON, "the API knows the host")
        for query in ("?dryRun=true", ""):
            refused = api.http.patch(f"/api/v1/{HOST}{query}", json=BEGIN)
            assert refused.status_code == 403 and "homeostat-maintain" in refused.json()["error"]
        account_of_it = f"--serviceaccount={NAMESPACE}:homeostat-api"
        cluster("create", "clusterrolebinding", "homeostat-maintain", "--clusterrole=homeostat-maintain", account_of_it)
        wait_until(lambda: api.http.patch(f"/api/v1/{HOST}", json=BEGIN).status_code == 200, SOON, "it may now")
        assert spec(plane) == {"uri": "test:///default", "maintenance": True}
        assert api.http.patch(f"/api/v1/{HOST}", json={"spec": {"maintenance": False}}).status_code == 200
        assert not spec(plane).get("maintenance")
        cluster("delete", "clusterrolebinding", "homeostat-maintain")
        wait_until(lambda: api.http.patch(f"/api/v1/{HOST}", json=BEGIN).status_code == 403, SOON, "it may not any more")
    cluster("delete", "vmhost", "rack7.example.org", PATIENT)


def spec(plane: ControlPlane) -> dict[str, object]:
    found: dict[str, object] = plane.kubectl.get("hosts", "rack7.example.org")["spec"]
    return found
