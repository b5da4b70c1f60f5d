"""The REST API writes as one more applier: what it says is its own, what others say stays theirs."""

from __future__ import annotations

from typing import Any

from tests.api.harness import Api
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import path_of
from tests.rig.kubernetes.kubectl import Kubectl, Object, as_yaml
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

MANAGER = "homeostat-api"


def applied(found: Object, manager: str) -> dict[str, Any]:
    """What a manager owns of the spec by applying it."""
    entries = [e for e in found["metadata"]["managedFields"] if e["manager"] == manager and e["operation"] == "Apply"]
    fields: dict[str, Any] = entries[0]["fieldsV1"].get("f:spec", {}) if entries else {}
    return fields


def listed(api: Api, name: str) -> bool:
    return api.http.get(f"/api/v1/vms/{name}").status_code == 200


def test_a_change_owns_what_it_says_and_nothing_else(api: Api, mine: Kubectl, plane: ControlPlane) -> None:
    theirs = machine("shared", resources={"vcpu": 1, "memory": "128Mi"})
    mine.apply(theirs, options=("--server-side",))
    wait_until(lambda: listed(api, "shared"), 10, "the API shows it")
    assert api.http.patch("/api/v1/vms/shared/config", json={"resources": {"vcpu": 2}}).status_code == 200
    assert api.http.patch("/api/v1/vms/shared/spec", json={"driftPolicy": "Report"}).status_code == 200
    found = plane.api("GET", path_of("virtualmachines", "shared", mine.namespace))  # newer kubectls leave the managers out
    assert found["spec"] == {"resources": {"vcpu": 2, "memory": "128Mi"}, "driftPolicy": "Report"}
    assert applied(found, MANAGER) == {"f:resources": {"f:vcpu": {}}, "f:driftPolicy": {}}
    said = mine.refused("apply", "--server-side", "-f", "-", stdin=as_yaml(theirs))
    assert MANAGER in said and ".spec.resources.vcpu" in said


def test_what_another_applied_can_be_taken_away(api: Api, mine: Kubectl) -> None:
    nics = [{"name": "a", "user": {}}, {"name": "b", "user": {}}]
    mine.apply(machine("less", nics=nics, runStrategy="Manual", power="Stopped"), options=("--server-side",))
    wait_until(lambda: listed(api, "less"), 10, "the API shows it")
    answer = api.http.patch("/api/v1/vms/less/spec", json={"nics": nics[:1], "power": None, "runStrategy": "Halted"})
    assert answer.status_code == 200, answer.text
    assert mine.get("vm", "less")["spec"] == {"nics": nics[:1], "runStrategy": "Halted"}


def test_what_the_models_refuse_is_refused_before_the_server_is_asked(api: Api, mine: Kubectl) -> None:
    api.create("strict")
    before = mine.get("vm", "strict")
    answer = api.http.patch("/api/v1/vms/strict/spec", json={"power": "Running"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "runStrategy: Manual" in answer.json()["error"]
    assert mine.get("vm", "strict") == before


def test_an_edit_by_kubectl_in_between_is_noticed(api: Api, mine: Kubectl) -> None:
    api.create("edited", config={"resources": {"vcpu": 2}})
    known = api.http.get("/api/v1/vms/edited").headers["ETag"]
    mine.patch("vm", "edited", {"spec": {"resources": {"vcpu": 3}}})
    answer = api.http.patch("/api/v1/vms/edited/config", json={"resources": {"vcpu": 4}}, headers={"If-Match": known})
    assert answer.status_code == 412, answer.text
    assert mine.get("vm", "edited")["spec"]["resources"]["vcpu"] == 3


def test_a_status_in_between_does_not_matter(api: Api) -> None:
    api.create("observed", config={"resources": {"vcpu": 2}})
    known = api.http.get("/api/v1/vms/observed").headers["ETag"]
    api.operator.hold("VirtualMachine", "observed")
    held = wait_until(lambda: _other_etag(api, "observed", known), 10, "the API heard of the finalizer")
    api.operator.running("observed")
    answer = api.http.patch("/api/v1/vms/observed/config", json={"resources": {"vcpu": 4}}, headers={"If-Match": held})
    assert answer.status_code == 200, answer.text


def _other_etag(api: Api, name: str, known: str) -> str:
    found: str = api.http.get(f"/api/v1/vms/{name}").headers["ETag"]
    return "" if found == known else found


def test_the_history_names_who_it_was(api: Api, mine: Kubectl) -> None:
    api.create("told", config={"resources": {"vcpu": 2}})
    mine.patch("vm", "told", {"spec": {"resources": {"vcpu": 3}}})
    wait_until(lambda: api.get("told")["resources"]["vcpu"] == 3, 10, "the API shows it")
    api.http.patch("/api/v1/vms/told/config", json={"resources": {"vcpu": 4}})
    history = api.http.get("/api/v1/vms/told/config/history").json()
    assert [entry["author"] for entry in history] == ["api", "kubectl-patch", "api"]
    assert history[0]["changes"] == {"resources.vcpu": {"old": 3, "new": 4}}
