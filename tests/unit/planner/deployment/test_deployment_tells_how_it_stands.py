"""How a rollout stands: what is said of it, what it waits for, and when time alone changes that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment import plan_deployment
from homeostat.planner.deployment.observed import ObservedDeployment, Replica
from homeostat.planner.deployment.plan import DeploymentPlan
from homeostat.planner.deployment.progress import PROBATION
from homeostat.planner.plan import Converged, Stalled, Waiting
from tests.unit.fleet import Fleet, deleted, deployment, edited, template

REFUSED = Waiting("MachinesRefused", "there is no plugin 'app'")


def settled(replicas: int = 3, **spec: object) -> tuple[Fleet, VirtualMachineDeployment]:
    fleet, vmd = Fleet(), deployment(replicas, **spec)
    fleet.settle(vmd)
    return fleet, vmd


def plan(fleet: Fleet, vmd: VirtualMachineDeployment, **changes: object) -> DeploymentPlan:
    observed: ObservedDeployment = replace(fleet.observe(), **changes)  # type: ignore[arg-type]
    return plan_deployment(vmd, observed, fleet.now)


def test_a_plugin_that_went_is_told_only_where_a_machine_is_missing() -> None:
    fleet, vmd = settled()
    assert plan(fleet, vmd, refusal=REFUSED).outcome == Converged("Available")
    assert plan(fleet, edited(vmd, replicas=4), refusal=REFUSED).outcome.reason == "MachinesRefused"
    assert plan(fleet, vmd, refusal=Stalled("RunsToCompletion", "it ends")).outcome.reason == "RunsToCompletion"


def test_a_rollout_is_under_way_until_it_is_done_once_and_then_machines_are_missing() -> None:
    fleet, vmd = Fleet(), deployment(2)
    assert fleet.plan(vmd).outcome.reason == "Progressing"
    fleet.settle(vmd)
    fleet.delete("web-2")
    assert fleet.plan(vmd).outcome.reason == "MachinesUnavailable"
    changed = edited(vmd, template=template(vcpu=2))
    assert fleet.plan(changed).outcome.reason == "Progressing"
    fleet.settle(changed)
    fleet.delete("web-2")
    assert fleet.plan(changed).outcome.reason == "MachinesUnavailable"
    back = fleet.plan(edited(changed, template=template()))
    assert back.outcome.reason == "Progressing", "to what was done once before, too"


def test_what_hosts_keep_is_waited_for_once_its_machines_have_gone() -> None:
    fleet, vmd = settled(1)
    found = plan(fleet, deleted(vmd), keepers=("b",))
    assert [type(a) for a in found.actions] == [act.DeleteMachine]
    fleet.machines.clear()
    found = plan(fleet, deleted(vmd), keepers=("b",))
    assert found.actions == () and "on b" in found.outcome.message


def test_time_is_up_a_moment_after_the_deadline() -> None:
    fleet, vmd = settled(1, progressDeadlineSeconds=60)
    fleet.step(edited(vmd, template=template("never")))
    after = fleet.plan(edited(vmd, template=template("never"))).after
    assert after is not None and 59.5 < after < 60.1


@pytest.mark.parametrize("left", [0.25, 1.0, 4.0])
def test_it_is_looked_at_again_when_a_machine_was_ready_for_long_enough(left: float) -> None:
    fleet, vmd = settled(1, minReadySeconds=10)
    ready = tuple(replace(r, ready_since=fleet.now - 10 + left) for r in fleet.observe().replicas)
    assert plan(fleet, vmd, replicas=ready).after == pytest.approx(left)


def test_a_rollout_that_is_paused_has_no_deadline() -> None:
    fleet, vmd = settled()
    changed = edited(vmd, template=template("never"))
    fleet.step(changed)
    fleet.step(changed)
    held = edited(changed, paused=True)
    assert fleet.plan(changed).after is not None and fleet.plan(held).after is None
    fleet.now += 3_600
    assert fleet.plan(held).outcome.reason == "Paused"


@pytest.mark.parametrize(("foreign", "blocked"), [({4}, True), ({3}, True), ({5}, False), (set(), False)])
def test_a_name_that_another_has_matters_only_where_it_is_wanted(foreign: set[int], blocked: bool) -> None:
    fleet, vmd = settled()
    found = plan(fleet, edited(vmd, replicas=4), foreign=frozenset(foreign))
    if 3 in foreign:
        fleet.delete("web-3")
        found = plan(fleet, edited(vmd, replicas=4), foreign=frozenset(foreign))
    assert (found.outcome.reason == "NameTaken") is blocked
    assert not blocked or f"web-{min(foreign)}" in found.outcome.message


def test_a_name_is_waited_for_while_who_has_it_goes() -> None:
    fleet, vmd = settled()
    found = plan(fleet, edited(vmd, replicas=4), leaving=frozenset({4}))
    assert found.outcome.reason == "MachinesUnavailable" and not found.actions


def test_a_stand_in_does_not_complete_a_deployment_that_lacks_one_of_its_own() -> None:
    fleet, vmd = settled()
    fleet.machines["web-4"] = replace(fleet.machines.pop("web-3"), name="web-4")
    assert fleet.plan(vmd).outcome.reason != "Available" and fleet.plan(vmd).actions
    fleet.settle(vmd)
    assert fleet.names() == ["web-1", "web-2", "web-3"] and fleet.plan(vmd).outcome == Converged("Available")


def test_what_a_revision_is_for() -> None:
    fleet, vmd = settled(1)
    for change, cause in (
        ({"restarted_at": "t1"}, "restartedAt: t1"),
        ({"restarted_at": "t1", "template": template(vcpu=2)}, "the template changed"),
        ({"restarted_at": "t2", "template": template(vcpu=3)}, "the template changed"),
        ({"restarted_at": "t3", "template": template(vcpu=3)}, "restartedAt: t3"),
    ):
        vmd = edited(vmd, **change)
        fleet.settle(vmd)
        newest = max(fleet.revisions)
        assert fleet.revision(newest).cause == cause
    fleet.plugin = "other"
    fleet.settle(vmd)
    assert fleet.revision(max(fleet.revisions)).cause == "the plugin changed"


def test_old_revisions_go_oldest_first() -> None:
    fleet, vmd = settled(1, revisionHistoryLimit=10)
    for vcpu in range(2, 7):
        fleet.settle(edited(vmd, template=template(vcpu=vcpu)))
    found = fleet.plan(edited(vmd, template=template(vcpu=6), revision_history_limit=1))
    assert [a.revision for a in found.actions if isinstance(a, act.ForgetRevision)] == [1, 2, 3, 4]


@pytest.mark.parametrize("rollback", [True, False])
def test_a_proven_rollout_is_not_looked_at_again(rollback: bool) -> None:
    fleet, vmd = settled(2, autoRollback=rollback)
    assert fleet.plan(vmd).after is None
    fleet.kill("web-1")
    fleet.pass_time(6)  # it serves again
    assert fleet.plan(vmd).outcome == Converged("Available") and fleet.plan(vmd).after is None


def test_one_on_probation_is_looked_at_when_that_ends() -> None:
    fleet, vmd = settled(1, autoRollback=True)
    new = edited(vmd, template=template(vcpu=2))
    fleet.settle(new, until=fleet.now + 15)
    while fleet.plan(new).outcome != Converged("Available"):
        fleet.step(new)
    after = fleet.plan(new).after
    assert after is not None and 0 < after <= PROBATION
    fleet.settle(new)
    assert fleet.revision(2).succeeded and fleet.plan(new).after is None


def test_a_machine_that_goes_serves_no_more_whatever_was_known_of_it() -> None:
    known = Replica("web-1", 1, "f", 0.0, ready_since=10.0)
    assert (known.available(5, 20), known.serves(5, 20), known.may_serve) == (True, True, True)
    going = replace(known, deleting=True)
    assert (going.available(5, 20), going.serves(5, 20), going.may_serve) == (False, False, False)
    lost = replace(known, unknown=True)
    assert (lost.available(5, 20), lost.serves(5, 20), lost.may_serve) == (False, False, True)
    assert known.available(5, 15) and not known.available(5, 14.9)
    assert not replace(known, ready_since=None).may_serve
    drifted = replace(known, ready_since=None, serving_since=10.0)
    assert (drifted.available(0, 20), drifted.serves(0, 20), drifted.may_serve) == (False, True, True)


def test_while_paused_new_machines_follow_what_is_proven() -> None:
    fleet, vmd = settled(2)
    held = edited(vmd, template=template(vcpu=2), paused=True)
    fleet.settle(held)
    fleet.delete("web-2")
    fleet.settle(edited(held, replicas=3))
    assert {m.template.spec.resources.vcpu for m in fleet.living()} == {1} and fleet.names() == ["web-1", "web-2", "web-3"]
    assert fleet.plan(edited(held, replicas=3)).outcome.reason == "Paused"
