"""Both dialects of plugin manifests give one canonical Plugin document (contract checklist X05)."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.plugin import Plugin, PluginSpec
from homeostat.models.plugin_manifest import plugin_document

HASH = "ab" * 32
REST = {
    "name": "my-app",
    "version": "1.0.0",
    "description": "My custom application",
    "workload": {"type": "http", "port": 8080},
    "resources": {"vcpu": 2, "memory_mb": 512},
    "rootfs": {"format": "qcow2", "url": "https://plugins.example.com/my-app.qcow2", "checksum": f"sha256:{HASH}"},
}
REFERENCE = {
    "$schema": "https://example.org/plugin-manifest-v1.json",
    "schema_version": "1.0",
    "name": "my-app",
    "version": "1.0.0",
    "runtime": "my-app",
    "enabled": True,
    "initramfs": {"url": "/srv/plugins/my-app.cpio.gz", "checksum": f"sha256:{HASH}"},
    "resources": {"cpu_cores": 2, "memory_mb": 512},
    "workload": {
        "type": "http",
        "entrypoint": ["/usr/sbin/app", "-g", "daemon off;"],
        "base_url": "http://127.0.0.1:8080",
        "workdir": "/",
        "env": {"MODE": "fast"},
    },
    "health_check": {"endpoint": "/health", "timeout_ms": 1500, "interval_ms": 5000, "retries": 4},
    "network": {"mode": "bridged"},
    "cloud_init": {"datasource": "NoCloud", "seed_mode": "vfat", "user_data": "#cloud-config"},
}


def spec_of(manifest: dict[str, Any], kernel: str | None = None) -> PluginSpec:
    return Plugin.model_validate(plugin_document(manifest, kernel)).spec


def test_the_dialect_of_the_rest_reference() -> None:
    spec = spec_of(REST)
    assert (spec.version, spec.description) == ("1.0.0", "My custom application")
    assert (spec.workload.type, spec.workload.port) == ("http", 8080)
    assert (spec.resources.vcpu, spec.resources.memory) == (2, 512 * 2**20)
    assert spec.rootfs and (spec.rootfs.format, spec.rootfs.sha256) == ("qcow2", HASH)


def test_the_dialect_of_the_manifest_reference() -> None:
    spec = spec_of(REFERENCE, kernel="/boot/vmlinuz")
    assert (spec.workload.type, spec.workload.port) == ("http", 8080)
    assert spec.workload.entrypoint == ("/usr/sbin/app", "-g", "daemon off;")
    assert spec.workload.env == {"MODE": "fast"}
    assert (spec.resources.vcpu, spec.resources.memory) == (2, 512 * 2**20)
    assert spec.initramfs and (spec.initramfs.path, spec.initramfs.sha256) == ("/srv/plugins/my-app.cpio.gz", HASH)
    assert spec.kernel and spec.kernel.path == "/boot/vmlinuz"
    readiness = spec.probes.readiness if spec.probes else None
    assert readiness and readiness.http_get and (readiness.http_get.path, readiness.http_get.port) == ("/health", 8080)
    assert (readiness.timeout_seconds, readiness.period_seconds, readiness.failure_threshold) == (2, 5, 4)
    assert spec.cloud_init and spec.cloud_init.user_data == "#cloud-config"


def test_a_part_said_in_either_dialect_is_the_same_document() -> None:
    mixed = {**REST, "resources": {"cpu_cores": 2, "memory_mb": 512}, "workload": {"base_url": "http://0.0.0.0:8080"}}
    ours, theirs = plugin_document(REST)["spec"], plugin_document(mixed)["spec"]
    assert theirs["workload"].pop("baseUrl") == "http://0.0.0.0:8080"
    assert ours == theirs


@pytest.mark.parametrize("word", ["ext4", "xfs", "btrfs", "img", "raw"])
def test_what_a_file_system_is_called_stays_raw(word: str) -> None:
    """Another format is another image: it would replace the machines of plugins that are installed."""
    document = plugin_document({"name": "a", "version": "1", "rootfs": {"url": "/srv/a.img", "format": word}})
    assert document["spec"]["rootfs"] == {"path": "/srv/a.img", "format": "raw"}


def test_the_document_says_nothing_that_was_not_said() -> None:
    small = {"name": "a", "version": "1", "rootfs": {"url": "/srv/a.img", "format": "ext4"}}
    assert plugin_document(small) == {
        "apiVersion": "homeostat.dev/v1alpha1",
        "kind": "Plugin",
        "metadata": {"name": "a"},
        "spec": {"version": "1", "workload": {"type": "daemon"}, "rootfs": {"path": "/srv/a.img", "format": "raw"}},
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resources": {"vcpu": 2, "cpu_cores": 4}}, "vcpu and cpu_cores mean the same"),
        ({"workload": {"port": 80, "base_url": "http://x:81"}}, "give one of them"),
        ({"workload": {"type": "http"}}, "needs a port or a base_url"),
        ({"workload": {"base_url": "http://x:99999"}}, "base_url"),
        ({"workload": {"port": "80"}}, "workload.port"),
        ({"resources": {"vcpu": -1}}, "resources.vcpu"),
        ({"resources": {"vcpus": 1}}, "resources.vcpus"),
        ({"rootfs": {"url": "https://x/a", "checksum": "sha256:abc123"}}, "rootfs.checksum"),
        ({"rootfs": {"url": "https://x/a", "format": "tar"}}, "rootfs.format"),
        ({"rootfs": None}, "needs a rootfs, or a kernel"),
        ({"rootfs": None, "initramfs": {"url": "/a"}}, "initramfs: needs a kernel"),
        ({"name": "My App"}, "name"),
        ({"version": 1}, "version"),
        ({"workload": {"type": "daemon"}, "health_check": {}}, "health_check needs"),
        ({"schema_version": "2.0"}, "schema_version"),
    ],
)
def test_what_is_no_manifest_is_refused_by_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plugin_document({**REST, **change})
