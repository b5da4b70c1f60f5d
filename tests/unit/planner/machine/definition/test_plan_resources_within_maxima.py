"""CPUs and memory change while the guest runs, up to the most that its spec declares."""

from __future__ import annotations

from homeostat.planner import actions as act
from homeostat.planner.machine.definition.live_changes import TRIES
from homeostat.planner.machine.memory import note_refusal
from homeostat.planner.plan import Converged
from tests.unit.driving import Operator
from tests.unit.machines import Spec, changed, running
from tests.unit.world import World

MIB = 2**20
ROOM: Spec = {"vcpu": 2, "maxVcpu": 4, "memory": "512Mi", "maxMemory": "1Gi"}


def of(world: World) -> tuple[int, int | None, int, int | None]:
    """CPUs and memory of the definition."""
    assert world.domain and world.domain.config
    config = world.domain.config
    return config.vcpus, config.vcpus_left, config.memory // MIB, config.balloon and config.balloon // MIB


def test_the_guest_is_made_with_room() -> None:
    world, _, _ = running(resources=ROOM)
    assert of(world) == (4, 2, 1024, 512) and world.balloon == 512 * MIB
    full, _, _ = running(resources={**ROOM, "vcpu": 4, "memory": "1Gi"})
    assert of(full) == (4, None, 1024, None) and full.balloon == 0


def test_cpus_come_and_go_while_it_runs() -> None:
    world, operator, vm = running(resources=ROOM)
    for vcpu, left in ((3, 3), (4, None), (1, 1), (2, 2)):
        operator.done.clear()
        plan = operator.settle(changed(vm, resources={**ROOM, "vcpu": vcpu}))
        assert [type(a) for a in operator.done] == [act.SetVcpus, act.DefineDomain]
        assert world.domain and world.domain.live and world.domain.live.vcpus_left == left == of(world)[1]
        assert isinstance(plan.outcome, Converged) and not plan.pending and world.starts == 1


def test_memory_comes_and_goes_while_it_runs() -> None:
    world, operator, vm = running(resources=ROOM)
    for memory, left in (("768Mi", 768), ("1Gi", 0), ("512Mi", 512)):
        operator.done.clear()
        plan = operator.settle(changed(vm, resources={**ROOM, "memory": memory}))
        assert [type(a) for a in operator.done if not isinstance(a, act.WriteRecord)] == [act.SetMemory, act.DefineDomain]
        assert world.balloon == left * MIB and (of(world)[3] or 0) == left
        assert isinstance(plan.outcome, Converged) and not plan.pending and not plan.held and world.starts == 1


def test_where_drift_is_only_reported_the_spec_is_followed_all_the_same() -> None:
    world, operator, vm = running(resources=ROOM, driftPolicy="Report")
    operator.settle(changed(vm, resources={**ROOM, "memory": "1Gi", "vcpu": 3}))
    assert world.balloon == 0 and world.domain and world.domain.live and world.domain.live.vcpus_left == 3


def test_other_maxima_need_a_restart() -> None:
    _, operator, vm = running(resources=ROOM)
    plan = operator.settle(changed(vm, resources={**ROOM, "maxVcpu": 8, "maxMemory": "2Gi"}))
    assert sorted((c.field, c.disruption.word) for c in plan.pending) == [
        ("resources.maxMemory", "NeedsRestart"),
        ("resources.maxVcpu", "NeedsRestart"),
    ]


def test_room_for_cpus_is_made_at_a_start_even_where_there_is_no_more_of_it() -> None:
    _, operator, vm = running(resources={"vcpu": 2})
    plan = operator.settle(changed(vm, resources={"vcpu": 2, "maxVcpu": 2}))
    assert [(c.field, c.disruption.word) for c in plan.pending] == [("resources.maxVcpu", "NeedsRestart")]


def test_a_guest_that_gives_no_memory_back_says_so_and_is_not_to_be_restarted() -> None:
    world, operator, vm = running(resources=ROOM)
    world.driver, world.balloon = False, 512 * MIB
    plan = operator.settle(changed(vm, resources={**ROOM, "memory": "256Mi"}))
    assert [a.memory for a in operator.done if isinstance(a, act.SetMemory)] == [256 * MIB]
    assert not plan.pending and "has 512Mi" in plan.held[0]


def test_cpus_that_the_guest_keeps_are_asked_for_some_times_and_then_wait_for_a_restart() -> None:
    world, operator, vm = running(resources=ROOM)
    fewer = changed(vm, resources={**ROOM, "vcpu": 1})
    for _ in range(TRIES):
        (action,) = [a for a in operator.plan(fewer).actions if isinstance(a, act.SetVcpus)]
        operator.memory = note_refusal(operator.memory, action)
    plan = operator.settle(fewer)
    assert [(c.field, c.new, c.disruption.word) for c in plan.pending] == [
        ("resources.vcpu", "1 of 4 (the running guest does not let go)", "NeedsRestart")
    ]
    assert of(world)[1] == 1, "the next start has them"
    assert not operator.plan(changed(vm, resources=ROOM)).pending
    operator.settle(changed(vm, resources=ROOM))
    assert any(isinstance(a, act.SetVcpus) for a in operator.plan(fewer).actions), "who takes it back and asks again is heard"


def test_each_run_is_asked_anew() -> None:
    world, operator, vm = running(resources=ROOM)
    fewer = changed(vm, resources={**ROOM, "vcpu": 1})
    for _ in range(TRIES):
        operator.memory = note_refusal(operator.memory, act.SetVcpus("", 1, ""))
        operator.plan(fewer)
    operator.settle(fewer)
    world.crash()
    Operator.settle(operator, fewer)
    assert not operator.memory.refused and world.domain and world.domain.live and world.domain.live.vcpus_left == 1
