"""A deployment whose name leaves no room for the numbers of its machines or revisions says so, and goes on with the rest."""

from __future__ import annotations

import pytest

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.planner.deployment.plan import plan_deployment
from homeostat.planner.plan import Stalled
from tests.unit.fleet import Fleet, deployment, edited, template


def named(letters: int, replicas: int) -> VirtualMachineDeployment:
    vmd = deployment(replicas)
    return vmd.model_copy(update={"metadata": vmd.metadata.model_copy(update={"name": "w" * letters})})


@pytest.mark.parametrize(("letters", "replicas", "made"), [(61, 9, 9), (61, 11, 9), (60, 11, 11), (62, 2, 0)])
def test_machines_are_made_as_far_as_names_go(letters: int, replicas: int, made: int) -> None:
    fleet, vmd = Fleet(), named(letters, replicas)
    fleet.settle(vmd)
    assert len(fleet.names()) == made
    outcome = plan_deployment(vmd, fleet.observe(), fleet.now).outcome
    stalled = isinstance(outcome, Stalled)
    assert stalled == (made < replicas)
    if stalled:
        assert outcome.reason == "NameTooLong" and "64 characters, and a name has at most 63" in outcome.message


def test_a_revision_that_cannot_be_recorded_is_not_rolled_out() -> None:
    fleet, vmd = Fleet(), named(61, 2)
    for vcpu in range(1, 10):
        fleet.settle(edited(vmd, template=template(vcpu=vcpu)))
    assert {machine.template.spec.resources.vcpu for machine in fleet.living()} == {9}
    plan = plan_deployment(edited(vmd, template=template(vcpu=10)), fleet.observe(), fleet.now)
    assert plan.actions == () and isinstance(plan.outcome, Stalled) and "-10, which has 64" in plan.outcome.message
