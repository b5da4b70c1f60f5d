"""Snapshots over REST: taken, listed, gone back to and deleted."""

from __future__ import annotations

from homeostat.models.condition import Condition
from homeostat.models.snapshot import Snapshot, SnapshotStatus
from tests.api.harness import Api, refused

SNAPSHOTS = "/api/v1/snapshots"


def made(api: Api, name: str, machine: str, **spec: object) -> None:
    answer = api.http.post(SNAPSHOTS, json={"name": name, "spec": {"machineRef": {"name": machine}, **spec}})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{SNAPSHOTS}/{name}"


def taken(api: Api, name: str) -> None:
    """As the operator says it."""
    (found,) = (one for one in api.operator.all(Snapshot) if one.metadata.name == name)
    ready = Condition(type="Ready", status="True", reason="Taken")
    status = SnapshotStatus(conditions=(ready,), consistency="Agent", taken_at="2026-01-01T00:00:00Z", size=2**20)
    api.operator._where.run(lambda store: store.write_status(found.key, found.metadata.uid, status))


def test_it_is_taken_listed_and_shown(api: Api, name: str) -> None:
    api.create(name)
    made(api, f"{name}-s", name, memory=True)
    assert f"{name}-s" in [one["metadata"]["name"] for one in api.http.get(SNAPSHOTS).json()["snapshots"]]
    shown = api.http.get(f"{SNAPSHOTS}/{name}-s").json()
    assert (shown["kind"], shown["spec"]) == ("Snapshot", {"machineRef": {"name": name}, "memory": True})
    again = {"name": f"{name}-s", "spec": {"machineRef": {"name": name}}}
    refused(api.http.post(SNAPSHOTS, json=again), 409, "snapshot_exists")
    refused(api.http.get(f"{SNAPSHOTS}/nobody"), 404, "snapshot_not_found")


def test_one_of_no_machine_is_refused(api: Api, name: str) -> None:
    body = {"name": f"{name}-s", "spec": {"machineRef": {"name": "nobody"}}}
    refused(api.http.post(SNAPSHOTS, json=body), 404, "vm_not_found")
    refused(api.http.post(SNAPSHOTS, json={"name": "../x", "spec": {"machineRef": {"name": name}}}), 400, "invalid_request")
    refused(api.http.get(f"{SNAPSHOTS}/{name}-s"), 404, "snapshot_not_found")


def test_its_machine_goes_back_to_it_once_it_is_taken(api: Api, name: str) -> None:
    api.create(name)
    made(api, f"{name}-s", name)
    restore = f"{SNAPSHOTS}/{name}-s/restore"
    refused(api.http.post(restore, json={"token": "one"}), 409, "snapshot_not_taken")
    taken(api, f"{name}-s")
    answer = api.http.post(restore, json={"token": "one"})
    assert (answer.status_code, answer.json()) == (202, {"name": f"{name}-s", "machine": name, "token": "one"})
    spec = api.http.get(f"/api/v1/vms/{name}/spec").json()
    assert spec["restoreFrom"] == {"snapshot": f"{name}-s", "token": "one"}
    refused(api.http.post(restore, json={"token": ""}), 400, "invalid_request")
    refused(api.http.post(f"{SNAPSHOTS}/nobody/restore", json={"token": "x"}), 404, "snapshot_not_found")


def test_it_is_deleted(api: Api, name: str) -> None:
    api.create(name)
    made(api, f"{name}-s", name)
    assert api.http.delete(f"{SNAPSHOTS}/{name}-s").status_code in (202, 204)
    refused(api.http.delete(f"{SNAPSHOTS}/nobody"), 404, "snapshot_not_found")
