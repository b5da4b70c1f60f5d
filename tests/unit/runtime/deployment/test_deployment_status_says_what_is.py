"""The status of a deployment: its counts are of what was observed, and each condition stands while it is true, no longer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.models.condition import Condition
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat.planner.deployment.plan import DeploymentPlan
from homeostat.planner.plan import Converged, Outcome, Stalled, Waiting
from homeostat.runtime.deployment.status import deployment_status
from tests.unit.fleet import Fleet, deployment, edited, template

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"


def told(fleet: Fleet, vmd: VirtualMachineDeployment, now: str = NOW) -> VirtualMachineDeploymentStatus:
    return deployment_status(vmd, fleet.observe(), fleet.plan(vmd), fleet.now, now)


def settled(replicas: int = 3) -> tuple[Fleet, VirtualMachineDeployment]:
    fleet, vmd = Fleet(), deployment(replicas)
    fleet.settle(vmd)
    return fleet, vmd


def words(status: VirtualMachineDeploymentStatus) -> dict[str, tuple[str, str]]:
    return {condition.type: (condition.status, condition.reason) for condition in status.conditions}


def test_one_that_is_as_it_should_be() -> None:
    fleet, vmd = settled()
    status = told(fleet, vmd)
    assert (status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas) == (3, 3, 3, 3)
    assert status.machines == ("web-1", "web-2", "web-3") and status.revision == 1
    assert status.selector == "homeostat.dev/deployment=web" and status.observed_generation == 1
    assert words(status) == {
        "Ready": ("True", "Available"),
        "Available": ("True", "MinimumMachinesAvailable"),
        "Progressing": ("True", "RolloutComplete"),
    }
    assert all(condition.observed_generation == 1 for condition in status.conditions)


def test_one_that_has_no_machine_yet() -> None:
    status = told(Fleet(), deployment(2))
    assert (status.replicas, status.ready_replicas, status.available_replicas, status.machines) == (0, 0, 0, ())
    assert words(status)["Ready"][0] == "False" and words(status)["Reconciling"][0] == "True"
    assert words(status)["Available"] == ("False", "MachinesUnavailable")
    assert next(c.message for c in status.conditions if c.type == "Available") == "0 of 2 are available"


def test_machines_that_go_do_not_count() -> None:
    fleet, vmd = settled()
    fleet.delete("web-2")
    status = told(fleet, vmd)
    assert (status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas) == (2, 2, 2, 2)
    assert status.machines == ("web-1", "web-3")


def test_those_of_an_older_template_are_not_updated() -> None:
    fleet, vmd = settled()
    new = edited(vmd, template=template(vcpu=2))
    status = told(fleet, new)
    assert (status.replicas, status.updated_replicas, status.available_replicas, status.revision) == (3, 0, 3, 2)
    fleet.settle(new)
    assert told(fleet, new).updated_replicas == 3


def test_what_is_not_known_is_not_ready() -> None:
    fleet, vmd = settled()
    fleet.leave("b")  # web-1 and web-3 are there
    status = told(fleet, vmd)
    assert (status.replicas, status.ready_replicas, status.available_replicas) == (3, 1, 1)


def test_ready_is_available_only_after_its_time() -> None:
    fleet, vmd = Fleet(), deployment(1, minReadySeconds=30)
    while not fleet.machines:
        fleet.step(vmd)
    fleet.pass_time(10)
    status = told(fleet, vmd)
    assert (status.ready_replicas, status.available_replicas) == (1, 0)
    fleet.pass_time(60)
    assert told(fleet, vmd).available_replicas == 1


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Converged("Available"), {"Ready": ("True", "Available"), "Progressing": ("True", "RolloutComplete")}),
        (
            Waiting("Progressing", "1 of 3"),
            {"Ready": ("False", "Progressing"), "Reconciling": ("True", "Progressing"), "Progressing": ("True", "Progressing")},
        ),
        (
            Waiting("ProgressDeadlineExceeded", "no progress"),
            {
                "Ready": ("False", "ProgressDeadlineExceeded"),
                "Reconciling": ("True", "ProgressDeadlineExceeded"),
                "Progressing": ("False", "ProgressDeadlineExceeded"),
            },
        ),
        (
            Stalled("NoSuchRevision", "there is no revision 7"),
            {
                "Ready": ("False", "NoSuchRevision"),
                "Stalled": ("True", "NoSuchRevision"),
                "Progressing": ("True", "NoSuchRevision"),
            },
        ),
    ],
)
def test_each_outcome_has_its_conditions_and_no_others(outcome: Outcome, expected: dict[str, tuple[str, str]]) -> None:
    fleet, vmd = settled()
    plan = replace(fleet.plan(vmd), actions=(), outcome=outcome)
    found = words(deployment_status(vmd, fleet.observe(), plan, fleet.now, NOW))
    assert {kind: word for kind, word in found.items() if kind != "Available"} == expected


def test_one_that_is_about_to_do_something_is_not_ready_though_nothing_is_amiss() -> None:
    fleet, vmd = settled()
    plan = replace(fleet.plan(edited(vmd, replicas=5)), outcome=Converged("Available"))
    assert plan.actions
    assert words(deployment_status(vmd, fleet.observe(), plan, fleet.now, NOW))["Ready"][0] == "False"


def test_the_first_machine_that_fails_is_named_unless_none_can_be_made_at_all() -> None:
    fleet, vmd = settled()
    observed, plan = fleet.observe(), fleet.plan(vmd)
    one, two, three = observed.replicas
    failing = replace(observed, replicas=(one, replace(two, failure="no space"), replace(three, failure="no memory")))
    status = deployment_status(vmd, failing, plan, fleet.now, NOW)
    failure = next(c for c in status.conditions if c.type == "ReplicaFailure")
    assert (failure.status, failure.reason, failure.message) == ("True", "MachineFailed", "web-2: no space")
    refused = replace(failing, refusal=Waiting("MachinesRefused", "there is no plugin 'app'"))
    failure = next(c for c in deployment_status(vmd, refused, plan, fleet.now, NOW).conditions if c.type == "ReplicaFailure")
    assert (failure.reason, failure.message) == ("MachinesRefused", "there is no plugin 'app'")


def test_a_condition_keeps_the_time_since_when_it_is_so() -> None:
    fleet, vmd = settled()
    known = vmd.model_copy(update={"status": told(fleet, vmd)})
    again = told(fleet, known, LATER)
    assert again == known.status
    fleet.delete("web-1")
    changed: dict[str, Condition] = {c.type: c for c in told(fleet, known, LATER).conditions}
    assert changed["Available"].last_transition_time == LATER and changed["Available"].status == "False"


def test_without_a_target_nothing_follows_it() -> None:
    fleet, vmd = settled()
    plan = DeploymentPlan(None, (), Waiting("Terminating", "3 machines are still going"))
    status = deployment_status(vmd, fleet.observe(), plan, fleet.now, NOW)
    assert (status.revision, status.updated_replicas, status.replicas) == (None, 0, 3)
