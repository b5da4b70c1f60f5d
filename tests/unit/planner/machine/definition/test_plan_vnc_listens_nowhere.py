"""A machine has no VNC port unless its spec asks for one. What ran with one before that was so keeps it until its next boot."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner.domain import VncConfig
from homeostat.planner.plan import Converged
from tests.unit.driving import Operator
from tests.unit.machines import changed, machine
from tests.unit.world import World

ONCE = VncConfig("127.0.0.1")
NOWHERE = VncConfig(None)


def vnc(**fields: Any) -> dict[str, Any]:
    return {"display": {"vnc": fields}}


def settled(**spec: Any) -> tuple[World, Operator, VirtualMachine]:
    world, vm = World(), machine(**spec)
    operator = Operator(world)
    operator.settle(vm)
    operator.done.clear()
    return world, operator, vm


def ran_before(**spec: Any) -> tuple[World, Operator, VirtualMachine]:
    """A machine that was started when nothing said of VNC meant a port on loopback."""
    world, operator, vm = settled(**vnc(listen="127.0.0.1"), **spec)
    assert shown(world) == (ONCE, ONCE)
    return world, operator, changed(vm, **vnc())


def shown(world: World) -> tuple[VncConfig | None, VncConfig | None]:
    """In the definition, and of the running machine."""
    assert world.domain and world.domain.config
    return world.domain.config.vnc, world.domain.live.vnc if world.domain.live else None


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, NOWHERE),
        ({"listen": "none"}, NOWHERE),
        ({"port": 5950}, VncConfig("127.0.0.1", 5950)),
        ({"listen": "::1"}, VncConfig("::1")),
        ({"enabled": False}, None),
    ],
    ids=str,
)
def test_it_listens_where_the_spec_says(fields: dict[str, Any], found: VncConfig | None) -> None:
    world, _, _ = settled(**vnc(**fields))
    assert shown(world) == (found, found)


@pytest.mark.parametrize(
    "spec", [{}, {"updatePolicy": "Immediate"}, {"updatePolicy": "Never"}, {"driftPolicy": "Report"}], ids=str
)
def test_what_runs_goes_on_as_it_is(spec: dict[str, Any]) -> None:
    world, operator, vm = ran_before(**spec)
    plan = operator.settle(vm)
    assert (shown(world), world.starts, operator.done) == ((ONCE, ONCE), 1, [])
    assert isinstance(plan.outcome, Converged) and plan.pending == plan.drift == plan.changes == ()


@pytest.mark.parametrize("policy", ["Correct", "Report"])
def test_its_next_boot_is_without_a_port(policy: str) -> None:
    world, operator, vm = ran_before(driftPolicy=policy)
    operator.settle(vm)
    plan = operator.settle(changed(vm, restartedAt="now"))
    assert (shown(world), world.starts) == ((NOWHERE, NOWHERE), 2)
    assert plan.pending == plan.drift == ()
    world, operator, vm = ran_before(driftPolicy=policy)
    world.crash()
    operator.settle(vm)
    assert shown(world) == (NOWHERE, NOWHERE)


def test_whoever_says_none_is_told_to_restart_it() -> None:
    world, operator, vm = ran_before()
    plan = operator.settle(changed(vm, **vnc(listen="none")))
    assert shown(world) == (NOWHERE, ONCE)
    assert [(c.field, c.old, c.new, c.disruption.word) for c in plan.pending] == [
        ("display.vnc.listen", "127.0.0.1", "none", "NeedsRestart")
    ]


@pytest.mark.parametrize("fields", [{"port": 5950}, {"listen": "::1"}], ids=str)
def test_what_was_asked_for_is_not_kept(fields: dict[str, Any]) -> None:
    """Only what nobody had asked for is."""
    world, operator, vm = settled(**vnc(**fields))
    plan = operator.settle(changed(vm, **vnc()))
    assert shown(world)[0] == NOWHERE
    assert next((c.field, c.new) for c in plan.pending) == ("display.vnc.listen", "none")
