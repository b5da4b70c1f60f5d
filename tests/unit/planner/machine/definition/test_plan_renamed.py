"""A domain that someone renamed gets its name back when it is off, and that is said before (CHAOS 9)."""

from __future__ import annotations

from dataclasses import replace

from homeostat.planner import actions as act
from homeostat.planner.plan import Converged
from tests.unit.machines import changed, running
from tests.unit.world import World


def rename(world: World, name: str) -> None:
    """virsh shutdown; virsh domrename; virsh start."""
    domain = world.domain
    assert domain is not None and domain.config is not None
    domain.name, domain.config = name, replace(domain.config, name=name)
    domain.live = domain.live and replace(domain.live, name=name)


def test_chaos_9_renamed_while_it_is_off_it_gets_its_name_back_and_runs() -> None:
    world, operator, vm = running()
    world.destroy()
    rename(world, "other")
    plan = operator.settle(vm)
    assert world.domain is not None and world.domain.name == "web" and world.domain.active
    assert act.RenameDomain in [type(a) for a in operator.done] and isinstance(plan.outcome, Converged)


def test_chaos_9_renamed_and_running_it_is_told_and_kept_until_the_next_boot() -> None:
    world, operator, vm = running()
    rename(world, "other")
    plan = operator.settle(vm)
    assert operator.done == [] and isinstance(plan.outcome, Converged)
    assert [(c.field, c.old, c.new) for c in plan.pending] == [("domain name", "other", "web")]
    operator.settle(changed(vm, restartedAt="now"))
    assert world.domain is not None and world.domain.name == "web" and world.starts == 2


def test_a_spec_that_changes_meanwhile_is_defined_under_the_name_it_has() -> None:
    world, operator, vm = running()
    rename(world, "other")
    operator.settle(changed(vm, resources={"vcpu": 2}))
    assert world.domain is not None and world.domain.config is not None
    assert (world.domain.name, world.domain.config.vcpus) == ("other", 2)


def test_one_that_libvirt_does_not_rename_runs_all_the_same() -> None:
    world, operator, vm = running()
    world.renameable = False
    world.destroy()
    rename(world, "other")
    plan = operator.settle(vm)
    assert world.domain is not None and world.domain.active and world.domain.name == "other"
    assert [c.field for c in plan.pending] == ["domain name"]
    assert [type(a) for a in operator.done].count(act.RenameDomain) == 1


def test_where_drift_is_reported_it_keeps_the_name() -> None:
    world, operator, vm = running(driftPolicy="Report", runStrategy="Halted")
    rename(world, "other")
    plan = operator.settle(vm)
    assert world.domain is not None and world.domain.name == "other"
    assert [c.field for c in plan.drift] == ["domain name"]


def test_one_that_stays_off_gets_its_name_back_once() -> None:
    world, operator, vm = running(runStrategy="Halted")
    rename(world, "other")
    operator.settle(vm)
    assert [type(a) for a in operator.done] == [act.RenameDomain]
    assert world.domain is not None and world.domain.name == "web" and world.starts == 0
