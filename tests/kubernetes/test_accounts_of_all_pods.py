"""The overlay per-host-accounts: all pods of the API share accounts in a PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api.harness import serving
from tests.api.modes import Namespace
from tests.api.people import Person
from tests.kubernetes.manifests import build, of_kind, programs, workloads
from tests.kubernetes.operating import SOON
from tests.kubernetes.people import shared_accounts
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

OVERLAY = "per-host-accounts"


@pytest.fixture
def url() -> Iterator[str]:
    with shared_accounts(bob=Role.USER) as found:
        yield found


@pytest.mark.parametrize("program", programs(), ids=str)
def test_it_is_per_host_with_a_database(program: Path) -> None:
    before = workloads("per-host")["homeostat-api"]["spec"]["template"]["spec"]
    (made,) = [
        one for one in build(OVERLAY, program) if one["metadata"]["name"] == "homeostat-api" and one["kind"] == "Deployment"
    ]
    after = made["spec"]["template"]["spec"]
    (only,), (api,) = before["containers"], after["containers"]
    assert {**api, "args": None, "env": None} == {**only, "args": None, "env": None}
    assert "--accounts-database=$(HOMEOSTAT_ACCOUNTS__DATABASE)" in api["args"] and "--require-accounts" in api["args"]
    secrets = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in api["env"] if "valueFrom" in one}
    assert secrets == {
        "HOMEOSTAT_ACCOUNTS__DATABASE": {"name": "homeostat-accounts", "key": "url"},
        "PGPASSWORD": {"name": "homeostat-accounts", "key": "password"},
    }
    (policy,) = [one for one in of_kind(OVERLAY, "NetworkPolicy") if one["metadata"]["name"] == "homeostat-api-accounts"]
    assert policy["spec"]["egress"] == [{"ports": [{"protocol": "TCP", "port": 5432}]}]


def test_all_pods_know_the_same_people(plane: ControlPlane, namespace: str, crds: list[str], url: str, tmp_path: Path) -> None:
    where = Namespace(plane, namespace)
    options = ("--require-accounts", "--accounts-database", url)
    for pod in ("one", "other"):
        (tmp_path / pod).mkdir()
    with serving(tmp_path / "one", *options, where=where) as one, serving(tmp_path / "other", *options, where=where) as other:
        root, bob = Person(one.http, "root"), Person(one.http, "bob")
        disk = {"name": "data", "spec": {"size": "3Gi"}}
        assert root.status("PATCH", "users/bob/quota", json={"disk": "4Gi"}) == 200
        assert bob.status("POST", "disks", json=disk) == 201

        def there() -> int:
            return other.http.get("/api/v1/disks/data", headers=dict(bob.headers)).status_code

        wait_until(lambda: there() == 200, SOON, "the other one sees it, and knows who asks")
        more = other.http.post("/api/v1/disks", json={**disk, "name": "more"}, headers=dict(bob.headers))
        assert (more.status_code, more.json()["code"]) == (403, "quota_exceeded"), "charged by one, it counts at the other"
        assert root.status("PATCH", "users/bob", json={"banned": True}) == 200
        wait_until(lambda: there() == 401, 2, "banned at one, he is out at the other")
