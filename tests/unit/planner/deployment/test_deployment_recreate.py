"""With strategy Recreate no new machine is made while one of the old template is still there, going or not."""

from __future__ import annotations

import pytest

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.planner.deployment import actions as act
from tests.unit.fleet import Fleet, deployment, edited, names, template

RECREATE = {"type": "Recreate"}


def at_rest(replicas: int) -> tuple[Fleet, VirtualMachineDeployment]:
    fleet, vmd = Fleet(slow=30.0), deployment(replicas, strategy=RECREATE)
    fleet.settle(vmd)
    return fleet, vmd


@pytest.mark.parametrize(("before", "after"), [(3, 3), (2, 5), (1, 4), (5, 2)])
def test_the_new_ones_wait_until_the_last_old_one_has_gone(before: int, after: int) -> None:
    """Also those whose names are free: of a deployment that grows with the same change."""
    fleet, vmd = at_rest(before)
    old = fleet.followed()
    new = edited(vmd, template=template(vcpu=2), replicas=after)
    for _ in range(200):
        known = {machine.fingerprint for machine in fleet.machines.values()}
        if any(isinstance(action, act.CreateMachine) for action in fleet.plan(new).actions):
            assert not known & old, "an old one is still going"
        at = fleet.now
        fleet.step(new)
        if fleet.now == at:
            break
    assert fleet.names() == names(after) and not fleet.followed() & old


def test_all_old_ones_go_at_once() -> None:
    fleet, vmd = at_rest(3)
    plan = fleet.plan(edited(vmd, template=template(vcpu=2)))
    assert {a.name for a in plan.actions if isinstance(a, act.DeleteMachine)} == set(names(3))


def test_one_of_the_new_template_that_goes_holds_no_other_back() -> None:
    fleet, vmd = at_rest(3)
    fleet.delete("web-1")
    made = [a.name for a in fleet.plan(edited(vmd, replicas=5)).actions if isinstance(a, act.CreateMachine)]
    assert made == ["web-4", "web-5"]  # web-1's name is in use until it has gone
    fleet.settle(edited(vmd, replicas=5))
    assert fleet.names() == names(5)


def test_a_change_that_running_machines_take_replaces_none() -> None:
    fleet, vmd = at_rest(2)
    born = {machine.created for machine in fleet.living()}
    fleet.settle(edited(vmd, template=template(size="2Gi")))
    assert {machine.created for machine in fleet.living()} == born
