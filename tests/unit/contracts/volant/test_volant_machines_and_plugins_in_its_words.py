"""Machines and plugins in the contract's words, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.machine.identity import mac_address
from homeostat_contracts.volant import machine_views as views
from homeostat_contracts.volant import plugin_views

WHEN = "2026-01-01T00:00:00Z"
HEALTHY = {"status": "healthy", "lastCheck": WHEN}


def machine(spec: dict[str, Any], status: dict[str, Any] | None = None) -> VirtualMachine:
    metadata = {"name": "web", "creationTimestamp": WHEN}
    document = {"metadata": metadata, "spec": spec, **({} if status is None else {"status": status})}
    return VirtualMachine.model_validate(document)


def test_a_machine_of_which_nothing_is_known_yet() -> None:
    shown = views.detail(machine({"resources": {"vcpu": 2, "memory": "3Gi"}}))
    assert shown == {
        "name": "web",
        "status": "starting",
        "plugin": None,
        "ip": None,
        "pid": None,
        "created_at": WHEN,
        "resources": {"vcpu": 2, "memory_mb": 3072},
        "runtime": None,
        "ip_address": None,
        "mac_address": None,
        "cpu_cores": 2,
        "memory_mb": 3072,
        "health": {"status": "unknown", "last_check": None},
    }
    assert views.brief(machine({"pluginRef": {"name": "p"}}), "stopping") == {"name": "web", "status": "stopping", "plugin": "p"}


def test_a_machine_that_runs() -> None:
    addresses = [{"nic": "lan", "ip": "10.0.0.1", "source": "Lease"}, {"nic": "lan", "ip": "10.0.0.2", "source": "Lease"}]
    status = {"state": "Running", "pid": 42, "addresses": addresses, "health": HEALTHY}
    shown = views.detail(machine({"pluginRef": {"name": "p"}}, status))
    named = ("status", "plugin", "ip", "pid", "health")
    health = {"status": "healthy", "last_check": WHEN}
    assert [shown[name] for name in named] == ["running", "p", "10.0.0.1", 42, health]
    without = views.detail(machine({}, {"state": "Running"}))
    assert [without[name] for name in named] == ["running", None, None, None, {"status": "unknown", "last_check": None}]
    unknown = views.detail(machine({}, {**status, "state": "Unknown"}))
    assert unknown["health"] == {"status": "unknown", "last_check": None}, "its host cannot be asked"


def test_the_address_of_its_first_card() -> None:
    """It is the one that the spec gives, else the one that libvirt is given."""
    first, second = {"name": "lan", "network": "default"}, {"name": "dmz", "network": "default", "mac": "52:54:00:00:00:02"}
    made = machine({"nics": [first, second]})
    assert views.summary(made)["mac_address"] == mac_address(made.identity, "lan")
    assert views.summary(machine({"nics": [second, first]}))["mac_address"] == "52:54:00:00:00:02"


@pytest.mark.parametrize(
    ("nics", "mode", "bridge", "network"),
    [
        ([], "none", None, None),
        ([{"name": "a", "bridge": "br0"}, {"name": "b", "network": "lab"}], "bridge", "br0", None),
        ([{"name": "a", "network": "lab"}, {"name": "b", "bridge": "br0"}], "network", None, "lab"),
        ([{"name": "a", "user": {}}], "user", None, None),
    ],
)
def test_the_configuration_shows_the_first_card(
    nics: list[dict[str, Any]], mode: str, bridge: str | None, network: str | None
) -> None:
    for cloud_init in (False, True):
        shown = views.config(machine({"nics": nics, **({"cloudInit": {}} if cloud_init else {})}))
        assert shown["network"] == {"mode": mode, "bridge_name": bridge, "network_name": network}
        assert shown["cloud_init"] == {"enabled": cloud_init}


def plugin(spec: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {"metadata": {"name": "p", "creationTimestamp": WHEN}, "spec": {"version": "1", **spec}}
    if conditions:
        document["status"] = {"conditions": list(conditions)}
    return plugin_views.detail(Plugin.model_validate(document))


def test_a_plugin_shows_what_its_manifest_said_and_nothing_else() -> None:
    shown = plugin({"workload": {"type": "daemon"}, "rootfs": {"path": "/srv/p.raw"}, "resources": {"vcpu": 2, "memory": "1Gi"}})
    assert shown["rootfs"] == {"url": "file:///srv/p.raw"} and shown["workload"] == {"type": "daemon"}
    assert shown["resources"] == {"vcpu": 2, "cpu_cores": 2, "memory_mb": 1024} and shown["installed_at"] == WHEN
    assert not {"kernel", "initramfs", "labels", "openapi", "images"} & shown.keys()


def test_a_plugin_that_says_much() -> None:
    image = {"url": "https://me:secret@a.example/p.qcow2", "sha256": 64 * "a", "format": "qcow2"}
    workload = {"type": "http", "port": 80, "baseUrl": "/", "entrypoint": ["/bin/p"], "env": {"A": "b"}}
    more = {"labels": {"a": "b"}, "openapi": {"openapi": "3.0.3"}, "kernel": {"path": "/boot/k"}}
    ready = {"type": "ImagesReady", "status": "True", "reason": "Fetched", "message": "all"}
    shown = plugin({"rootfs": image, "workload": workload, **more}, ready)
    assert shown["rootfs"]["format"] == "qcow2" and shown["rootfs"]["checksum"] == f"sha256:{64 * 'a'}"
    assert shown["rootfs"]["url"].endswith("a.example/p.qcow2") and "secret" not in shown["rootfs"]["url"]
    asked = {"type": "http", "port": 80, "base_url": "/", "entrypoint": ["/bin/p"], "env": {"A": "b"}}
    assert (shown["workload"], shown["labels"], shown["openapi"]) == (asked, {"a": "b"}, {"openapi": "3.0.3"})
    assert (shown["kernel"], shown["images"]) == (
        {"url": "file:///boot/k"},
        {"ready": True, "reason": "Fetched", "message": "all"},
    )
    assert plugin({"rootfs": image}, {**ready, "status": "False"})["images"]["ready"] is False
