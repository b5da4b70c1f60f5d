"""What is done, step by step, with the machines of a deployment that is edited and whose machines fail, without the words it is
told in. After a wanted change: pytest --regenerate-golden, and read the diff.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment.actions import DeploymentAction
from homeostat.planner.deployment.plan import DeploymentPlan
from homeostat.planner.plan import Waiting
from homeostat.runtime.deployment.status import deployment_status
from tests.unit.fleet import Fleet, deleted, deployment, edited, template

FOLDER = Path(__file__).parents[2] / "golden" / "rollouts"
DAY = 86_400.0  # seconds


def rolling(surge: int | str, missing: int | str) -> dict[str, Any]:
    return {"strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": missing}}}


DEPLOYMENTS: dict[str, VirtualMachineDeployment] = {
    "usual": deployment(3),
    "missing": deployment(4, minReadySeconds=8, **rolling(0, 2)),
    "surging": deployment(3, autoRollback=True, progressDeadlineSeconds=60, **rolling(2, "34%")),
    "recreate": deployment(2, strategy={"type": "Recreate"}, revisionHistoryLimit=1),
    "stateful": deployment(3, stateful=True, autoRollback=True, progressDeadlineSeconds=60, **rolling(0, 1)),
}
EDITS: dict[str, dict[str, Any]] = {
    "another template": {"template": template(vcpu=2)},
    "a label": {"template": template(label="front")},
    "a change that is live": {"template": template(nics=("lan",))},
    "a probe that fails": {"template": template(probe="/bad")},
    "one that never serves": {"template": template("never")},
    "one that fades": {"template": template("fades")},
    "one that crashes": {"template": template("crash")},
    "more": {"replicas": 5},
    "fewer": {"replicas": 1},
    "none": {"replicas": 0},
    "fewer of another template": {"replicas": 2, "template": template(vcpu=2)},
    "paused, and another template": {"paused": True, "template": template(vcpu=2)},
    "paused, and more": {"paused": True, "replicas": 5},
    "a restart": {"restarted_at": "t1"},
    "a rollback to what is not there": {"rollback_to": 7},
}
HAPPENINGS: dict[str, Callable[[Fleet], object]] = {
    "one is killed": lambda fleet: fleet.kill("web-1"),
    "one is deleted": lambda fleet: fleet.delete("web-1"),
    "one is stuck": lambda fleet: setattr(fleet.machines["web-2"], "stuck", True),
    "one has drifted": lambda fleet: setattr(fleet.machines["web-2"], "drifted", True),
    "a host leaves": lambda fleet: fleet.leave("a"),
    "all hosts leave": lambda fleet: fleet.leave("ab"),
    "the operator restarts": Fleet.restart_operator,
    "the plugin changes": lambda fleet: setattr(fleet, "plugin", "other"),
    "the plugin goes": lambda fleet: setattr(fleet, "refusal", Waiting("MachinesRefused", "there is no plugin")),
}


def step(action: DeploymentAction) -> str:
    match action:
        case act.CreateMachine(name) | act.UpdateMachine(name):
            return f"{type(action).__name__} {name}"
        case act.DeleteMachine(name, keep_disks):
            return f"DeleteMachine {name}{' and keep its disks' if keep_disks else ''}"
        case act.RecordRevision(revision):
            marks = [mark for mark in ("completed", "succeeded", "failed") if getattr(revision, mark)]
            return " ".join([f"RecordRevision {revision.revision}", *marks])
        case act.ForgetRevision(number):
            return f"ForgetRevision {number}"
    return type(action).__name__


def rest(plan: DeploymentPlan) -> str:
    after = f" in {plan.after:.4g} s" if plan.after is not None else ""
    return f"{type(plan.outcome).__name__} {plan.outcome.reason}{after}"


def stands(fleet: Fleet, vmd: VirtualMachineDeployment) -> str:
    """What its status says in the end."""
    status = deployment_status(vmd, fleet.observe(), fleet.plan(vmd), fleet.now, "2026-01-01T00:00:00Z")
    counts = (status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas)
    said = [f"{c.type} {c.status} {c.reason}" for c in status.conditions]
    return f"= machines, updated, ready, available: {counts}; revision {status.revision}; {', '.join(said)}"


def played(fleet: Fleet, vmd: VirtualMachineDeployment, title: str) -> list[str]:
    """Every plan until nothing is expected any more, or a day has passed; those that repeat the one before left out."""
    lines, end = [f"  {title}"], fleet.now + DAY
    for _ in range(200):
        before, now = len(fleet.log), fleet.now
        plan = fleet.step(vmd)
        line = f"    {' '.join([*(f'{step(a)},' for a in fleet.log[before:]), '→'])} {rest(plan)}"
        if line != lines[-1]:
            lines.append(line)
        if fleet.released:
            return lines
        if fleet.now == now or fleet.now > end:
            break
    return [*lines, f"    {stands(fleet, vmd)}"]


def transcript(vmd: VirtualMachineDeployment) -> str:
    up = Fleet()
    lines = played(up, vmd, "it comes up")
    for name, edit in EDITS.items():
        fleet, changed = up.copy(), edited(vmd, **edit)
        lines += played(fleet, changed, name)
        lines += played(fleet, vmd, f"{name}, and back")
    for name, happens in HAPPENINGS.items():
        if vmd.spec.replicas < 2:
            continue
        fleet = up.copy()
        happens(fleet)
        lines += played(fleet, vmd, name)
        lines += played(fleet, edited(vmd, template=template(vcpu=2)), f"{name}, and another template")
        fleet.heal()
        lines += played(fleet, edited(vmd, template=template(vcpu=2)), f"{name}, and all is well again")
        lines += played(fleet, deleted(vmd), f"{name}, and it is deleted")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_what_is_done_is_what_was_done_before(name: str, request: pytest.FixtureRequest) -> None:
    text, golden = transcript(DEPLOYMENTS[name]), FOLDER / f"{name}.txt"
    if request.config.getoption("--regenerate-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
