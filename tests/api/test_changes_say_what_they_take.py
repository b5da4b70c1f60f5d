"""Our extension: what a change of a spec takes, said with the change or before it (dryRun)."""

from __future__ import annotations

from typing import Any

from homeostat.models.machine import MachineState, PendingChange
from tests.api.harness import Api, refused

DISK = {"name": "root", "size": "2Gi"}


def classes(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {change["field"]: change["disruption"] for change in answer.json()["changes"]}


def test_each_field_has_its_class_and_reason(api: Api, name: str) -> None:
    api.create(name, spec={"disks": [DISK]})
    api.operator.running(name)
    wanted = {"disks": [{**DISK, "size": "3Gi"}], "resources": {"memory": "1Gi"}, "probes": {}}
    answer = api.http.patch(f"/api/v1/vms/{name}/spec", json=wanted)
    assert classes(answer) == {"resources.memory": "NeedsRestart", "disks[root].size": "Live", "probes": "Live"}
    assert all(change["reason"] for change in answer.json()["changes"])
    assert answer.json()["restart_required"] is True
    assert answer.json()["restart_fields"] == ["resources.memory"]


def test_a_machine_that_is_off_needs_no_restart(api: Api, name: str) -> None:
    api.create(name)
    api.operator.stopped(name)
    answer = api.http.patch(f"/api/v1/vms/{name}/spec", json={"resources": {"memory": "1Gi"}})
    assert (answer.json()["restart_required"], answer.json()["restart_fields"]) == (False, [])


def test_what_waits_already_is_named_until_it_is_taken_back(api: Api, name: str) -> None:
    api.create(name, spec={"resources": {"memory": "2Gi", "vcpu": 1}})
    waits = PendingChange(field="resources.memory", old="1Gi", new="2Gi", disruption="NeedsRestart")
    api.operator.report(name, MachineState.RUNNING, changes=(waits,))
    path = f"/api/v1/vms/{name}/spec"
    more = api.http.patch(path, json={"resources": {"vcpu": 2}}).json()["restart_fields"]
    assert more == ["resources.memory", "resources.vcpu"]
    second = PendingChange(field="resources.vcpu", old="1", new="2", disruption="NeedsRestart")
    api.operator.report(name, MachineState.RUNNING, changes=(waits, second))
    assert api.http.patch(path, json={"resources": {"vcpu": 1}}).json()["restart_fields"] == ["resources.memory"]
    api.operator.report(name, MachineState.RUNNING, changes=(waits,))
    assert api.http.patch(path, json={"resources": {"memory": "1Gi"}}).json()["restart_required"] is False


def test_with_update_policy_never_all_of_it_waits(api: Api, name: str) -> None:
    api.create(name, spec={"disks": [DISK]})
    api.operator.running(name)
    wanted = {"updatePolicy": "Never", "disks": [DISK, {"name": "data", "size": "1Gi"}]}
    answer = api.http.patch(f"/api/v1/vms/{name}/spec", json=wanted)
    assert answer.json()["restart_fields"] == ["disks[data]"]


def test_a_dry_run_writes_nothing(api: Api, name: str) -> None:
    api.create(name, spec={"disks": [DISK]})
    path = f"/api/v1/vms/{name}/spec"
    before = api.http.get(path)
    dry = {"dryRun": "true"}
    smaller = api.http.patch(path, json={"disks": [{**DISK, "size": "1Gi"}]}, params=dry)
    assert (classes(smaller), smaller.json()["dry_run"]) == ({"disks[root].size": "Forbidden"}, True)
    assert smaller.json()["spec"]["disks"][0]["size"] == "1Gi"
    whole = api.http.put(path, json={}, params=dry)
    assert classes(whole) == {"disks[root]": "NeedsRestart"}
    operations = [{"op": "add", "path": "/suspend", "value": True}]
    listed = api.http.patch(path, json=operations, params=dry, headers={"Content-Type": "application/json-patch+json"})
    assert classes(listed) == {"suspend": "Live"}
    after = api.http.get(path)
    assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])


def test_a_dry_run_says_what_it_was_planned_for(api: Api, name: str) -> None:
    api.create(name, spec={"disks": [DISK]})
    machine = f"/api/v1/vms/{name}"
    changed = api.http.patch(f"{machine}/spec", json={"suspend": True})
    assert "generation" not in changed.json(), "what was written has a version of its own"
    now = api.http.get(f"/api/v1/resources/virtualmachines/{name}").json()["metadata"]["generation"]
    dry = api.http.patch(f"{machine}/spec", json={"resources": {"vcpu": 2}}, params={"dryRun": "true"})
    disk = api.http.post(f"{machine}/disks", json={"name": "data", "size": "1Gi"}, params={"dryRun": "true"})
    assert [answer.json()["generation"] for answer in (dry, disk)] == [now, now]


def test_a_dry_run_refuses_what_the_change_would_be_refused_for(api: Api, name: str) -> None:
    api.create(name)
    path, dry = f"/api/v1/vms/{name}/spec", {"dryRun": "true"}
    refused(api.http.patch(path, json={"resource": {}}, params=dry), 400, "invalid_request")
    refused(api.http.put(path, json={}, params=dry, headers={"If-Match": '"0"'}), 412, "precondition_failed")
    refused(api.http.put(path, json={}, params={"dryRun": "perhaps"}), 400, "invalid_request")
    source = {"disks": [{"name": "d", "image": {"path": "/etc/shadow"}}]}
    refused(api.http.patch(path, json=source, params=dry), 400, "source_refused")


def test_a_dry_creation_creates_nothing(api: Api, name: str) -> None:
    dry = {"dryRun": "true"}
    answer = api.http.post("/api/v1/vms", json={"name": name, "spec": {"resources": {"vcpu": 2}}}, params=dry)
    assert answer.status_code == 200, answer.text
    assert answer.json()["spec"]["resources"] == {"vcpu": 2}
    refused(api.http.get(f"/api/v1/vms/{name}"), 404, "vm_not_found")
    refused(
        api.http.post("/api/v1/vms", json={"name": name, "spec": {"resources": {"vcpu": 0}}}, params=dry), 400, "invalid_request"
    )
    api.create(name)
    refused(api.http.post("/api/v1/vms", json={"name": name}, params=dry), 409, "vm_exists")
    template = {"spec": {}}
    made = api.http.post("/api/v1/deployments", json={"name": name, "spec": {"replicas": 1, "template": template}}, params=dry)
    assert made.status_code == 200, made.text
    refused(api.http.get(f"/api/v1/deployments/{name}"), 404, "deployment_not_found")


def test_a_deployment_says_what_a_rollout_does(api: Api, name: str) -> None:
    template = {"spec": {"disks": [DISK]}}
    api.http.post("/api/v1/deployments", json={"name": name, "spec": {"replicas": 1, "template": template}})
    bigger = {"spec": {"disks": [{**DISK, "size": "3Gi"}], "resources": {"memory": "1Gi"}}}
    answer = api.http.patch(
        f"/api/v1/deployments/{name}/spec", json={"paused": True, "template": bigger}, params={"dryRun": "true"}
    )
    assert classes(answer) == {
        "paused": "Live",
        "template.spec.resources.memory": "NeedsReplace",
        "template.spec.disks[root].size": "Live",
    }
    assert "rollout" in {c["field"]: c["reason"] for c in answer.json()["changes"]}["template.spec.resources.memory"]
