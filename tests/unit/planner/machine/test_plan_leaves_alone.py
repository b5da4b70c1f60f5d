"""A suspended machine, a foreign domain and an unreachable host: nothing is done at all, and it is said why."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.condition import Condition, find_condition
from homeostat.models.machine import VirtualMachine
from homeostat.planner.domain import Record
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import HostFacts, RememberedActs
from homeostat.planner.plan import Stalled, Waiting
from homeostat.runtime.machine.status import machine_status
from tests.unit.driving import Operator
from tests.unit.machines import HAPPENINGS, Spec, changed, deleted, edits, flat, happen, machine, running, specs
from tests.unit.world import HOST, World, namesake


@settings(max_examples=60)
@given(specs(), edits(), st.sampled_from(sorted(HAPPENINGS)))
def test_a_suspended_machine_is_left_alone_whatever_happens_to_it(fields: Spec, edit: Spec, what: str) -> None:
    world = World()
    operator = Operator(world)
    operator.settle(machine(**flat(fields)))
    happen(world, what)
    plan = operator.plan(machine(**flat({**fields, **edit}), suspend=True))
    assert plan.actions == ()
    assert (plan.outcome.reason, plan.outcome.message.startswith("spec.suspend")) == ("Suspended", True)


def ready_of(world: World, operator: Operator, vm: VirtualMachine) -> Condition:
    plan = operator.plan(vm)
    status = machine_status(vm, world.observe(vm, operator.memory), plan, {}, None, "2026-01-01T00:00:00Z")
    found = find_condition(status.conditions, "Ready")
    assert plan.actions == () and found is not None and found.reason == "Suspended"
    return found


def test_a_suspended_machine_that_is_as_its_spec_says_is_ready() -> None:
    world, operator, vm = running()
    assert ready_of(world, operator, changed(vm, suspend=True)).status == "True"


def test_a_suspended_machine_that_somebody_destroyed_is_not_and_says_what_waits() -> None:
    world, operator, vm = running()
    world.destroy()
    ready = ready_of(world, operator, changed(vm, suspend=True))
    assert ready.status == "False"
    assert "runStrategy: Always" in ready.message and "homeostat resume web" in ready.message


def test_a_suspended_machine_that_is_to_be_off_and_is_is_ready() -> None:
    world, operator, vm = running(runStrategy="Halted")
    assert ready_of(world, operator, changed(vm, suspend=True)).status == "True"


def test_what_is_seen_of_a_suspended_machine_is_said_as_ever() -> None:
    world, operator, vm = running(disks=[{"name": "data", "size": "1Gi"}], resources={"memory": "1Gi"})
    world.snapshot("data", "/elsewhere/data.snap")
    bigger = changed(vm, resources={"memory": "2Gi"})
    operator.settle(bigger)
    awake, suspended = operator.plan(bigger), changed(bigger, suspend=True)
    plan = operator.plan(suspended)
    assert (plan.pending, plan.moved) == (awake.pending, awake.moved) and plan.pending and plan.moved
    status = machine_status(suspended, world.observe(suspended, operator.memory), plan, {}, None, "2026-01-01T00:00:00Z")
    restart = find_condition(status.conditions, "RestartRequired")
    assert restart is not None and "`homeostat resume web`, then `homeostat restart web` brings it" in restart.message
    assert find_condition(status.conditions, "DisksMoved") is not None
    world.destroy()  # and would be started
    assert operator.plan(suspended).moved == awake.moved


def test_an_unreachable_host_is_waited_for() -> None:
    world, operator, vm = running()
    world.host = HostFacts("local", False, "qemu:///system", error="libvirtd is not running: systemctl start libvirtd")
    for asked in (vm, changed(vm, runStrategy="Halted"), deleted(vm, 0)):
        plan = operator.plan(asked)
        assert plan.actions == ()
        assert isinstance(plan.outcome, Waiting)
        assert plan.outcome.message == "libvirtd is not running: systemctl start libvirtd"


def test_a_foreign_domain_of_the_same_name_is_never_touched_and_the_message_says_what_to_do() -> None:
    world, vm = World(), machine()
    world.clash = namesake(vm)
    plan = Operator(world).settle(vm)
    assert world.domain is None and plan.actions == ()
    assert isinstance(plan.outcome, Stalled)
    for words in ("'web'", "00000000-1111", "was not created by Homeostat", "rename this machine", "virsh domrename"):
        assert words in plan.outcome.message


def test_a_domain_of_another_resource_is_named_by_it() -> None:
    world, vm = World(), machine(name="b--c", namespace="a")
    world.clash = namesake(vm, Record("other", "a--b", "c"))
    assert "another Homeostat resource (a--b/c)" in Operator(world).settle(vm).outcome.message


def test_the_domain_of_an_earlier_machine_of_the_name_can_be_taken_up_or_removed() -> None:
    world, vm = World(), machine()
    world.clash = namesake(vm, Record("5b0cf6b1", "default", "web"))
    message = Operator(world).settle(vm).outcome.message
    for words in ("homeostat.dev/identity: default/web/5b0cf6b1", "to be rid of both, delete this one then"):
        assert words in message


def test_once_the_name_is_free_the_machine_is_made() -> None:
    world, vm = World(), machine()
    world.clash = namesake(vm)
    operator = Operator(world)
    operator.settle(vm)
    world.clash = None
    operator.settle(vm)
    assert world.starts == 1


def test_a_domain_whose_metadata_someone_removed_is_foreign_even_to_a_deletion() -> None:
    world, operator, vm = running()
    assert world.domain is not None
    world.domain.record = None
    for asked in (vm, changed(vm, runStrategy="Halted"), deleted(vm, 0)):
        plan = operator.plan(asked)
        assert plan.actions == ()
        assert isinstance(plan.outcome, Stalled)
        assert "virsh undefine web" in plan.outcome.message


def test_planning_reads_nothing_but_its_arguments() -> None:
    world, operator, vm = running()
    observed = world.observe(vm, RememberedActs())
    assert plan_machine(vm, observed, operator.now) == plan_machine(vm, replace(observed, host=HOST), operator.now)
