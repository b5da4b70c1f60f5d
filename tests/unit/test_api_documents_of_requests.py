"""The documents and patches that requests in the contract's words amount to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat_api.documents import config_patch, new_deployment, new_machine
from homeostat_api.errors import Problem
from homeostat_api.words import ConfigPatch, DeploymentCreate, MachineCreate

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
