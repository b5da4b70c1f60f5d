"""The documents and patches that requests in the contract's words amount to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.service.kinds.collection import of_spec
from homeostat.store.merge import merge_difference
from homeostat_api.http.errors import Problem
from homeostat_contracts.volant.documents import config_patch, new_deployment, new_machine, new_plugin
from homeostat_contracts.volant.words.config import ConfigPatch
from homeostat_contracts.volant.words.deployments import DeploymentCreate
from homeostat_contracts.volant.words.machines import MachineCreate

STANDS = VirtualMachine.model_validate(
    {
        "metadata": {"name": "web"},
        "spec": {
            "resources": {"vcpu": 2, "memory": "1Gi"},
            "cloudInit": {"userData": "a"},
            "nics": [{"name": "lan", "network": "lab"}],
        },
    }
)
BARE = VirtualMachine.model_validate({"metadata": {"name": "web"}, "spec": {}})


def patch(config: dict[str, Any], machine: VirtualMachine | None = STANDS) -> dict[str, Any]:
    return config_patch(ConfigPatch.model_validate(config), machine)


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({}, {}),
        ({"resources": {}}, {}),
        ({"resources": {"vcpu": 2}}, {}),
        ({"resources": {"memory_mb": 1024}}, {}),
        ({"resources": {"vcpu": 3, "memory_mb": 1024}}, {"resources": {"vcpu": 3}}),
        ({"resources": {"vcpu": 2, "memory_mb": 512}}, {"resources": {"memory": "512Mi"}}),
        ({"cloud_init": {}}, {}),
        ({"cloud_init": {"enabled": True}}, {}),
        ({"cloud_init": {"enabled": False}}, {"cloudInit": {"enabled": False}}),
        ({"cloud_init": {"user_data": "b"}}, {"cloudInit": {"userData": "b"}}),
        ({"cloud_init": {"enabled": True, "user_data": "b"}}, {"cloudInit": {"userData": "b"}}),
        ({"network": {"mode": "user"}}, {"nics": [{"name": "lan", "user": {}}]}),
    ],
)
def test_a_change(config: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert patch(config) == wanted


def test_a_change_of_one_that_has_nothing_yet() -> None:
    assert patch({"cloud_init": {"enabled": True}}, BARE) == {"cloudInit": {}}
    assert patch({"cloud_init": {"enabled": False}}, BARE) == {}
    for machine in (BARE, None):
        assert patch({"network": {"mode": "network"}}, machine) == {"nics": [{"name": "net0", "network": "default"}]}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"enabled": True}, {"enabled": None}),
        ({"user_data": "b"}, {"userData": "b", "enabled": None}),
        ({"enabled": False}, None),
    ],
)
def test_a_change_of_a_seed_that_is_turned_off(asked: dict[str, Any], wanted: dict[str, Any] | None) -> None:
    off = {"metadata": {"name": "web"}, "spec": {"cloudInit": {"userData": "a", "enabled": False}}}
    assert patch({"cloud_init": asked}, VirtualMachine.model_validate(off)).get("cloudInit") == wanted


@pytest.mark.parametrize(
    ("body", "spec"),
    [
        ({}, {}),
        ({"plugin": "nginx"}, {"pluginRef": {"name": "nginx"}}),
        ({"config": {"resources": {"vcpu": 2, "memory_mb": 1024}}}, {"resources": {"vcpu": 2, "memory": "1Gi"}}),
        ({"config": {"cloud_init": {"enabled": False}}}, {"cloudInit": {"enabled": False}}),
        ({"config": {"cloud_init": {"enabled": True}}}, {"cloudInit": {}}),
        ({"spec": {"runStrategy": "Halted"}}, {"runStrategy": "Halted"}),
    ],
)
def test_a_new_machine(body: dict[str, Any], spec: dict[str, Any]) -> None:
    document = new_machine(MachineCreate.model_validate({"name": "web", **body}))
    assert (document["kind"], document["metadata"], document["spec"]) == ("VirtualMachine", {"name": "web"}, spec)
    labelled = new_machine(MachineCreate.model_validate({"name": "web", "labels": {"a": "b"}, **body}))
    assert labelled["metadata"] == {"name": "web", "labels": {"a": "b"}}


@pytest.mark.parametrize(
    ("body", "spec"),
    [
        ({"plugin": "p"}, {"replicas": 1, "template": {"spec": {"pluginRef": {"name": "p"}}}}),
        ({"plugin": "p", "replicas": 0}, {"replicas": 0, "template": {"spec": {"pluginRef": {"name": "p"}}}}),
        ({"spec": {"template": {}}}, {"template": {}}),
    ],
)
def test_a_new_deployment(body: dict[str, Any], spec: dict[str, Any]) -> None:
    document = new_deployment(DeploymentCreate.model_validate({"name": "web", **body}))
    assert (document["kind"], document["spec"]) == ("VirtualMachineDeployment", spec)


def refusal(make: Callable[[Any], Any], request: Any) -> str:
    with pytest.raises(Problem) as refused:
        make(request)
    assert refused.value.status_code == 400
    return refused.value.title or ""


@pytest.mark.parametrize("more", [{"plugin": "p"}, {"config": {}}, {"plugin": "p", "config": {}}])
def test_a_spec_says_all(more: dict[str, Any]) -> None:
    for spec in ({}, {"runStrategy": "Halted"}):
        request = MachineCreate.model_validate({"name": "web", "spec": spec, **more})
        assert refusal(new_machine, request).startswith("spec: is given instead of plugin and config")
    for body in (more, {"replicas": 0}):
        deployment = DeploymentCreate.model_validate({"name": "web", "spec": {"template": {}}, **body})
        assert refusal(new_deployment, deployment).startswith("spec: is given instead of plugin, replicas and config")


@pytest.mark.parametrize("body", [{}, {"replicas": 2}, {"config": {}}])
def test_a_deployment_says_what_runs(body: dict[str, Any]) -> None:
    request = DeploymentCreate.model_validate({"name": "web", **body})
    assert refusal(new_deployment, request).startswith("plugin: is missing")


RESOURCE: dict[str, Any] = {"version": "1", "rootfs": {"url": "https://plugins.example.com/web.qcow2"}}


def test_a_new_plugin_in_our_own_words() -> None:
    document = new_plugin({"name": "web", "spec": RESOURCE, "labels": {"a": "b"}}, "/boot/vmlinuz")
    assert (document["kind"], document["metadata"]) == ("Plugin", {"name": "web", "labels": {"a": "b"}})
    assert document["spec"] == RESOURCE
    for bare in ({"name": "web", "spec": RESOURCE}, {"name": "web", "spec": RESOURCE, "labels": {}}):
        assert new_plugin(bare, None)["metadata"] == {"name": "web"}


def test_a_new_plugin_of_a_manifest() -> None:
    manifest = {"name": "web", "version": "1", "workload": {"type": "daemon"}}
    document = new_plugin({**manifest, "initramfs": {"url": "https://plugins.example.com/web.cpio"}}, "/boot/vmlinuz")
    assert document["kind"] == "Plugin" and "/boot/vmlinuz" in str(document["spec"]["kernel"])


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        (
            {"name": "web", "spec": RESOURCE, "workload": {}, "rootfs": {}},
            "spec: is given instead of a manifest; remove rootfs, workload",
        ),
        ({"spec": RESOURCE}, "name: "),
        ({"name": "web", "spec": 1}, "spec: "),
        ({"name": "web", "version": 1}, ""),
        ({}, ""),
    ],
)
def test_no_plugin(manifest: dict[str, Any], text: str) -> None:
    assert refusal(lambda body: new_plugin(body, None), manifest).startswith(text)


def test_user_data_needs_cloud_init() -> None:
    asked = ConfigPatch.model_validate({"cloud_init": {"enabled": False, "user_data": "b"}})
    assert refusal(lambda body: config_patch(body, STANDS), asked).startswith("cloud_init: user_data")
    assert refusal(lambda body: config_patch(body, None), asked).startswith("cloud_init: user_data")


@pytest.mark.parametrize(
    "network",
    [
        {"mode": "bridge"},
        {"mode": "user", "bridge_name": "br0"},
        {"mode": "network", "bridge_name": "br0"},
        {"mode": "user", "network_name": "lab"},
        {"mode": "bridge", "bridge_name": "br0", "network_name": "lab"},
    ],
)
def test_a_network_that_contradicts_itself(network: dict[str, str]) -> None:
    asked = ConfigPatch.model_validate({"network": network})
    assert refusal(lambda body: config_patch(body, STANDS), asked).startswith("network: ")


def test_the_first_card_is_connected_otherwise_and_the_others_stay() -> None:
    nics = [{"name": "lan", "network": "lab", "mac": "52:54:00:11:22:33"}, {"name": "wan", "bridge": "br1"}]
    two = VirtualMachine.model_validate({"metadata": {"name": "web"}, "spec": {"nics": nics}})
    first = {"name": "lan", "mac": "52:54:00:11:22:33"}
    for network, connected in (
        ({"mode": "bridge", "bridge_name": "br0"}, {"bridge": "br0"}),
        ({"mode": "network"}, {"network": "default"}),
        ({"mode": "network", "network_name": "lan"}, {"network": "lan"}),
        ({"mode": "user"}, {"user": {}}),
    ):
        found = patch({"network": network}, two)["nics"]
        assert found == [{**first, **connected}, {"name": "wan", "bridge": "br1"}]
    forwards = {"forwards": [{"hostPort": 8080, "guestPort": 80}]}
    user = VirtualMachine.model_validate({"metadata": {"name": "web"}, "spec": {"nics": [{"name": "n", "user": forwards}]}})
    (kept,) = patch({"network": {"mode": "user"}}, user)["nics"]
    assert kept == user.spec.nics[0].dump() and kept["user"], "what it forwards stays"


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {}, {"a": None}),
        ({}, {"a": None}, {"a": None}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 3}}),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, {}),
        ({"a": {"b": 1}}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 2]}),
    ],
)
def test_a_replacement_touches_what_differs(before: dict[str, Any], after: dict[str, Any], difference: dict[str, Any]) -> None:
    assert merge_difference(before, after) == difference


def test_nothing_is_no_patch() -> None:
    assert of_spec({}) == {} and of_spec({"a": None}) == {"spec": {"a": None}}
