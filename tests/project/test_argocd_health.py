"""The health check for Argo CD, run as Argo CD runs it: in Lua, with the object as ``obj``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime  # the Lua of Argo CD

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "manifests/argocd/argocd-cm.yaml").read_text())["data"]
PREFIX = "resource.customizations.health.homeostat.dev_"
SCRIPT = CONFIG[f"{PREFIX}VirtualMachine"]


def condition(type: str, status: str = "True", **rest: str) -> dict[str, str]:
    return {"type": type, "status": status, "reason": f"{type}Reason", **rest}


def health(*conditions: dict[str, str], spec: dict[str, Any] | None = None, seen: int | None = 2) -> tuple[str, str]:
    """Status and message of an object of generation 2; ``seen`` is its observedGeneration."""
    lua = LuaRuntime()
    obj: dict[str, Any] = {"metadata": {"name": "web", "generation": 2}, "spec": spec or {}}
    if conditions:
        obj["status"] = {"observedGeneration": seen, "conditions": list(conditions)}
    lua.globals().obj = lua.table_from(obj, recursive=True)
    answer = lua.execute(SCRIPT)
    return answer.status, answer.message


def test_it_is_the_same_for_every_kind_with_a_status() -> None:
    kinds = {"VirtualMachine", "VirtualMachineDeployment", "Plugin", "Host"}
    assert {name.removeprefix(PREFIX) for name in CONFIG} == kinds
    assert set(CONFIG.values()) == {SCRIPT}


def test_ready_is_healthy() -> None:
    assert health(condition("Ready", message="runs")) == ("Healthy", "runs")


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ((), "waiting for the operator"),
        ((condition("Ready", "False", message="boots"),), "boots"),
        ((condition("Ready", "Unknown"),), "ReadyReason"),
        ((condition("Ready", "False"), condition("Reconciling", message="fetches")), "fetches"),
        ((condition("Ready"), condition("Reconciling", message="rolls out")), "rolls out"),
    ],
)
def test_what_is_under_way_is_progressing(conditions: tuple[dict[str, str], ...], message: str) -> None:
    assert health(*conditions) == ("Progressing", message)


@pytest.mark.parametrize("seen", [1, None])
def test_what_the_operator_has_not_seen_yet_says_nothing(seen: int | None) -> None:
    status, message = health(condition("Ready"), seen=seen)
    assert (status, message) == ("Progressing", "waiting for the operator to see the newest spec")


@pytest.mark.parametrize("type", ["Stalled", "CrashLoopBackOff"])
def test_what_needs_a_human_is_degraded(type: str) -> None:
    assert health(condition("Ready", "False"), condition("Reconciling"), condition(type, message="look")) == ("Degraded", "look")


@pytest.mark.parametrize("spec", [{"suspend": True}, {"paused": True}])
def test_what_its_spec_holds_back_is_suspended(spec: dict[str, Any]) -> None:
    assert health(condition("Ready"), spec=spec)[0] == "Suspended"
