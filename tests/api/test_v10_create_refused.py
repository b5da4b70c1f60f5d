from __future__ import annotations

import json

import pytest

from tests.api.harness import Api, refused

JSON = {"Content-Type": "application/json"}


def test_v10_a_name_in_use_is_409(api: Api, name: str) -> None:
    api.create(name)
    assert refused(api.http.post("/api/v1/vms", json={"name": name}), 409, "vm_exists") == {"name": name}


def test_v10_an_unknown_plugin_is_404(api: Api, name: str) -> None:
    answer = api.http.post("/api/v1/vms", json={"name": name, "plugin": "nope"})
    assert refused(answer, 404, "plugin_not_found") == {"name": "nope"}


def test_v10_a_plugin_whose_name_cannot_be_one_is_404(api: Api, name: str) -> None:
    refused(api.http.post("/api/v1/vms", json={"name": name, "plugin": "No Such_Thing"}), 404, "plugin_not_found")


def test_v10_a_disabled_plugin_is_409(api: Api, name: str) -> None:
    api.install(f"p-{name}", enabled=False)
    answer = api.http.post("/api/v1/vms", json={"name": name, "plugin": f"p-{name}"})
    assert refused(answer, 409, "plugin_disabled") == {"name": f"p-{name}"}
    refused(api.http.get(f"/api/v1/vms/{name}"), 404, "vm_not_found")


@pytest.mark.parametrize(("plugin", "status", "code"), [("off", 409, "plugin_disabled"), ("no", 404, "plugin_not_found")])
def test_v10_a_native_spec_is_held_to_the_same(api: Api, name: str, plugin: str, status: int, code: str) -> None:
    api.install(f"off-{name}", enabled=False)
    spec = {"pluginRef": {"name": f"{plugin}-{name}"}}
    refused(api.http.post("/api/v1/vms", json={"name": name, "spec": spec}), status, code)
    api.create(name)
    refused(api.http.patch(f"/api/v1/vms/{name}/spec", json=spec), status, code)


@pytest.mark.parametrize(
    "name", ["", "UPPER", "a b", "../etc", "a/b", "-a", "a-", "a" * 300, "a.b", "ä", "a\x00", 5, None, "a\n", "\ud800"]
)
def test_v10_a_wrong_name_is_400(api: Api, name: object) -> None:
    answer = api.http.post("/api/v1/vms", content=json.dumps({"name": name}), headers=JSON)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error", "code", "details"}


def test_v10_no_name_is_400(api: Api) -> None:
    assert refused(api.http.post("/api/v1/vms", json={}), 400, "invalid_request")["fields"][0]["field"] == "name"


BODIES: list[dict[str, object]] = [
    {"labels": {"a": "\ud800"}},
    {"spec": {"boot": {"order": ["\ud800"]}}},
    {"config": {"cloud_init": {"user_data": "\udfff"}}},
]


@pytest.mark.parametrize("body", BODIES)
def test_v10_text_that_is_no_unicode_is_400(api: Api, name: str, body: dict[str, object]) -> None:
    answer = api.http.post("/api/v1/vms", content=json.dumps({"name": name, **body}), headers=JSON)
    assert answer.status_code == 400, answer.text
