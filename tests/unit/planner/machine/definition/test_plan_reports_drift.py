"""driftPolicy Report: what others did stays as they left it, and is named field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.planner.domain import DomainConfig
from homeostat.planner.machine.definition.definition import _reason
from homeostat.planner.observed import DomainState
from homeostat.planner.plan import Change, Disruption
from tests.unit.driving import Operator
from tests.unit.machines import OTHERS, Spec, flat, happen, machine, running, specs
from tests.unit.world import World


def left(world: World) -> Any:
    """All but our record, and what libvirt itself says of why. A definition that lags behind the running guest's files follows
    it under every policy, or the next boot would lack what was written: see test_plan_follows_moved_disks."""
    domain = world.domain
    if domain is None:
        return None
    return (
        following(domain.config, domain.live),
        domain.live,
        domain.state,
        domain.autostart,
        domain.saved,
        world.starts,
        world.disks,
    )


def following(config: DomainConfig | None, live: DomainConfig | None) -> DomainConfig | None:
    if config is None or live is None:
        return config
    runs = {disk.name: disk for disk in live.disks}
    on = (replace(d, source=r.source, format=r.format, chain=r.chain) if (r := runs.get(d.name)) else d for d in config.disks)
    return replace(config, disks=tuple(on))


@given(specs(), st.lists(st.sampled_from(sorted(OTHERS)), min_size=1, max_size=5), st.booleans())
def test_nothing_that_others_did_is_undone(fields: Spec, acts: list[str], forgets: bool) -> None:
    vm, world = machine(**flat({**fields, "driftPolicy": "Report"})), World()
    operator = Operator(world)
    operator.settle(vm)
    for act in acts:
        if not happen(world, act):
            continue
        as_left = left(world)
        operator = Operator(world, now=operator.now) if forgets else operator
        operator.settle(vm)
        assert left(world) == as_left, act


@pytest.mark.parametrize(
    ("act", "field", "old", "new"),
    [
        ("virsh destroy", "power", "off (someone cut its power)", "running"),
        ("virsh suspend", "power", "paused (by someone)", "running"),
        ("virsh managedsave", "power", "saved (by someone)", "running"),
        ("virsh edit", "resources.memory", "64Mi", "512Mi"),
        ("virsh autostart --disable", "autostart", "no", "yes"),
        ("virsh detach-interface --live", "nics[lan]", "none", "added"),
        ("virsh undefine", "domain", "undefined by someone else", "defined"),
    ],
)
def test_the_difference_is_named(act: str, field: str, old: str, new: str) -> None:
    world, operator, vm = running(driftPolicy="Report", nics=[{"name": "lan", "network": "default"}])
    assert happen(world, act)
    plan = operator.settle(vm)
    assert operator.done == [] or all(type(a).__name__ == "WriteRecord" for a in operator.done)
    assert (field, old, new) in {(c.field, c.old, c.new) for c in plan.drift}


def test_what_others_took_from_the_running_guest_is_not_told_as_waiting_for_a_start() -> None:
    world, operator, vm = running(driftPolicy="Report", nics=[{"name": "lan", "network": "default"}])
    assert happen(world, "virsh detach-interface --live")
    plan = operator.settle(vm)
    assert "nics[lan]" in [c.field for c in plan.drift]
    assert plan.pending == ()


@pytest.mark.parametrize(("changed", "ends"), [(3, ""), (4, " …")])
def test_of_many_fields_three_are_named(changed: int, ends: str) -> None:
    fields = [Change(f"f{number}", "a", "b", Disruption.LIVE) for number in range(changed)]
    assert _reason(fields, drifted=True) == f"someone else changed f0, f1, f2{ends}"
    assert _reason(fields, drifted=False) == f"the spec changed f0, f1, f2{ends}"


def test_someone_starting_a_halted_machine_is_reported_too() -> None:
    world, operator, vm = running(driftPolicy="Report", runStrategy="Halted")
    world.start()
    plan = operator.settle(vm)
    assert world.domain and world.domain.state is DomainState.RUNNING
    assert [(c.field, c.old) for c in plan.drift] == [("power", "running (started by someone)")]


def test_a_changed_spec_is_carried_out_all_the_same() -> None:
    world, operator, _ = running(driftPolicy="Report")
    operator.settle(machine(driftPolicy="Report", resources={"memory": "1Gi"}))
    assert world.domain and world.domain.config and world.domain.config.memory == 2**30


def test_a_changed_spec_leaves_autostart_as_someone_turned_it() -> None:
    world, operator, _ = running(driftPolicy="Report")
    world.set_autostart(False)
    plan = operator.settle(machine(driftPolicy="Report", resources={"memory": "1Gi"}))
    assert world.domain and not world.domain.autostart
    assert [c.field for c in plan.drift] == ["autostart"]


def test_a_disk_added_by_the_spec_is_attached_though_the_operator_is_killed_before() -> None:
    from tests.unit.driving import Killed

    world, _, _ = running(driftPolicy="Report")
    vm = machine(driftPolicy="Report", disks=[{"name": "data", "size": "1Gi"}])
    killed = Operator(world, lives=2)  # the disk's file, and the definition
    with pytest.raises(Killed):
        killed.settle(vm)
    plan = Operator(world).settle(vm)
    assert world.domain and world.domain.live and [d.name for d in world.domain.live.disks] == ["data"]
    assert plan.drift == ()
