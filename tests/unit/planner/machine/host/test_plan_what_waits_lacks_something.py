"""A running machine is told what its host lacks for a change that waits, and is not restarted into that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.planner import actions as act
from homeostat.planner.plan import Converged, Waiting
from tests.unit.machines import changed, running

LAN = [{"name": "lan", "network": "default"}]
BRIDGE = [{"name": "lan", "bridge": "br9"}]


@pytest.mark.parametrize("policy", ["OnNextBoot", "Immediate"])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nics": BRIDGE}, "BridgeMissing"),
        ({"nics": [{"name": "lan", "network": "labb"}]}, "NetworkUnknown"),
        ({"resources": {"memory": "64Gi"}}, "InsufficientMemory"),
    ],
)
def test_it_goes_on_as_it_is_and_says_what_is_missing(policy: str, change: dict[str, Any], reason: str) -> None:
    world, operator, vm = running(nics=LAN, updatePolicy=policy)
    plan = operator.settle(changed(vm, **change))
    assert plan.outcome.reason == reason and plan.pending and world.starts == 1
    assert all(isinstance(action, act.DefineDomain | act.WriteRecord) for action in operator.done)


def test_it_is_restarted_once_nothing_is_missing() -> None:
    world, operator, vm = running(nics=LAN, updatePolicy="Immediate")
    vm = changed(vm, nics=BRIDGE)
    operator.settle(vm)
    assert world.starts == 1
    world.host = replace(world.host, bridges=frozenset({"br9"}))
    assert isinstance(operator.settle(vm).outcome, Converged) and world.starts == 2


@pytest.mark.parametrize("nics", [LAN, BRIDGE])
def test_who_asks_for_a_restart_waits_for_it_too(nics: list[dict[str, str]]) -> None:
    """Whether the change brings what is missing, or nothing waits but the network has gone."""
    world, operator, vm = running(nics=LAN)
    host = world.host
    world.host = replace(host, networks=frozenset()) if nics is LAN else host
    vm = changed(vm, nics=nics, restartedAt="2026-01-01T00:00:00Z")
    plan = operator.settle(vm)
    assert not any(isinstance(action, act.ShutdownDomain) for action in operator.done)
    assert isinstance(plan.outcome, Waiting) and plan.outcome.reason in ("BridgeMissing", "NetworkUnknown")
    assert plan.outcome.message.startswith("it runs on, and is restarted once it can start: nics[lan]:")
    world.host = replace(host, bridges=frozenset({"br9"}))
    assert isinstance(operator.settle(vm).outcome, Converged) and world.starts == 2


def test_a_nic_is_not_attached_to_what_is_not_there() -> None:
    world, operator, vm = running(nics=LAN)
    vm = changed(vm, nics=[*LAN, {"name": "wan", "bridge": "br9"}])
    assert operator.settle(vm).outcome.reason == "BridgeMissing"
    assert not any(isinstance(action, act.AttachNic) for action in operator.done)
    world.host = replace(world.host, bridges=frozenset({"br9"}))
    assert isinstance(operator.settle(vm).outcome, Converged)
    assert [action.nic.name for action in operator.done if isinstance(action, act.AttachNic)] == ["wan"] and world.starts == 1


def test_other_nics_are_attached_meanwhile() -> None:
    world, operator, vm = running(nics=LAN)
    world.host = replace(world.host, networks=frozenset())
    plan = operator.settle(changed(vm, nics=[*LAN, {"name": "wan", "bridge": "br0"}]))
    assert [action.nic.name for action in operator.done if isinstance(action, act.AttachNic)] == ["wan"]
    assert isinstance(plan.outcome, Converged)


def test_without_a_change_that_waits_it_is_left_alone() -> None:
    world, operator, vm = running(nics=LAN)
    world.host = replace(world.host, networks=frozenset())
    assert isinstance(operator.settle(vm).outcome, Converged)
