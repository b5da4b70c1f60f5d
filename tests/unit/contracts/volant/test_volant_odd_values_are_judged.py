"""Whatever a request gives a word, it is taken or refused: the models raise nothing but a ValidationError."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from homeostat.models.plugin_manifest import PluginManifest
from homeostat_contracts.volant.words import config, deployments, machines, plugins


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


ODD: list[Any] = [
    None, "", 0, False, True, 1, -1, 1.5, 10**40, "x", [], {}, [None], {"url": ""}, {"url": 1}, {"endpoint": ""}, {"mode": {}},
    {"user_data": {}}, {"user_data": []}, {"user_data": {"content": []}}, {"content": 1}, {"path": ""}, {"plugin": []},
    {"plugin": ""}, {"cpu_cores": 0}, {"cpu_cores": []}, {"resources": {"cpu_cores": 0}}, {"type": ""}, {"timeout_ms": None},
    nested(5_000),
]  # fmt: skip
MODELS: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (machines.MachineCreate, {"name": "a"}),
    (deployments.DeploymentCreate, {"name": "a"}),
    (deployments.DeploymentPatch, {}),
    (config.ConfigPatch, {}),
    (config.ResourcesPatch, {}),
    (config.CloudInitPatch, {}),
    (config.NetworkPatch, {"mode": "user"}),
    (plugins.PluginEnabled, {}),
    (PluginManifest, {"name": "a", "version": "1", "rootfs": {"url": "/a"}}),
]


@pytest.mark.parametrize(("model", "good"), MODELS)
def test_odd_values_are_taken_or_refused(model: type[BaseModel], good: dict[str, Any]) -> None:
    for name in model.model_fields:
        for odd in ODD:
            with suppress(ValidationError):
                model.model_validate({**good, name: odd})
