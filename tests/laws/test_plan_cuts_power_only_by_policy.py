"""Power is cut only when the grace period is over and onTimeout says Force, when there is none, or when asked for (invariant 3).

Also: nothing is undefined or deleted while the machine is wanted, and a retained disk never (invariant 2).
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_disks import ReclaimPolicy
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.machine.identity import disk_path
from homeostat.planner.observed import RememberedActs
from tests.unit.driving import Operator
from tests.unit.machines import HAPPENINGS, Spec, deleted, edits, flat, happen, machine, specs
from tests.unit.world import ROOT, World


def watch(world: World, vm: VirtualMachine, action: Action, memory: RememberedActs, now: float) -> None:
    match action:
        case act.PowerOffDomain():
            assert may_cut_power(world, vm, memory, now), action
        case act.UndefineDomain() | act.DeleteDirectory() | act.ReleaseResource():
            assert vm.deleting
        case act.DeleteFile(path):
            assert vm.deleting and path not in retained(vm)


def may_cut_power(world: World, vm: VirtualMachine, memory: RememberedActs, now: float) -> bool:
    policy = vm.spec.shutdown
    if policy.on_timeout == "Force":
        since = memory.shutdown_since
        if policy.grace_period_seconds == 0 or (since is not None and now - since >= policy.grace_period_seconds):
            return True
    if vm.deleting:
        return vm.metadata.deletion_grace_period_seconds == 0
    assert world.domain is not None and world.domain.record is not None
    off = vm.spec.run_strategy == "Halted" or (vm.spec.run_strategy == "Manual" and vm.spec.power in (None, "Stopped"))
    return off and (vm.spec.powered_off_at or "") != world.domain.record.powered_off_at


def retained(vm: VirtualMachine) -> set[str]:
    keep = ReclaimPolicy.RETAIN
    return {disk_path(ROOT, vm, d.name) for d in vm.spec.disks if (d.reclaim_policy or vm.spec.reclaim_policy) is keep}


@given(specs(), st.lists(edits() | st.sampled_from(sorted(HAPPENINGS)), max_size=8), st.sampled_from([None, 0]))
def test_power_and_files_are_safe_whatever_happens(fields: Spec, steps: list[Spec | str], grace: int | None) -> None:
    world = World()
    operator = Operator(world, watch=watch)
    vm = machine(**flat(fields))
    operator.settle(vm)
    for step in steps:
        if isinstance(step, str):
            happen(world, step)
        else:
            fields = {**fields, **step}
            vm = machine(**flat(fields))
        for _ in range(3):  # not to rest: what is asked for changes while something is under way
            operator.reconcile(vm)
            world.tick()
            operator.now += 7
    kept = retained(vm) & set(world.disks)
    world.obedient = world.obedient or vm.spec.shutdown.on_timeout == "Wait"
    operator.settle(deleted(vm, grace))
    assert world.released and world.domain is None
    assert kept <= set(world.disks)
