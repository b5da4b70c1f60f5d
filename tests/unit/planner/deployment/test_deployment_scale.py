"""Names, scaling, and what unhealthy machines may hold up."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from homeostat.models.deployment import share_of
from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment.plan import plan_deployment
from homeostat.planner.plan import Stalled, Waiting
from tests.unit.fleet import Fleet, deleted, deployment, edited, names, template


def created(fleet: Fleet) -> list[str]:
    return [a.name for a in fleet.log if isinstance(a, act.CreateMachine)]


def removed(fleet: Fleet) -> list[str]:
    return [a.name for a in fleet.log if isinstance(a, act.DeleteMachine)]


def settled(replicas: int, **spec: Any) -> tuple[Fleet, Any]:
    fleet, vmd = Fleet(), deployment(replicas, **spec)
    fleet.settle(vmd)
    fleet.log.clear()
    return fleet, vmd


def test_scaling_down_takes_the_highest_and_up_fills_from_the_lowest() -> None:
    fleet, vmd = settled(5)
    fleet.settle(edited(vmd, replicas=2))
    assert removed(fleet) == ["web-5", "web-4", "web-3"]
    fleet.settle(edited(vmd, replicas=4))
    assert created(fleet) == ["web-3", "web-4"]


def test_holes_are_refilled_lowest_first_once_their_names_are_free() -> None:
    fleet, vmd = settled(4)
    fleet.delete("web-3")
    fleet.delete("web-1")
    assert not fleet.plan(vmd).actions
    fleet.settle(vmd)
    assert created(fleet) == ["web-1", "web-3"]


def test_to_zero_and_back() -> None:
    fleet, vmd = settled(3)
    fleet.settle(edited(vmd, replicas=0))
    assert fleet.names() == []
    fleet.settle(vmd)
    assert fleet.names() == names(3)


def test_a_rollout_replaces_the_highest_first_behind_a_stand_in() -> None:
    fleet, vmd = settled(3)
    fleet.settle(edited(vmd, template=template(vcpu=2)))
    assert created(fleet) == ["web-4", "web-3", "web-2", "web-1"]
    assert removed(fleet) == ["web-3", "web-2", "web-1", "web-4"]


def test_recreate_has_none_of_the_new_before_the_last_old_one_is_gone() -> None:
    fleet, vmd = settled(3, strategy={"type": "Recreate"})
    vmd = edited(vmd, template=template(vcpu=2))
    fleet.step(vmd)
    assert fleet.names() == []
    assert not fleet.plan(vmd).actions
    fleet.settle(vmd)
    assert fleet.names() == names(3)


def test_a_machine_that_is_never_ready_blocks_no_scaling() -> None:
    fleet, vmd = settled(3)
    fleet.machines["web-1"].stuck = True
    fleet.settle(edited(vmd, replicas=5))
    assert fleet.names() == names(5)
    fleet.settle(edited(vmd, replicas=2))
    assert fleet.names() == ["web-1", "web-2", "web-3"]  # web-3 stands in, within maxSurge
    assert fleet.available(vmd) == 2
    fleet.heal()
    fleet.settle(edited(vmd, replicas=2))
    assert fleet.names() == names(2)


def test_machines_that_are_never_ready_make_room_for_those_that_are() -> None:
    fleet, vmd = settled(8)
    for name in names(3):
        fleet.machines[name].stuck = True
    vmd = edited(vmd, replicas=3)
    fleet.settle(vmd)
    assert fleet.names() == ["web-1", "web-4", "web-5", "web-6"]
    fleet.heal()
    fleet.settle(vmd)
    assert fleet.names() == names(3)


def test_unhealthy_old_machines_are_replaced_first() -> None:
    fleet, vmd = settled(3)
    fleet.machines["web-1"].stuck = True
    fleet.settle(edited(vmd, template=template(vcpu=2)))
    assert removed(fleet)[0] == "web-1"
    assert fleet.available(vmd) == 3


def test_an_outage_during_a_rollout_does_not_replace_everything_at_once() -> None:
    fleet, vmd = settled(8)
    for machine in fleet.machines.values():
        machine.stuck = True
    vmd = edited(vmd, template=template(vcpu=2))
    fleet.step(vmd)
    fleet.step(vmd)
    assert removed(fleet) == []


def test_a_name_that_another_machine_has_is_said_and_left_alone() -> None:
    fleet, vmd = Fleet(), deployment(2)
    observed = fleet.observe().__class__((), (), foreign=frozenset({1}))
    plan = plan_deployment(vmd, observed, fleet.now)
    assert [a.name for a in plan.actions if isinstance(a, act.CreateMachine)] == ["web-2"]
    assert plan.outcome.reason == "NameTaken"
    assert "web-1" in plan.outcome.message


def test_a_disabled_plugin_makes_no_machines_and_costs_none() -> None:
    fleet, vmd = settled(3, strategy={"rollingUpdate": {"maxUnavailable": 1}})
    fleet.refusal, fleet.plugin = Waiting("MachinesRefused", "plugin 'nginx' is disabled"), "v2"
    assert not fleet.plan(vmd).actions
    fleet.delete("web-2")
    plan = fleet.settle(vmd)
    assert fleet.names() == ["web-1", "web-3"]
    assert plan.outcome.reason == "MachinesRefused"
    fleet.refusal = None
    fleet.settle(vmd)
    assert fleet.names() == names(3)
    assert fleet.revision(2).plugin_fingerprint == "v2"


def test_a_plugin_that_turned_into_a_batch_one_stalls_its_deployment_and_costs_no_machine() -> None:
    fleet, vmd = settled(3)
    fleet.refusal, fleet.plugin = Stalled("RunsToCompletion", "plugin 'job' is of type batch"), "v2"
    vmd = edited(vmd, template=template(vcpu=2))
    for replicas in (3, 5):
        plan = fleet.settle(edited(vmd, replicas=replicas))
        assert plan.outcome == fleet.refusal
        assert fleet.names() == names(3) and list(fleet.revisions) == [1]
    fleet.refusal = None
    fleet.settle(vmd)
    assert fleet.names() == names(3) and fleet.revision(2).plugin_fingerprint == "v2"


def test_a_deleted_deployment_leaves_nothing_behind() -> None:
    fleet, vmd = settled(3)
    vmd = edited(vmd, template=template(vcpu=2))
    for _ in range(3):
        fleet.step(vmd)
    fleet.settle(deleted(vmd))
    assert fleet.released
    assert not fleet.machines
    assert not fleet.revisions


def test_a_stateful_index_is_replaced_one_by_one_and_keeps_its_disks() -> None:
    fleet, vmd = settled(3, stateful=True, strategy={"rollingUpdate": {"maxUnavailable": 1}})
    fleet.settle(edited(vmd, template=template(vcpu=2)))
    steps = [(type(a).__name__[:6], a.name) for a in fleet.log if isinstance(a, (act.CreateMachine, act.DeleteMachine))]
    assert steps == [(what, f"web-{i}") for i in (3, 2, 1) for what in ("Delete", "Create")]
    fleet.settle(edited(vmd, replicas=1))
    assert all(a.keep_disks for a in fleet.log if isinstance(a, act.DeleteMachine))
    fleet.log.clear()
    fleet.settle(deleted(vmd))
    assert not any(a.keep_disks for a in fleet.log if isinstance(a, act.DeleteMachine))


def test_a_stateful_deployment_that_could_never_move_is_refused() -> None:
    with pytest.raises(ValidationError, match="maxUnavailable: 1 or more"):
        deployment(3, stateful=True)
    deployment(3, stateful=True, strategy={"type": "Recreate"})


@pytest.mark.parametrize(
    ("share", "replicas", "up", "down"),
    [(0, 10, 0, 0), (3, 2, 3, 3), ("25%", 10, 3, 2), ("25%", 4, 1, 1), ("25%", 1, 1, 0), ("100%", 7, 7, 7), ("10%", 30, 3, 3)],
)
def test_shares_are_rounded_as_kubernetes_does(share: int | str, replicas: int, up: int, down: int) -> None:
    assert (share_of(share, replicas, up=True), share_of(share, replicas, up=False)) == (up, down)


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": -1},
        {"replicas": 1.5},
        {"replicas": 10_001},
        {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}},
        {"strategy": {"rollingUpdate": {"maxSurge": "101%"}}},
        {"strategy": {"rollingUpdate": {"maxUnavailable": -1}}},
        {"strategy": {"rollingUpdate": {"maxUnavailable": True}}},
        {"rollbackTo": 0},
    ],
)
def test_numbers_that_make_no_sense_are_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        deployment(**{"replicas": 1, **spec})
