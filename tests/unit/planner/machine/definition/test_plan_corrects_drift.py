"""driftPolicy Correct: what others changed is changed back, without a restart, and the reason names them."""

from __future__ import annotations

import pytest

from homeostat.planner import actions as act
from tests.unit.machines import happen, running

LAN = [{"name": "lan", "network": "default"}]


@pytest.mark.parametrize(
    "what",
    [
        "virsh destroy",
        "virsh undefine",
        "virsh suspend",
        "virsh managedsave",
        "virsh edit",
        "virsh autostart --disable",
        "virsh detach-interface --live",
        "virsh detach-interface --config",
    ],
)
def test_all_is_as_before(what: str) -> None:
    world, operator, vm = running(nics=LAN)
    before = world.copy().domain
    assert happen(world, what)
    plan = operator.settle(vm)
    assert before and world.domain
    assert (world.domain.config, world.domain.state) == (before.config, before.state)
    assert world.domain.live and before.live and world.domain.live.nics == before.live.nics
    assert world.domain.autostart
    assert plan.drift == () and plan.pending == ()


def test_the_guest_runs_on_while_its_definition_is_mended() -> None:
    world, operator, vm = running(nics=LAN)
    happen(world, "virsh edit")
    happen(world, "virsh detach-interface --live")
    operator.settle(vm)
    assert world.starts == 1
    reasons = [a.reason for a in operator.done if isinstance(a, act.DefineDomain)]
    assert reasons == ["someone else changed resources.memory, resources.vcpu"]


def test_a_domain_undefined_while_it_runs_keeps_running() -> None:
    world, operator, vm = running()
    world.undefine()
    operator.settle(vm)
    assert world.starts == 1
    assert world.domain and world.domain.config and world.domain.autostart
    assert [a.reason for a in operator.done if isinstance(a, act.DefineDomain)] == ["someone undefined it while it runs"]


@pytest.mark.parametrize("reason", ["save", "dump", "snapshot", "shutting-down", "crashed", "starting-up"])
def test_a_pause_of_libvirt_s_own_is_waited_for(reason: str) -> None:
    world, operator, vm = running()
    world.pause(reason)
    plan = operator.plan(vm)
    assert plan.actions == ()
    assert plan.outcome.reason == "Busy"
