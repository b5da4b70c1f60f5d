"""Revisions, rollbackTo, and what paused holds back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment.observed import Revision
from homeostat.planner.deployment.revision import choose_target
from homeostat.planner.plan import Converged, Stalled
from tests.unit.fleet import Fleet, deployment, edited, names, template


def rolled(*vcpus: int, **spec: Any) -> tuple[Fleet, Any]:
    """One rollout after the other."""
    fleet, vmd = Fleet(), deployment(2, **spec)
    for vcpu in vcpus:
        vmd = edited(vmd, template=template(vcpu=vcpu))
        fleet.settle(vmd)
    return fleet, vmd


def test_old_revisions_are_kept_up_to_the_limit() -> None:
    fleet, _ = rolled(1, 2, 3, 4, revisionHistoryLimit=2)
    assert sorted(fleet.revisions) == [2, 3, 4]
    assert all(r.spec.succeeded for r in fleet.revisions.values())


def test_without_history_the_last_good_one_stays_while_another_is_tried() -> None:
    fleet, vmd = rolled(1, 2, revisionHistoryLimit=0)
    assert sorted(fleet.revisions) == [2]
    vmd = edited(vmd, template=template("never"))
    for _ in range(10):
        fleet.step(vmd)
    assert sorted(fleet.revisions) == [2, 3]


def test_also_where_no_machine_follows_it_any_more() -> None:
    fleet, vmd = rolled(1, 2, revisionHistoryLimit=0, strategy={"type": "Recreate"}, autoRollback=True)
    vmd = edited(vmd, template=template("never"))
    fleet.settle(vmd)
    assert fleet.followed() == {fleet.revision(2).fingerprint}


def test_a_template_used_before_takes_a_new_number() -> None:
    fleet, _ = rolled(1, 2, 1)
    assert sorted(fleet.revisions) == [2, 3]
    assert fleet.revision(3).template == template()
    assert fleet.revision(3).cause == "the template changed"


def test_rollback_to_a_revision_follows_it_as_long_as_it_is_asked_for() -> None:
    fleet, vmd = rolled(1, 2)
    back = edited(vmd, rollback_to=1)
    assert fleet.settle(back).outcome == Converged("RolledBack", "rollbackTo: 1")
    assert fleet.followed() == {fleet.revision(1).fingerprint}
    fleet.settle(vmd)
    assert fleet.followed() == {fleet.revision(2).fingerprint}


def test_rollback_to_a_revision_that_is_not_there_changes_nothing() -> None:
    fleet, vmd = rolled(1, 2)
    plan = fleet.plan(edited(vmd, rollback_to=7))
    assert plan.actions == ()
    assert plan.outcome == Stalled("NoSuchRevision", "rollbackTo: there is no revision 7; there are 1, 2")


def test_before_there_is_any_revision_there_is_none_to_go_back_to() -> None:
    fleet = Fleet()
    fleet.settle(edited(deployment(2), rollback_to=1))
    assert sorted(fleet.revisions) == [1] and fleet.names() == names(2)


def test_paused_holds_a_new_template_back_while_scaling_goes_on() -> None:
    fleet, vmd = rolled(1, paused=True)
    vmd = edited(vmd, template=template(vcpu=2), replicas=3)
    plan = fleet.settle(vmd)
    assert plan.outcome.reason == "Paused"
    assert fleet.names() == names(3)
    assert fleet.followed() == {fleet.revision(1).fingerprint}
    fleet.settle(edited(vmd, paused=False))
    assert fleet.followed() == {fleet.revision(2).fingerprint}


def test_paused_stops_a_rollout_where_it_is() -> None:
    fleet, vmd = rolled(1)
    vmd = edited(vmd, template=template(vcpu=2))
    fleet.step(vmd)
    fleet.step(vmd)
    paused = edited(vmd, paused=True)
    before = fleet.settle(paused).outcome
    assert before.reason == "Paused"
    assert fleet.names() == names(3)  # the first new one, a stand-in, stays to be looked at
    fleet.log.clear()
    fleet.delete("web-1")
    fleet.settle(paused)
    (again,) = (a for a in fleet.log if isinstance(a, act.CreateMachine))
    assert (again.name, again.fingerprint) == ("web-1", fleet.revision(1).fingerprint)
    fleet.settle(vmd)
    assert fleet.followed() == {fleet.revision(2).fingerprint}


def test_a_paused_rollout_is_never_late() -> None:
    fleet, vmd = rolled(1, progressDeadlineSeconds=10, autoRollback=True)
    vmd = edited(vmd, template=template("never"))
    fleet.step(vmd)
    fleet.step(vmd)
    fleet.settle(edited(vmd, paused=True))
    fleet.pass_time(1000)
    assert fleet.plan(edited(vmd, paused=True)).outcome.reason == "Paused"
    assert not fleet.revision(2).failed


def test_numbers_that_revisions_of_others_have_are_passed_by() -> None:
    """As where a deployment of this name was deleted, and its machines and revisions were not."""
    fleet, vmd = Fleet(), deployment(1)
    observed = replace(fleet.observe(), foreign_revisions=frozenset({1, 3}))
    first = choose_target(vmd, observed).revision
    assert first.revision == 2
    observed = replace(observed, revisions=(Revision(first, 0.0),))
    assert choose_target(edited(vmd, template=template(vcpu=2)), observed).revision.revision == 4
