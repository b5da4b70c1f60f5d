"""With autoRollback a bad template ends on the last good revision and says why; a good one never does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment import plan_deployment
from homeostat.planner.deployment.observed import Replica
from homeostat.planner.plan import Converged, Waiting
from tests.unit.fleet import Fleet, deployment, edited, names, template

BAD = {quality: template(quality) for quality in ("never", "fades", "late", "crash")} | {
    "probe": template(probe="/bad"),
    "network": template(nics=("missing",)),
}
POLICIES: list[dict[str, Any]] = [
    {},
    {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}},
    {"strategy": {"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": "50%"}}, "minReadySeconds": 2},
    {"strategy": {"type": "Recreate"}},
    {"strategy": {"rollingUpdate": {"maxUnavailable": "100%"}}},
]


def served(replicas: int = 3, **spec: Any) -> tuple[Fleet, VirtualMachineDeployment]:
    """A deployment at rest, on its first and good template."""
    fleet, vmd = Fleet(), deployment(replicas, autoRollback=True, progressDeadlineSeconds=100, **spec)
    fleet.settle(vmd)
    assert fleet.revision(1).succeeded
    return fleet, vmd


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("replicas", [1, 4])
def test_a_bad_template_ends_on_the_last_good_one(bad: str, policy: dict[str, Any], replicas: int) -> None:
    fleet, vmd = served(replicas, **policy)
    vmd = edited(vmd, template=BAD[bad])
    plan = fleet.settle(vmd)

    assert fleet.followed() == {fleet.revision(1).fingerprint}
    assert fleet.names() == names(replicas)
    assert fleet.revision(2).failed.startswith("revision 2 was given up: ")
    assert plan.outcome == Converged("RolledBack", fleet.revision(2).failed)
    assert fleet.now < 1_000_000 + 600


def test_the_last_good_one_is_the_newest_of_them() -> None:
    fleet, vmd = served()
    for vcpu in (2, 3):
        fleet.settle(edited(vmd, template=template(vcpu=vcpu)))
    assert fleet.revision(3).succeeded
    fleet.settle(edited(vmd, template=BAD["never"]))
    assert fleet.followed() == {fleet.revision(3).fingerprint}


def test_a_rollout_that_was_cut_short_is_no_good_one() -> None:
    fleet, vmd = served()
    fleet.step(edited(vmd, template=template("never", vcpu=2)))
    fleet.settle(edited(vmd, template=BAD["never"]))
    assert not fleet.revision(2).failed and fleet.followed() == {fleet.revision(1).fingerprint}


def test_what_was_proven_once_is_not_given_up_for_a_failure_later() -> None:
    fleet, vmd = served()
    vmd = edited(vmd, template=template(vcpu=2))
    fleet.settle(vmd)
    assert fleet.revision(2).succeeded
    for machine in fleet.machines.values():
        machine.stuck = True
    for _ in range(100):
        fleet.step(vmd)
    assert not fleet.revision(2).failed and fleet.followed() == {fleet.revision(2).fingerprint}


def test_it_says_what_it_was_that_failed() -> None:
    fleet, vmd = served()
    fleet.settle(edited(vmd, template=BAD["never"]))
    assert fleet.revision(2).failed == "revision 2 was given up: no progress for 100 s (progressDeadlineSeconds)"

    fleet, vmd = served(2, strategy={"type": "Recreate"})
    fleet.settle(edited(vmd, template=BAD["late"]))
    assert "lost its health, and only 0 of 2 are available" in fleet.revision(2).failed


def test_a_crash_loop_that_is_ready_now_and_then_is_no_progress() -> None:
    fleet, vmd = served(3, strategy={"rollingUpdate": {"maxUnavailable": 2}})
    vmd = edited(vmd, template=BAD["crash"])
    fleet.step(vmd)
    again, now = fleet.revision(2).fingerprint, fleet.now + 5000
    ready = [Replica(f"web-{i}", i, again, now - 4000, now - 1) for i in (1, 2)]
    lost = Replica("web-3", 3, again, now - 4000, None, lost=True)
    observed = replace(fleet.observe(), replicas=(*ready, lost))
    (failed,) = plan_deployment(vmd, observed, now).actions
    assert isinstance(failed, act.RecordRevision)
    assert "no progress for 100 s" in failed.revision.failed


def test_it_says_what_the_new_machine_waited_for() -> None:
    fleet, vmd = served(1)
    vmd = edited(vmd, template=BAD["never"])
    fleet.step(vmd)
    new, now = fleet.revision(2).fingerprint, fleet.now + 101
    waiting = Replica("web-2", 2, new, fleet.now, None, waits="port 81: connection refused")
    (failed,) = plan_deployment(vmd, replace(fleet.observe(), replicas=(waiting,)), now).actions
    assert isinstance(failed, act.RecordRevision)
    assert failed.revision.failed.endswith("(progressDeadlineSeconds); web-2: port 81: connection refused")


def test_what_breaks_soon_after_the_rollout_is_complete_is_its_fault() -> None:
    fleet, vmd = served(1)
    vmd = edited(vmd, template=BAD["late"])
    fleet.settle(vmd, until=fleet.now + 15)
    assert fleet.plan(vmd).outcome == Converged("Available")
    assert not fleet.revision(2).succeeded
    fleet.settle(vmd)
    assert fleet.followed() == {fleet.revision(1).fingerprint}


def test_without_it_a_bad_rollout_stops_and_says_so() -> None:
    fleet, vmd = Fleet(), deployment(3, progressDeadlineSeconds=100)
    fleet.settle(vmd)
    vmd = edited(vmd, template=BAD["never"])
    plan = fleet.settle(vmd)
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.reason == "ProgressDeadlineExceeded"
    assert fleet.available(vmd) == 3


def test_the_first_template_has_nothing_to_return_to() -> None:
    fleet, vmd = Fleet(), deployment(2, of=BAD["never"], autoRollback=True, progressDeadlineSeconds=100)
    plan = fleet.settle(vmd)
    assert not fleet.revision(1).failed
    assert isinstance(plan.outcome, Waiting) and plan.outcome.reason == "ProgressDeadlineExceeded"
    assert plan.outcome.message.endswith("; autoRollback stays with it: no earlier revision is known to be good")
    without = fleet.plan(edited(vmd, auto_rollback=False)).outcome
    assert isinstance(without, Waiting) and "autoRollback" not in without.message


def test_a_new_template_after_a_failed_one_is_rolled_out() -> None:
    fleet, vmd = served()
    fleet.settle(edited(vmd, template=BAD["fades"]))
    vmd = edited(vmd, template=template(vcpu=2))
    assert fleet.settle(vmd).outcome == Converged("Available")
    assert fleet.revision(3).template == template(vcpu=2)
    assert fleet.followed() == {fleet.revision(3).fingerprint}


def test_a_failed_template_that_is_applied_again_is_tried_once_more_and_no_more() -> None:
    fleet, vmd = served()
    bad = edited(vmd, template=BAD["never"])
    fleet.settle(bad)
    assert fleet.plan(bad).actions == ()  # the same document again is nothing new

    fleet.settle(vmd)  # back to the good one, which is good at once
    assert fleet.revision(3).succeeded
    done = len(fleet.log)
    fleet.settle(bad)
    assert fleet.revision(4).failed
    assert done < len(fleet.log)
    assert fleet.followed() == {fleet.revision(3).fingerprint}
    fleet.pass_time(1e5)
    assert fleet.plan(bad).actions == ()


def test_a_plugin_version_that_fails_is_rolled_back_like_a_template() -> None:
    fleet, vmd = served()
    fleet.plugin, vmd = "v2", edited(vmd, template=BAD["crash"])
    fleet.settle(vmd)
    assert fleet.followed() == {fleet.revision(1).fingerprint}
    fleet.plugin, vmd = "v3", edited(vmd, template=template())
    fleet.settle(vmd)
    assert fleet.followed() == {fleet.revision(3).fingerprint}


@settings(max_examples=settings.default.max_examples // 3)
@given(
    st.sampled_from(POLICIES),
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(["kill", "delete"]), st.integers(0, 5), st.sampled_from([0.5, 4.0, 30.0])), max_size=6),
)
def test_a_good_template_is_never_rolled_back(policy: dict[str, Any], replicas: int, failures: Any) -> None:
    fleet, vmd = served(replicas, **policy)
    vmd = edited(vmd, template=template(vcpu=2))
    for what, number, wait in failures:
        fleet.settle(vmd, until=fleet.now + wait)
        machines = fleet.living()
        if machines:
            name = machines[number % len(machines)].name
            fleet.kill(name) if what == "kill" else fleet.delete(name)
    fleet.settle(vmd)
    assert not fleet.revision(2).failed
    assert fleet.followed() == {fleet.revision(2).fingerprint}
