from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.api.harness import CHECKSUM, Api, manifest, refused
from tests.api.modes import said

INITRAMFS: dict[str, Any] = {
    "schema_version": "1.0",
    "version": "0.1.0",
    "runtime": "nginx",
    "kernel": {"url": "https://example.com/vmlinuz"},
    "initramfs": {"url": "https://example.com/plugin.cpio.gz", "checksum": CHECKSUM},
    "resources": {"cpu_cores": 2, "memory_mb": 1024},
    "workload": {
        "type": "http",
        "base_url": "http://127.0.0.1:80",
        "entrypoint": ["/usr/sbin/nginx", "-g", "daemon off;"],
        "env": {"LANG": "C"},
    },
    "health_check": {"endpoint": "/health", "timeout_ms": 10000, "interval_ms": 5000, "retries": 3},
    "network": {"mode": "bridged"},
    "cloud_init": {"datasource": "NoCloud", "seed_mode": "disk"},
}


def test_v41_a_manifest_becomes_a_plugin(api: Api, name: str) -> None:
    answer = api.http.post("/api/v1/plugins", json=manifest(name))
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/plugins/{name}"
    document = yaml.safe_load(api.written("plugins", name))
    assert (document["kind"], document["metadata"]) == ("Plugin", {"name": name})
    assert document["spec"]["rootfs"]["sha256"] == 64 * "a"


def test_v41_the_other_dialect(api: Api, name: str) -> None:
    answer = api.http.post("/api/v1/plugins", json={"name": name, **INITRAMFS})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["resources"] == {"vcpu": 2, "cpu_cores": 2, "memory_mb": 1024}
    assert (made["workload"]["port"], made["workload"]["base_url"]) == (80, "http://127.0.0.1:80")
    assert made["workload"]["entrypoint"][0] == "/usr/sbin/nginx"
    probe = api.http.get(f"/api/v1/plugins/{name}?view=resource").json()["spec"]["probes"]["readiness"]
    assert probe["httpGet"] == {"port": 80, "path": "/health"}
    assert (probe["timeoutSeconds"], probe["periodSeconds"], probe["failureThreshold"]) == (10, 5, 3)


def test_v41_a_native_spec(api: Api, name: str) -> None:
    spec = {"version": "2", "rootfs": {"url": "https://example.com/x.qcow2"}, "rootfsSize": "4Gi"}
    assert api.http.post("/api/v1/plugins", json={"name": name, "spec": spec}).status_code == 201
    found = api.http.get(f"/api/v1/plugins/{name}?view=resource").json()["spec"]
    assert said("Plugin", found) == said("Plugin", spec)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "Upper"},
        {"version": None},
        {"version": 1},
        {"workload": {"type": "http"}},
        {"workload": {"type": "cron"}},
        {"workload": {"type": "http", "port": 0}},
        {"workload": {"type": "http", "port": "80"}},
        {"workload": {"type": "http", "port": 80, "base_url": "http://127.0.0.1:81"}},
        {"workload": {"type": "http", "base_url": "http://127.0.0.1:99999"}},
        {"resources": {"vcpu": 0}},
        {"resources": {"vcpu": 2, "cpu_cores": 3}},
        {"resources": {"memory_mb": "512"}},
        {"rootfs": None},
        {"rootfs": {}},
        {"rootfs": {"url": "ftp://example.com/x"}},
        {"rootfs": {"url": "https://example.com/x", "checksum": "sha256:abc"}},
        {"rootfs": {"url": "https://example.com/x", "checksum": "md5:" + 32 * "0"}},
        {"rootfs": {"url": "https://example.com/x", "format": "zip"}},
        {"initramfs": {"url": "https://example.com/x"}},
        {"spec": {}},
        {"unknown": 1},
    ],
)
def test_v41_what_is_no_manifest_is_400(api: Api, name: str, wrong: dict[str, Any]) -> None:
    refused(api.http.post("/api/v1/plugins", json={**manifest(name), **wrong}), 400, "invalid_request")
    assert name not in api.http.get("/api/v1/plugins").json()["plugins"]


def test_v41_one_that_is_installed_is_409(api: Api, name: str) -> None:
    api.install(name)
    refused(api.http.post("/api/v1/plugins", json=manifest(name, version="2.0.0")), 409, "plugin_exists")
    assert api.http.get(f"/api/v1/plugins/{name}").json()["version"] == "1.0.0"
