"""Laws of a deployment's plan, over random histories of edits, failures and operators that are killed. Each step is watched: see
fleet.Fleet.step for the availability invariant (DESIGN §6.6), the ceiling, and the names."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.deployment import RollingUpdate, Strategy, VirtualMachineDeployment
from homeostat.planner.deployment import plan_deployment
from homeostat.planner.plan import Converged, Stalled, Waiting
from tests.unit.fleet import Fleet, deployment, edited, names, template

REFUSALS = {
    "admit": None,
    "refuse": Waiting("MachinesRefused", "the plugin is disabled"),
    "batch": Stalled("RunsToCompletion", "the plugin is of type batch"),
}
DOUBTS = ["away", "away", "back", "restart", "drift"]  # after these not all is known, or not all that serves is ready
GOOD = [
    template(),
    template(vcpu=2),
    template(label="gold"),
    template(size="2Gi"),
    template(probe="/"),
    template(nics=("lan",)),
    template(vcpu=2, probe="/x"),
]
ANY = [
    *GOOD,
    *(template(quality) for quality in ("never", "fades", "late", "crash")),
    template(probe="/bad"),
    template(nics=("missing",)),
]

shares = st.sampled_from([0, 1, 2, 5, "20%", "25%", "50%", "100%"])


@st.composite
def strategies(draw: st.DrawFn, stateful: bool) -> Strategy:
    if draw(st.integers(0, 4)) == 0:
        return Strategy(type="Recreate")
    surge, missing = draw(shares), draw(shares)
    if missing == 0 and (surge == 0 or stateful):
        missing = 1
    return Strategy(rolling_update=RollingUpdate(max_surge=surge, max_unavailable=missing))


@st.composite
def deployments(draw: st.DrawFn) -> VirtualMachineDeployment:
    stateful = draw(st.sampled_from([False, False, True]))
    return edited(
        deployment(draw(st.integers(0, 5)), draw(st.sampled_from(GOOD))),
        stateful=stateful,
        strategy=draw(strategies(stateful)),
        min_ready_seconds=draw(st.sampled_from([0, 0, 7])),
        auto_rollback=draw(st.booleans()),
        progress_deadline_seconds=draw(st.sampled_from([30, 600])),
        revision_history_limit=draw(st.sampled_from([0, 1, 10])),
    )


edits = st.one_of(
    st.sampled_from(ANY).map(lambda t: {"template": t}),
    st.sampled_from(ANY).map(lambda t: {"template": t}),
    st.integers(0, 6).map(lambda n: {"replicas": n}),
    st.booleans().map(lambda p: {"paused": p}),
    st.sampled_from([None, 1, 2, 9]).map(lambda n: {"rollback_to": n}),
    st.sampled_from(["t1", "t2"]).map(lambda t: {"restarted_at": t}),
    strategies(True).map(lambda s: {"strategy": s}),
)
failures = st.tuples(st.sampled_from(["kill", "delete", "stick", "heal", "plugin", *DOUBTS, *REFUSALS]), st.integers(0, 9))
waits = st.sampled_from([0.0, 1.0, 6.0, 40.0, 700.0])
histories = st.lists(st.tuples(edits | failures, st.integers(0, 6), waits), max_size=8)


def happen(fleet: Fleet, what: str, number: int) -> None:
    machines = fleet.living()
    match what:
        case "heal":
            fleet.heal()
        case "plugin":
            fleet.plugin = f"v{number}"
        case "admit" | "refuse" | "batch":
            fleet.refusal = REFUSALS[what]
        case "away":
            fleet.leave(("a", "b", "ab")[number % 3])
        case "back":
            fleet.come_back()
        case "restart":
            fleet.restart_operator()
        case _ if not machines:
            pass
        case "kill":
            fleet.kill(machines[number % len(machines)].name)
        case "delete":
            fleet.delete(machines[number % len(machines)].name)
        case "drift":
            machines[number % len(machines)].drifted = True
        case "stick":
            machines[number % len(machines)].stuck = True


def live_through(fleet: Fleet, vmd: VirtualMachineDeployment, history: Any, lives: random.Random | None = None) -> Any:
    for event, steps, wait in history:
        if isinstance(event, dict):
            vmd = edited(vmd, **event)
        else:
            happen(fleet, *event)
        for _ in range(steps):
            fleet.step(vmd, lives.choice([0, 1, 2, None]) if lives else None)
        until = fleet.now + wait
        for _ in range(40):
            if fleet.now >= until:
                break
            fleet.step(vmd, lives.choice([0, 1, 2, None]) if lives else None)
    return vmd


@given(deployments(), histories, st.sampled_from([0.0, 3.0, 70.0]), st.sampled_from(GOOD), st.randoms(use_true_random=False))
def test_whatever_happened_it_ends_with_its_machines_of_its_template(
    vmd: VirtualMachineDeployment, history: Any, slow: float, last: Any, dice: random.Random
) -> None:
    fleet = Fleet(slow=slow)
    vmd = live_through(fleet, vmd, history, dice)

    fleet.heal()
    fleet.refusal = None
    vmd = edited(vmd, paused=False, rollback_to=None, template=last)
    plan = fleet.settle(vmd)

    assert fleet.names() == names(vmd.spec.replicas)
    assert plan.target is not None
    assert fleet.followed() <= {plan.target.revision.fingerprint}
    assert isinstance(plan.outcome, Converged)
    if not vmd.spec.auto_rollback:
        assert plan.target.revision.template == last
    for later in (0.0, 1.0, 59.0, 601.0, 1e6):
        fleet.pass_time(later)
        assert fleet.plan(vmd).actions == ()


@settings(max_examples=settings.default.max_examples // 3)
@given(deployments(), histories)
def test_a_plan_depends_on_nothing_but_what_is(vmd: VirtualMachineDeployment, history: Any) -> None:
    fleet = Fleet()
    vmd = live_through(fleet, vmd, history)
    observed = fleet.observe()
    shuffled = replace(observed, replicas=observed.replicas[::-1], revisions=observed.revisions[::-1])
    assert plan_deployment(vmd, observed, fleet.now) == plan_deployment(vmd, shuffled, fleet.now)


@settings(max_examples=settings.default.max_examples // 3)
@given(deployments(), histories, st.sampled_from(GOOD), st.randoms(use_true_random=False))
def test_an_operator_killed_after_any_action_ends_where_an_unhurt_one_does(
    vmd: VirtualMachineDeployment, history: Any, last: Any, dice: random.Random
) -> None:
    start = Fleet()
    vmd = edited(live_through(start, vmd, history), paused=False, rollback_to=None, template=last, auto_rollback=False)
    start.heal()
    start.refusal = None
    ends = []
    for kills in (False, True):
        fleet = start.copy()
        for _ in range(30 if kills else 0):
            fleet.step(vmd, dice.choice([0, 1, 2, None]))
        fleet.settle(vmd)
        ends.append((fleet.names(), fleet.followed(), {n: r.spec for n, r in fleet.revisions.items()}))
    assert ends[0] == ends[1]


@settings(max_examples=settings.default.max_examples // 3)
@given(deployments(), histories)
def test_history_is_kept_within_its_limit(vmd: VirtualMachineDeployment, history: Any) -> None:
    fleet = Fleet()
    vmd = live_through(fleet, vmd, history)
    fleet.heal()
    fleet.refusal = None
    vmd = edited(vmd, paused=False, rollback_to=None, template=GOOD[0], auto_rollback=False)
    fleet.settle(vmd)
    followed = fleet.followed() or {fleet.revisions[max(fleet.revisions)].spec.fingerprint}
    idle = [r for r in fleet.revisions.values() if r.spec.fingerprint not in followed]
    # With no machines, the last good revision is kept besides.
    assert len(idle) <= vmd.spec.revision_history_limit + (0 if vmd.spec.replicas else 1)


@settings(max_examples=settings.default.max_examples // 3)
@given(deployments(), histories)
def test_nothing_flaps_also_where_machines_stay_broken(vmd: VirtualMachineDeployment, history: Any) -> None:
    fleet = Fleet()
    vmd = live_through(fleet, vmd, history)
    done = 0
    for steps in (300, 60):
        done = len(fleet.log)
        for _ in range(steps):
            before = fleet.now
            fleet.step(vmd)
            if fleet.now == before:
                return
    assert len(fleet.log) == done, fleet.log[done:]


comings = st.lists(st.tuples(st.sampled_from(["away", "back", "restart"]), st.integers(0, 9), waits), max_size=8)


@settings(max_examples=settings.default.max_examples // 3)
@given(deployments(), st.sampled_from(GOOD), comings)
def test_no_template_is_given_up_because_its_hosts_were_away(vmd: VirtualMachineDeployment, new: Any, history: Any) -> None:
    fleet = Fleet()
    vmd = edited(vmd, auto_rollback=True, paused=False)
    fleet.settle(vmd)
    vmd = edited(vmd, template=new)
    for what, number, wait in history:
        happen(fleet, what, number)
        until = fleet.now + wait
        while fleet.now < until:
            before = fleet.now
            fleet.step(vmd)
            if fleet.now == before:
                fleet.pass_time(until - fleet.now)
    fleet.come_back()
    fleet.settle(vmd)
    assert [r.spec.failed for r in fleet.revisions.values() if r.spec.failed] == []
    assert fleet.names() == names(vmd.spec.replicas)
