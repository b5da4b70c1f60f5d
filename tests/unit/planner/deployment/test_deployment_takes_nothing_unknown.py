"""What is not known may serve: it is not taken away before enough others serve for certain, proves nothing, and is no failure
(CHAOS 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner.deployment import plan_deployment
from homeostat.planner.deployment.actions import DeleteMachine, RecordRevision
from homeostat.planner.deployment.observed import ObservedDeployment, Replica
from homeostat.planner.plan import Converged
from tests.unit.fleet import Fleet, deployment, edited, template

ALL_BUT_ONE = {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 4}}}
ONE_LESS = {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}
ONE_MORE = {"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}


def last_old_one_is_going() -> tuple[Fleet, ObservedDeployment]:
    """web-2 and the spare web-3 serve; web-1, the last of the older template, does not answer the request to shut down."""
    fleet, vmd = Fleet(slow=60.0), deployment(2, **ONE_MORE)
    fleet.settle(vmd)
    vmd = edited(vmd, template=template(vcpu=2))
    while [m.name for m in fleet.living()] != ["web-2", "web-3"] or fleet.available(vmd) < 2:
        fleet.step(vmd)
    return fleet, fleet.observe()


VMD = edited(deployment(2, **ONE_MORE), template=template(vcpu=2))


def away(replica: Replica) -> Replica:
    return replace(replica, unknown=True, ready_since=None, serving_since=None)


def first_look(replica: Replica) -> Replica:
    return replace(replica, unknown=True)


@pytest.mark.parametrize("doubt", [away, first_look])
def test_chaos_3_the_spare_that_serves_stays_while_its_host_is_away(doubt: object) -> None:
    fleet, observed = last_old_one_is_going()
    doubted = replace(observed, replicas=tuple(doubt(r) for r in observed.replicas))  # type: ignore[operator]
    plan = plan_deployment(VMD, doubted, fleet.now)
    assert plan.actions == ()
    assert not isinstance(plan.outcome, Converged)


@pytest.mark.parametrize("known", ["web-2", "web-3"])
def test_chaos_3_it_stays_while_they_are_known_again_one_by_one(known: str) -> None:
    fleet, observed = last_old_one_is_going()
    some = replace(observed, replicas=tuple(r if r.name == known else away(r) for r in observed.replicas))
    assert plan_deployment(VMD, some, fleet.now).actions == ()


def test_chaos_3_it_goes_once_enough_serve() -> None:
    fleet, _ = last_old_one_is_going()
    fleet.leave("ab")
    fleet.pass_time(6)
    fleet.come_back()
    fleet.settle(VMD)
    assert fleet.names() == ["web-1", "web-2"]


def replicas(serving: int, unknown: int, ready: int | None = None) -> ObservedDeployment:
    """So many of 4 serve for certain (of which ``ready`` are ready), and so many may; all follow the template."""
    fleet = Fleet()
    fleet.settle(deployment(4))
    found = fleet.observe()
    ready = serving if ready is None else ready
    changed = []
    for number, replica in enumerate(found.replicas, 1):
        if number <= ready:
            changed.append(replica)
        elif number <= serving:
            changed.append(replace(replica, ready_since=None))
        else:
            off = replace(replica, ready_since=None, serving_since=None)
            changed.append(replace(off, unknown=number <= serving + unknown))
    return replace(found, replicas=tuple(changed))


def deleted(observed: ObservedDeployment, wanted: int) -> list[str]:
    plan = plan_deployment(deployment(wanted, **ONE_MORE), observed, 1_000_100.0)
    return [action.name for action in plan.actions if isinstance(action, DeleteMachine)]


def test_fewer_replicas_take_the_unknown_only_where_enough_serve() -> None:
    assert deleted(replicas(serving=2, unknown=2), 2) == ["web-4", "web-3"]
    assert deleted(replicas(serving=1, unknown=3), 2) == []
    assert deleted(replicas(serving=1, unknown=2), 2) == ["web-4"], "it is known to be off"
    assert deleted(replicas(serving=0, unknown=4), 2) == []


def test_what_serves_without_being_ready_keeps_the_floor_too() -> None:
    assert deleted(replicas(serving=4, unknown=0, ready=1), 2) == ["web-4", "web-3"]
    assert deleted(replicas(serving=2, unknown=2, ready=1), 2) == ["web-4", "web-3"]


def test_a_stand_in_that_may_be_gone_lets_nobody_go() -> None:
    """web-1 is off and web-3 would stand in for it: only where that is known to serve, web-1 makes room."""
    fleet, vmd = Fleet(), deployment(2)
    fleet.settle(edited(vmd, replicas=3))
    first, second, third = fleet.observe().replicas
    off = replace(first, ready_since=None, serving_since=None)
    unsure = replace(fleet.observe(), replicas=(off, away(second), away(third)))
    vmd = edited(vmd, strategy=deployment(2, **ONE_LESS).spec.strategy)
    assert plan_deployment(vmd, unsure, fleet.now).actions == ()


def test_what_is_not_known_is_neither_lost_nor_late() -> None:
    """With autoRollback."""
    fleet, vmd = Fleet(), deployment(2, autoRollback=True, progressDeadlineSeconds=30, **ONE_MORE)
    fleet.settle(vmd)
    vmd = edited(vmd, template=template(vcpu=2))
    for _ in range(3):
        fleet.step(vmd)
    observed, late = fleet.observe(), fleet.now + 1000.0
    lost = tuple(replace(r, lost=r.index == 3) if r.index == 3 else away(r) for r in observed.replicas)

    def given_up(found: ObservedDeployment) -> bool:
        return any(isinstance(a, RecordRevision) and a.revision.failed for a in plan_deployment(vmd, found, late).actions)

    assert given_up(observed), "it is late where all is known"
    assert not given_up(replace(observed, replicas=tuple(away(r) for r in observed.replicas)))
    assert not given_up(replace(observed, replicas=lost)), "those of which nothing is known may be available"
    assert not given_up(replace(observed, known_since=late - 29.0)), "nor before a whole deadline has passed since"
    assert given_up(replace(observed, known_since=late - 31.0))


def test_after_it_is_known_again_a_rollout_is_proven_anew() -> None:
    fleet, vmd = Fleet(), deployment(1, autoRollback=True)
    fleet.settle(vmd, until=fleet.now + 30)
    observed = fleet.observe()
    later = fleet.now + 1000.0
    proof = plan_deployment(vmd, observed, later).actions
    assert any(isinstance(a, RecordRevision) and a.revision.succeeded for a in proof)
    assert plan_deployment(vmd, replace(observed, known_since=later - 10), later).actions == ()


def test_what_does_not_serve_is_replaced_first_and_then_what_is_not_ready() -> None:
    """Then those that are ready; what may serve, for all that is known, is left for last."""
    found = replicas(serving=2, unknown=1, ready=1)
    newer = edited(deployment(4, **ONE_LESS), template=template(vcpu=2))
    order = []
    while found.replicas:
        loose = edited(newer, replicas=4, strategy=deployment(4, **ALL_BUT_ONE).spec.strategy)
        plan = plan_deployment(loose, found, 1_000_100.0)
        gone = [a.name for a in plan.actions if isinstance(a, DeleteMachine)]
        order += gone
        found = replace(found, replicas=tuple(r for r in found.replicas if r.name not in gone))
        if not gone:
            break
    assert order == ["web-4", "web-2", "web-1", "web-3"]


def test_one_that_serves_without_being_ready_is_looked_at_when_it_has_for_long_enough() -> None:
    fleet, vmd = Fleet(), deployment(1, minReadySeconds=60)
    fleet.settle(vmd)
    (replica,) = fleet.observe().replicas
    now = fleet.now
    late = replace(replica, ready_since=None, serving_since=now - 20.0)
    assert plan_deployment(vmd, replace(fleet.observe(), replicas=(late,)), now).after == 40.0
