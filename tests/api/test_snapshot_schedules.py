"""Snapshot schedules over REST: created, listed, changed and deleted."""

from __future__ import annotations

from typing import Any

from tests.api.harness import Api, refused
from tests.api.whole_kinds import make, names

SCHEDULES = "/api/v1/snapshotschedules"


def spec_of(machine: str, **more: Any) -> dict[str, Any]:
    return {"schedule": "30 2 * * *", "template": {"spec": {"machineRef": {"name": machine}}}, **more}


def made(api: Api, name: str, **more: Any) -> None:
    make(api, "snapshotschedules", name, spec_of(name, **more))


def test_it_is_listed_and_shown(api: Api, name: str) -> None:
    made(api, name, keep={"count": 3})
    assert name in names(api, "snapshotschedules")
    shown = api.http.get(f"{SCHEDULES}/{name}").json()
    assert (shown["kind"], shown["spec"]) == ("SnapshotSchedule", spec_of(name, keep={"count": 3}))
    assert api.http.get(f"{SCHEDULES}/{name}/spec").json() == shown["spec"]
    refused(api.http.post(SCHEDULES, json={"name": name, "spec": spec_of(name)}), 409, "snapshot_schedule_exists")
    refused(api.http.get(f"{SCHEDULES}/nobody"), 404, "snapshot_schedule_not_found")


def test_one_that_never_comes_is_refused(api: Api, name: str) -> None:
    for schedule in ("0 0 30 2 *", "61 * * * *", ""):
        answer = api.http.post(SCHEDULES, json={"name": name, "spec": spec_of(name, schedule=schedule)})
        refused(answer, 400, "invalid_request")
        assert "spec.schedule" in answer.text
    assert name not in names(api, "snapshotschedules")


def test_it_is_changed_and_says_what_that_takes(api: Api, name: str) -> None:
    made(api, name)
    path = f"{SCHEDULES}/{name}/spec"
    told = api.http.patch(path, json={"suspend": True}, params={"dryRun": "true"}).json()
    assert [(one["field"], one["disruption"]) for one in told["changes"]] == [("suspend", "Live")] and told["dry_run"]
    assert api.http.get(path).json() == spec_of(name)
    patch = [{"op": "add", "path": "/keep", "value": {"maxAge": "4w"}}]
    changed = api.http.patch(path, json=patch, headers={"Content-Type": "application/json-patch+json"})
    assert changed.json()["spec"] == spec_of(name, keep={"maxAge": "4w"})
    stale = {"If-Match": '"1"'}
    refused(api.http.put(path, json=spec_of(name), headers=stale), 412, "precondition_failed")
    assert api.http.put(path, json=spec_of(name)).json()["spec"] == spec_of(name)


def test_it_is_deleted(api: Api, name: str) -> None:
    made(api, name)
    assert api.http.delete(f"{SCHEDULES}/{name}").status_code in (202, 204)
    refused(api.http.delete(f"{SCHEDULES}/nobody"), 404, "snapshot_schedule_not_found")
