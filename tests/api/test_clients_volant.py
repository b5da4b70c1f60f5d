"""What Volant's own command line reads and sends beyond its contract's document: one test or more per line of what was found
there. It is a Go program: null leaves a field as it was, a value of another type fails the whole answer.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.api import inside
from tests.api.harness import CHECKSUM, DEADLINE, Api, manifest, refused, serving
from tests.rig.waiting import wait_until

JSON = {"Content-Type": "application/json"}


def read(answer: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Those fields of an answer, each null or of its type."""
    for name, kind in fields.items():
        assert name in answer and (answer[name] is None or type(answer[name]) is kind), (name, answer.get(name))
    return {name: answer[name] for name in fields}


def vm(answer: dict[str, Any]) -> dict[str, Any]:
    return read(answer, ip_address=str, mac_address=str, cpu_cores=int, memory_mb=int, runtime=str, pid=int)


def deployment(answer: dict[str, Any]) -> dict[str, Any]:
    return read(answer, desired_replicas=int, ready_replicas=int, config=dict)


def settings(plugin: str | None, cpu_cores: int, memory_mb: int) -> dict[str, Any]:
    resources = {"cpu_cores": cpu_cores, "memory_mb": memory_mb}
    return {"plugin": plugin, "runtime": plugin, "resources": resources, "api": {}}


# Reads of a VM ip_address, mac_address, cpu_cores, memory_mb, runtime, pid


def test_clients_volant_reads_of_a_vm(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    made = vm(api.create(name, plugin=f"p-{name}"))
    assert made["mac_address"].startswith("52:") and (made["ip_address"], made["pid"]) == (None, None)
    api.operator.running(name, ip="10.0.0.7", pid=77)
    found = api.get(name)
    shown = {"ip_address": "10.0.0.7", "cpu_cores": 2, "memory_mb": 256, "runtime": f"p-{name}", "pid": 77}
    assert vm(found) == {**shown, "mac_address": made["mac_address"]}
    assert (found["ip"], found["resources"]) == ("10.0.0.7", {"vcpu": 2, "memory_mb": 256}), "the document's names stay"
    (listed,) = api.http.get(f"/api/v1/vms?plugin=p-{name}").json()
    assert vm(listed) == vm(found)


def test_clients_volant_reads_of_a_vm_the_mac_that_its_spec_says(api: Api, name: str) -> None:
    nics = [{"name": "lan", "network": "default", "mac": "52:54:00:11:22:33"}, {"name": "wan", "user": {}}]
    assert vm(api.create(name, spec={"nics": nics}))["mac_address"] == "52:54:00:11:22:33"
    assert vm(api.create(f"{name}-bare", spec={"nics": []}))["mac_address"] is None


def test_clients_volant_reads_of_a_vm_the_runtime_that_its_plugin_was_installed_with(api: Api, name: str) -> None:
    api.install(f"p-{name}", labels={"volant.plugin": f"p-{name}", "volant.runtime": "browser"})
    assert vm(api.create(name, plugin=f"p-{name}"))["runtime"] == "browser"
    assert vm(api.create(f"{name}-bare"))["runtime"] is None


# … of a deployment desired_replicas, ready_replicas, config


def test_clients_volant_reads_of_a_deployment(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    wanted = settings(f"p-{name}", 2, 256)
    made = api.deploy(name, f"p-{name}", 3)
    assert deployment(made) == {"desired_replicas": 3, "ready_replicas": 0, "config": wanted}
    api.operator.deployed(name, ready=2)
    found = {"desired_replicas": 3, "ready_replicas": 2, "config": wanted}
    assert deployment(api.http.get(f"/api/v1/deployments/{name}").json()) == found
    assert [deployment(one) for one in api.http.get(f"/api/v1/deployments?plugin=p-{name}").json()] == [found]
    scaled = api.http.patch(f"/api/v1/deployments/{name}", json={"replicas": 5}).json()
    assert deployment(scaled) == {**found, "desired_replicas": 5}


def test_clients_volant_reads_of_a_deployment_what_its_plugin_gives_by_now(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}")
    listed = f"/api/v1/deployments?plugin=p-{name}"
    assert api.http.get(listed).json()[0]["config"]["resources"]["cpu_cores"] == 2
    api.where.rewrite("plugins", f"p-{name}", "vcpu: 2", "vcpu: 3")

    def shown() -> bool:
        return bool(api.http.get(listed).json()[0]["config"]["resources"]["cpu_cores"] == 3)

    wait_until(shown, DEADLINE, "the list shows what the plugin gives by now")


# … of a config version, updated_at, config{…}


def test_clients_volant_reads_of_a_config(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(name, plugin=f"p-{name}")
    first = api.http.get(f"/api/v1/vms/{name}/config").json()
    assert first["config"] == settings(f"p-{name}", 2, 256)
    assert first["resources"] == {"vcpu": 2, "memory_mb": 256}, "the document's names stay"
    assert read(first, version=int, updated_at=str) and datetime.fromisoformat(first["updated_at"])
    changed = api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"vcpu": 4}}).json()
    assert changed["config"] == settings(f"p-{name}", 4, 256)
    assert changed["version"] > first["version"] and changed["restart_required"] is True
    again = api.http.get(f"/api/v1/vms/{name}/config").json()
    assert {field: again[field] for field in ("version", "updated_at", "config")} == {
        field: changed[field] for field in ("version", "updated_at", "config")
    }


