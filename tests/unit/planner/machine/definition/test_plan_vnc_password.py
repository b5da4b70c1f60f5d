"""A password file that changes: the VNC server takes the new password while it runs, and nothing ever shows one."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.observed import Secret
from homeostat.planner.plan import Converged
from tests.unit.driving import Operator
from tests.unit.machines import changed, machine
from tests.unit.world import World

GUARDED: dict[str, Any] = {"display": {"vnc": {"passwordFile": "/etc/vnc"}}}
UNGUARDED: dict[str, Any] = {"display": {"vnc": {"listen": "127.0.0.1"}}}


def secret(value: str, version: str) -> dict[str, Secret]:
    return {"/etc/vnc": Secret(SecretStr(value), version)}


def guarded(**spec: Any) -> tuple[World, Operator, VirtualMachine]:
    world, vm = World(secrets=secret("first", "1")), machine(**GUARDED, **spec)
    operator = Operator(world)
    operator.settle(vm)
    operator.done.clear()
    return world, operator, vm


def passwords(world: World) -> tuple[str | None, str | None]:
    """In the definition, and of the running machine."""
    assert world.domain and world.domain.config and world.domain.live
    found = (world.domain.config.vnc, world.domain.live.vnc)
    defined, runs = (vnc.password.get_secret_value() if vnc and vnc.password else None for vnc in found)
    return defined, runs


def test_it_is_changed_live_and_in_the_definition() -> None:
    for spec in ({}, {"driftPolicy": "Report"}):
        world, operator, vm = guarded(**spec)
        world.secrets = secret("second", "2")
        plan = operator.plan(vm)
        assert [(c.field, c.old, c.new, c.disruption.word) for c in plan.changes] == [
            ("display.vnc.password", "set", "changed", "Live")
        ]
        assert "first" not in repr(plan) and "second" not in repr(plan)
        plan = operator.settle(vm)
        assert passwords(world) == ("second", "second") and world.starts == 1
        assert isinstance(plan.outcome, Converged) and plan.pending == plan.drift == ()


def test_a_file_that_was_written_anew_with_the_same_changes_no_machine() -> None:
    world, operator, vm = guarded()
    world.secrets = secret("first", "2")
    operator.settle(vm)
    assert [type(a) for a in operator.done] == [act.WriteRecord]


def test_what_others_set_is_put_right_or_reported() -> None:
    for policy, runs in (("Correct", "first"), ("Report", "theirs")):
        world, operator, vm = guarded(driftPolicy=policy)
        world.change_password("theirs")
        plan = operator.settle(vm)
        assert passwords(world) == ("first", runs)
        assert [c.field for c in plan.drift] == (["display.vnc.password"] if policy == "Report" else [])


def test_one_that_comes_or_goes_waits_for_a_restart() -> None:
    world, operator, vm = guarded()
    plan = operator.settle(changed(vm, **UNGUARDED))
    assert passwords(world) == (None, "first")
    assert [(c.field, c.new, c.disruption.word) for c in plan.pending] == [("display.vnc.password", "none", "NeedsRestart")]
    plan = operator.settle(changed(vm, **UNGUARDED, restartedAt="now"))
    assert passwords(world) == (None, None)
    plan = operator.settle(changed(vm, restartedAt="now"))
    assert passwords(world) == ("first", None) and [c.new for c in plan.pending] == ["set"]


def test_a_file_that_cannot_be_read_takes_no_password_away() -> None:
    world, operator, vm = guarded()
    world.secrets = {}
    plan = operator.settle(vm)
    assert passwords(world) == ("first", "first") and plan.pending == ()
