"""Disks over REST: created, listed, changed with what that takes, and not deleted while a machine names one."""

from __future__ import annotations

from typing import Any

from homeostat.models.disk import Disk, DiskStatus
from tests.api.harness import Api, refused
from tests.api.whole_kinds import make, names

DISKS = "/api/v1/disks"
SPEC: dict[str, Any] = {"size": "1Gi", "reclaimPolicy": "Retain"}


def made(api: Api, name: str, spec: dict[str, Any] = SPEC) -> None:
    make(api, "disks", name, spec)


def there(api: Api, name: str, **more: Any) -> None:
    """As the operator says it of one that it made."""
    (found,) = (one for one in api.operator.all(Disk) if one.metadata.name == name)
    status = DiskStatus(host="here", path=f"/disks/{name}", format="qcow2", virtual_size=2**30, **more)
    api.operator._where.run(lambda store: store.write_status(found.key, found.metadata.uid, status))


def takes(api: Api, name: str, patch: Any) -> dict[str, str]:
    """Field by field what a change takes, which is not made."""
    answer = api.http.patch(f"{DISKS}/{name}/spec", json=patch, params={"dryRun": "true"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["dry_run"] and all(one["reason"] for one in told["changes"])
    return {one["field"]: one["disruption"] for one in told["changes"]}


def test_it_is_listed_and_shown(api: Api, name: str) -> None:
    made(api, name)
    assert name in names(api, "disks")
    shown = api.http.get(f"{DISKS}/{name}").json()
    assert (shown["kind"], shown["spec"]) == ("Disk", SPEC)
    assert api.http.get(f"{DISKS}/{name}/spec").json() == SPEC
    refused(api.http.post(DISKS, json={"name": name, "spec": SPEC}), 409, "disk_exists")
    refused(api.http.get(f"{DISKS}/nobody"), 404, "disk_not_found")


def test_what_cannot_work_is_refused_with_its_field(api: Api, name: str) -> None:
    for spec, said in (
        ({}, "needs a size"),
        ({"size": "0"}, "size"),
        ({"source": {"diskRef": {"name": name}}}, "copy of itself"),
        ({"size": "1Gi", "formats": "raw"}, "formats"),
    ):
        answer = api.http.post(DISKS, json={"name": name, "spec": spec})
        refused(answer, 400, "invalid_request")
        assert said in answer.text
    secret = {"source": {"image": {"path": "/etc/shadow"}}}
    refused(api.http.post(DISKS, json={"name": name, "spec": secret}), 400, "source_refused")
    assert name not in names(api, "disks")


def test_a_dry_creation_makes_nothing(api: Api, name: str) -> None:
    answer = api.http.post(DISKS, json={"name": name, "spec": SPEC}, params={"dryRun": "true"})
    assert (answer.status_code, answer.json()["spec"], answer.json()["dry_run"]) == (200, SPEC, True)
    assert name not in names(api, "disks")
    made(api, name)
    again = api.http.post(DISKS, json={"name": name, "spec": SPEC}, params={"dryRun": "true"})
    refused(again, 409, "disk_exists")


def test_a_change_says_what_it_takes(api: Api, name: str) -> None:
    made(api, name)
    another = {"size": "512Mi", "format": "raw", "source": {"diskRef": {"name": "other"}}}
    assert takes(api, name, another) == dict.fromkeys(("size", "format", "source"), "Live"), "it is not made yet"
    there(api, name)
    assert takes(api, name, another) == dict.fromkeys(("size", "format", "source"), "Forbidden")
    assert takes(api, name, {"size": "2Gi", "reclaimPolicy": None}) == {"size": "Live", "reclaimPolicy": "Live"}
    assert api.http.get(f"{DISKS}/{name}/spec").json() == SPEC


def test_it_grows_by_either_kind_of_patch_and_by_put(api: Api, name: str) -> None:
    made(api, name)
    path = f"{DISKS}/{name}/spec"
    read = api.http.get(path)
    patch = [{"op": "test", "path": "/size", "value": "1Gi"}, {"op": "replace", "path": "/size", "value": "2Gi"}]
    by_number = {"Content-Type": "application/json-patch+json", "If-Match": read.headers["ETag"]}
    grown = api.http.patch(path, json=patch, headers=by_number)
    assert (grown.status_code, grown.json()["spec"]["size"]) == (200, "2Gi")
    refused(api.http.patch(path, json={"size": "3Gi"}, headers={"If-Match": read.headers["ETag"]}), 412, "precondition_failed")
    refused(api.http.patch(path, json=patch, headers={"Content-Type": "application/json-patch+json"}), 400, "invalid_request")
    assert api.http.put(path, json={"size": "4Gi"}).json()["spec"] == {"size": "4Gi"}
    assert "reclaimPolicy" not in api.written("disks", name)


def test_one_in_use_is_not_deleted(api: Api, name: str) -> None:
    made(api, name)
    api.create(f"{name}-vm", spec={"disks": [{"name": "letters", "diskRef": {"name": name}}]})
    body = refused(api.http.delete(f"{DISKS}/{name}"), 409, "disk_in_use")
    assert body["used_by"] == [f"vm/{name}-vm"]
    made(api, f"{name}-free")
    assert api.http.delete(f"{DISKS}/{name}-free").status_code in (202, 204)
    refused(api.http.delete(f"{DISKS}/nobody"), 404, "disk_not_found")