def test_clients_volant_reads_of_a_config_no_new_version_of_a_stop(api: Api, name: str) -> None:
    api.create_running(name)
    before = api.http.get(f"/api/v1/vms/{name}/config").json()
    assert api.http.post(f"/api/v1/vms/{name}/stop?wait=0").status_code == 202
    assert api.http.get(f"/api/v1/vms/{name}/config").json() == before


def test_clients_volant_sends_back_the_config_that_it_read(api: Api, name: str) -> None:
    """`vms config get` and `vms config set`."""
    api.install(f"p-{name}")
    api.create(name, plugin=f"p-{name}")
    before = api.http.get(f"/api/v1/vms/{name}/config").json()
    answer = api.http.patch(f"/api/v1/vms/{name}/config", json=before["config"])
    assert (answer.status_code, answer.json()["restart_required"]) == (200, False), answer.text
    assert answer.json()["version"] == before["version"]
    other = {**before["config"], "plugin": "another"}
    refused(api.http.patch(f"/api/v1/vms/{name}/config", json=other), 400, "invalid_request")


# … of a history [{version, updated_at, config}], ?limit=


def test_clients_volant_reads_of_a_history(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(name, plugin=f"p-{name}")
    api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"vcpu": 4}})
    api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"vcpu": 3, "memory_mb": 1024}})
    history = api.http.get(f"/api/v1/vms/{name}/config/history").json()
    plugin = f"p-{name}"
    assert [entry["config"] for entry in history] == [
        settings(plugin, 3, 1024),
        settings(plugin, 4, 256),
        settings(plugin, 2, 256),
    ]
    versions = [entry["version"] for entry in history]
    assert versions == sorted(set(versions), reverse=True)
    assert all(entry["updated_at"] == entry["timestamp"] for entry in history)
    assert history[-1]["changes"] == {"created": True}, "the document's names stay"
    current = api.http.get(f"/api/v1/vms/{name}/config").json()
    assert {field: current[field] for field in ("version", "updated_at", "config")}.items() <= history[0].items()


def test_clients_volant_reads_of_a_history_so_much(api: Api, name: str) -> None:
    api.create(name)
    api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"vcpu": 4}})
    (newest,) = api.http.get(f"/api/v1/vms/{name}/config/history?limit=1").json()
    assert newest["config"]["resources"]["cpu_cores"] == 4


