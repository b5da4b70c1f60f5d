"""At rest the host is as the spec says: what runs, its definition, autostart; unless someone has to act, or drift is left."""

from __future__ import annotations

from hypothesis import given

from homeostat.models.machine import Power, RunStrategy, VirtualMachine
from homeostat.planner.changes.changes import compare, compare_running
from homeostat.planner.machine.desired import desired_domain
from homeostat.planner.observed import DomainState, RememberedActs
from homeostat.planner.plan import Disruption, Plan, Stalled
from tests.unit.driving import Operator
from tests.unit.machines import STEPS, Spec, lived, specs
from tests.unit.world import World

RUNNING, PAUSED, OFF = DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUTOFF


def states(vm: VirtualMachine) -> set[DomainState]:
    """Where it may rest; one that was let end is off."""
    match vm.spec.run_strategy:
        case RunStrategy.ALWAYS:
            return {RUNNING}
        case RunStrategy.HALTED:
            return {OFF}
        case RunStrategy.RERUN_ON_FAILURE | RunStrategy.ONCE:
            return {RUNNING, OFF}
    match vm.spec.power:
        case Power.RUNNING:
            return {RUNNING, OFF}
        case Power.PAUSED:
            return {PAUSED, OFF}
    return {OFF}


def check(world: World, vm: VirtualMachine, plan: Plan) -> None:
    domain = world.domain
    assert domain is not None
    assert domain.state in states(vm)
    assert domain.autostart == (vm.spec.run_strategy is RunStrategy.ALWAYS)
    assert domain.config is not None
    want = desired_domain(vm, world.observe(vm, RememberedActs()))
    waits = bool(plan.pending)
    if vm.spec.update_policy != "Never" or not domain.active:
        assert compare(domain.config, want) == ()
    if domain.live is not None:
        lacks = compare_running(domain.live, want)
        assert waits or not lacks
        assert vm.spec.update_policy == "Never" or all(c.disruption > Disruption.LIVE for c in lacks)
        assert vm.spec.update_policy != "Immediate" or not lacks


@given(specs(), STEPS)
def test_a_corrected_machine_rests_as_its_spec_says(fields: Spec, steps: list[Spec | str]) -> None:
    world = World()
    operator = Operator(world)
    for vm in lived(world, fields, steps, driftPolicy=None):
        world.obedient = world.obedient or vm.spec.shutdown.on_timeout == "Wait"
        plan = operator.settle(vm)
        assert plan.drift == ()
        if not isinstance(plan.outcome, Stalled):
            check(world, vm, plan)