def test_clients_volant_reads_of_a_history_the_plugin_of_then(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.install(f"q-{name}")
    api.create(name, plugin=f"p-{name}")
    change = {"pluginRef": {"name": f"q-{name}"}}
    assert api.http.patch(f"/api/v1/vms/{name}/spec", json=change).status_code == 200
    history = api.http.get(f"/api/v1/vms/{name}/config/history").json()
    assert [entry["config"]["plugin"] for entry in history] == [f"q-{name}", f"p-{name}"]


# … of a plugin version, enabled, runtime, resources.cpu_cores


def test_clients_volant_reads_of_a_plugin(api: Api, name: str) -> None:
    api.install(name)
    assert api.http.get("/api/v1/plugins").json()["plugins"].count(name) == 1
    found = api.http.get(f"/api/v1/plugins/{name}").json()
    assert read(found, version=str, enabled=bool, runtime=str) == {"version": "1.0.0", "enabled": True, "runtime": name}
    assert found["resources"] == {"vcpu": 2, "cpu_cores": 2, "memory_mb": 256}
    off = api.http.post(f"/api/v1/plugins/{name}/enabled", json={"enabled": False})
    assert (off.status_code, off.json()["enabled"]) == (200, False)


# Sends on create name, plugin, runtime, cpu_cores, memory_mb


def test_clients_volant_sends_on_create(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    body = {"plugin": f"p-{name}", "runtime": f"p-{name}", "cpu_cores": 4, "memory_mb": 512}
    assert vm(api.create(name, **body)).items() >= {"cpu_cores": 4, "memory_mb": 512}.items()
    spec = {"pluginRef": {"name": f"p-{name}"}, "resources": {"vcpu": 4, "memory": "512Mi"}}
    assert api.http.get(f"/api/v1/vms/{name}/spec").json() == spec


def test_clients_volant_sends_on_create_nothing_where_the_plugin_decides(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    zeros = {"runtime": "", "cpu_cores": 0, "memory_mb": 0, "kernel_cmdline": "", "api_host": "", "api_port": ""}
    made = vm(api.create(name, plugin=f"p-{name}", **zeros))
    assert (made["cpu_cores"], made["memory_mb"]) == (2, 256)
    assert api.http.get(f"/api/v1/vms/{name}/spec").json() == {"pluginRef": {"name": f"p-{name}"}}


def test_clients_volant_sends_on_create_a_config_that_says_the_same(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    config = {
        "plugin": f"p-{name}",
        "runtime": "web",
        "resources": {"cpu_cores": 3, "memory_mb": 0},
        "api": {"host": "", "port": ""},
    }
    made = api.create(name, plugin=f"p-{name}", runtime="web", cpu_cores=3, memory_mb=0, config=config)
    assert (made["plugin"], made["cpu_cores"], made["memory_mb"]) == (f"p-{name}", 3, 256)


@pytest.mark.parametrize(
    "body",
    [
        {"cpu_cores": -1},
        {"cpu_cores": "2"},
        {"cpu_cores": 2, "config": {"resources": {"vcpu": 3}}},
        {"memory_mb": 512, "config": {"resources": {"memory_mb": 256}}},
        {"config": {"resources": {"vcpu": 2, "cpu_cores": 3}}},
        {"config": {"plugin": "another"}},
        {"cpu_cores": 2, "spec": {}},
        {"kernel_cmdline": "quiet"},
        {"config": {"devices": {"pci_passthrough": ["0000:01:00.0"]}}},
        {"config": {"initramfs": {"url": "https://example.com/x"}}},
    ],
)
def test_clients_volant_what_contradicts_itself_or_cannot_be_done_is_400(api: Api, name: str, body: dict[str, Any]) -> None:
    asked = {"name": name, **({} if "spec" in body else {"plugin": "some"}), **body}
    refused(api.http.post("/api/v1/vms", json=asked), 400, "invalid_request")


# … on deployments {name, replicas, config: {plugin, resources: {cpu_cores, memory_mb}, api: {}}}


def test_clients_volant_sends_on_deployments(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    config = {"plugin": f"p-{name}", "resources": {"cpu_cores": 1, "memory_mb": 128}, "api": {}}
    answer = api.http.post("/api/v1/deployments", json={"name": name, "replicas": 2, "config": config})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["plugin"], made["replicas"]) == (f"p-{name}", 2)
    assert deployment(made) == {"desired_replicas": 2, "ready_replicas": 0, "config": settings(f"p-{name}", 1, 128)}


def test_clients_volant_sends_on_deployments_zeros_where_its_file_is_silent(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    config = {"plugin": f"p-{name}", "resources": {"cpu_cores": 0, "memory_mb": 0}, "api": {}}
    answer = api.http.post("/api/v1/deployments", json={"name": name, "replicas": 1, "config": config})
    assert (answer.status_code, answer.json()["config"]) == (201, settings(f"p-{name}", 2, 256))


def test_clients_volant_a_deployment_of_an_unknown_or_a_disabled_plugin(api: Api, name: str) -> None:
    api.install(f"p-{name}", enabled=False)
    for plugin, status, code in (("nope", 404, "plugin_not_found"), (f"p-{name}", 409, "plugin_disabled")):
        for path, more in (("deployments", {"replicas": 1}), ("vms", {})):
            body = {"name": name, "config": {"plugin": plugin, "api": {}}, **more}
            refused(api.http.post(f"/api/v1/{path}", json=body), status, code)
    both = {"name": name, "plugin": "a", "config": {"plugin": "b"}}
    refused(api.http.post("/api/v1/deployments", json=both), 400, "invalid_request")


# … on config PATCH {resources: {cpu_cores}}


def test_clients_volant_sends_on_config(api: Api, name: str) -> None:
    api.create(name, config={"resources": {"vcpu": 2, "memory_mb": 512}})
    answer = api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"cpu_cores": 4}})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed["config"]["resources"] == {"cpu_cores": 4, "memory_mb": 512}
    assert changed["resources"] == {"vcpu": 4, "memory_mb": 512}
    both = {"resources": {"vcpu": 2, "cpu_cores": 3}}
    refused(api.http.patch(f"/api/v1/vms/{name}/config", json=both), 400, "invalid_request")


# … on install Go's zero values (empty strings, initramfs: {"url": ""})

ZEROS: dict[str, Any] = {
    "schema_version": "",
    "runtime": "",
    "initramfs": {"url": ""},
    "image": "",
    "image_digest": "",
    "health_check": {"endpoint": "", "timeout_ms": 0},
    "openapi": "",
    "enabled": True,
    "labels": None,
    "network": None,
    "cloud_init": None,
    "disks": None,
}


def test_clients_volant_sends_on_install_zero_values(api: Api, name: str) -> None:
    workload = {"type": "http", "base_url": "http://127.0.0.1:8080", "entrypoint": ["/bin/app"], "env": None, "workdir": ""}
    rootfs = {"url": "https://example.com/x.qcow2", "checksum": "", "format": ""}
    resources = {"cpu_cores": 2, "memory_mb": 0}
    body = {**manifest(name), **ZEROS, "workload": workload, "rootfs": rootfs, "resources": resources}
    answer = api.http.post("/api/v1/plugins", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["resources"], made["rootfs"]) == ({"vcpu": 2, "cpu_cores": 2, "memory_mb": 512}, {"url": rootfs["url"]})
    assert not {"initramfs", "openapi", "labels"} & made.keys()


def test_clients_volant_sends_on_install_an_empty_rootfs_beside_an_initramfs(api: Api, name: str) -> None:
    boots = {"kernel": {"url": "https://example.com/k"}, "initramfs": {"url": "https://example.com/i", "checksum": CHECKSUM}}
    labels = {"volant.plugin": name, "volant.runtime": "browser"}
    body = {**manifest(name), **ZEROS, "rootfs": {"url": "", "format": "raw"}, **boots, "runtime": "browser", "labels": labels}
    answer = api.http.post("/api/v1/plugins", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["runtime"] == "browser" and "rootfs" not in answer.json()


def test_clients_volant_sends_on_install_cloud_init_in_wrapped_texts(api: Api, name: str) -> None:
    texts = {"user_data": {"inline": True, "content": "#cloud-config"}, "meta_data": {}, "network_config": {}}
    body = {**manifest(name), "cloud_init": {"datasource": "NoCloud", "seed_mode": "vfat", **texts}}
    assert api.http.post("/api/v1/plugins", json=body).status_code == 201
    spec = api.http.get(f"/api/v1/plugins/{name}?view=resource").json()["spec"]
    assert spec["cloudInit"]["userData"] == "#cloud-config"
    api.create(f"{name}-vm", config={"cloud_init": {"datasource": "NoCloud", **texts}})
    assert api.http.get(f"/api/v1/vms/{name}-vm/spec").json()["cloudInit"] == {"userData": "#cloud-config"}
    api.create(f"{name}-none", plugin="", config={"plugin": "", "cloud_init": {"user_data": {}, "meta_data": {}}})
    assert api.http.get(f"/api/v1/vms/{name}-none/spec").json() == {}
    named = {"cloud_init": {"user_data": {"path": "/etc/shadow"}}}
    refused(api.http.post("/api/v1/vms", json={"name": f"{name}-file", "config": named}), 400, "invalid_request")


@pytest.mark.parametrize("more", [{"disks": [{"name": "data", "source": "/x"}]}, {"devices": {"allowlist": ["10de:*"]}}])
def test_clients_volant_an_install_that_would_lose_something_is_400(api: Api, name: str, more: dict[str, Any]) -> None:
    refused(api.http.post("/api/v1/plugins", json={**manifest(name), **more}), 400, "invalid_request")


# Times are RFC 3339 or null; an empty text fails a whole answer


def times(answer: Any, name: str = "") -> list[Any]:
    """Every value in an answer whose name is that of a time."""
    if isinstance(answer, dict):
        return [time for field, value in answer.items() for time in times(value, field)]
    if isinstance(answer, list):
        return [time for value in answer for time in times(value, name)]
    return [answer] if name.endswith(("_at", "timestamp", "last_check", "last_update")) else []


def test_clients_volant_times(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create_running(name, plugin=f"p-{name}")
    api.deploy(f"d-{name}", f"p-{name}")
    paths = (
        f"vms/{name}",
        f"vms/{name}/config",
        f"vms/{name}/config/history",
        "vms",
        f"deployments/d-{name}",
        f"plugins/p-{name}",
    )
    for path in paths:
        found = times(api.http.get(f"/api/v1/{path}").json())
        assert found, path
        assert all(time is None or datetime.fromisoformat(time).tzinfo is not None for time in found), (path, found)


# Header X-Volant-API-Key is a way to send the token

TOKEN = "correct-horse-battery-staple"


def test_clients_volant_header_carries_the_token(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    with serving(tmp_path, "--token-file", str(file)) as api:
        for headers, status in (
            ({"X-Volant-API-Key": TOKEN}, 200),
            ({"x-volant-api-key": TOKEN, "Authorization": "Bearer stale"}, 200),
            ({"X-Volant-API-Key": "wrong-horse-battery-staple"}, 401),
            ({"X-Volant-API-Key": ""}, 401),
            ({}, 401),
        ):
            assert api.http.get("/api/v1/vms", headers=headers).status_code == status, headers


@pytest.mark.skipif(inside.INSIDE, reason="the document is not built there")
def test_clients_volant_header_is_in_the_document(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    with serving(tmp_path, "--token-file", str(file)) as api:
        document = api.http.get("/api/v1/openapi", headers={"X-Volant-API-Key": TOKEN}).json()
        assert document["components"]["securitySchemes"]["key"]["name"] == "X-Volant-API-Key"
        assert {"key": []} in document["security"]


# All: null and empty fields are ignored, unknown ones too; an empty body may be of type JSON, and a POST of none


def test_clients_all_nulls_and_empty_texts_are_ignored(api: Api, name: str) -> None:
    nulls = {"plugin": None, "config": None, "labels": None, "cpu_cores": None, "spec": None, "any": None, "image": ""}
    assert api.http.post("/api/v1/vms", json={"name": name, **nulls}).status_code == 201
    change = {"resources": {"cpu_cores": None, "vcpu": 3}, "network": None, "cloud_init": None}
    assert api.http.patch(f"/api/v1/vms/{name}/config", json=change).status_code == 200


def test_clients_all_an_empty_body_may_say_that_it_is_json(api: Api, name: str) -> None:
    api.create_running(name)
    assert api.http.get(f"/api/v1/vms/{name}", headers=JSON).status_code == 200
    assert api.http.post(f"/api/v1/vms/{name}/restart", headers=JSON).status_code == 200
    assert api.http.post(f"/api/v1/vms/{name}/restart").status_code == 200
    assert api.http.delete(f"/api/v1/vms/{name}?wait=0", headers=JSON).status_code in (202, 204)
