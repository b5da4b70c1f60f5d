"""The status of a deployment: counts of what was observed, and what the plan says about the rollout. Pure.

Available, Progressing and ReplicaFailure mean the same as for a Kubernetes Deployment. Ready, Reconciling and Stalled follow
kstatus. Reconciling, Stalled and ReplicaFailure exist only while they are true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from homeostat.models.condition import READY, RECONCILING, STALLED, Condition, merge_conditions, sayer
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat.planner.deployment.observed import ObservedDeployment
from homeostat.planner.deployment.plan import DeploymentPlan
from homeostat.planner.plan import Converged, Stalled


def deployment_status(
    deployment: VirtualMachineDeployment,
    observed: ObservedDeployment,
    plan: DeploymentPlan,
    clock: float,
    now: str,
    refused: str = "",
) -> VirtualMachineDeploymentStatus:
    """Returns the status. ``clock`` is in seconds since the epoch, and ``now`` is the same as RFC 3339. ``refused``: why the plan
    could not be carried out; empty: it can, as far as is known."""
    before = deployment.status or VirtualMachineDeploymentStatus()
    living = [r for r in observed.replicas if not r.deleting]
    target = plan.target.revision.fingerprint if plan.target else None
    available = sum(r.available(deployment.spec.min_ready_seconds, clock) for r in living)
    conditions = tuple(_conditions(deployment, observed, plan, available, refused))
    return VirtualMachineDeploymentStatus(
        observed_generation=deployment.metadata.generation,
        replicas=len(living),
        updated_replicas=sum(r.fingerprint == target for r in living),
        ready_replicas=sum(r.ready_since is not None and not r.unknown for r in living),
        available_replicas=available,
        revision=plan.target.revision.revision if plan.target else None,
        selector=f"homeostat.dev/deployment={deployment.metadata.name}",
        machines=tuple(r.name for r in sorted(living, key=lambda r: (r.index, r.name))),
        conditions=merge_conditions(before.conditions, conditions, now),
    )


def _conditions(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, plan: DeploymentPlan, available: int, refused: str
) -> Iterator[Condition]:
    say = sayer(deployment.metadata.generation)
    outcome, wanted = plan.outcome, deployment.spec.replicas
    if refused and not isinstance(outcome, Stalled):
        outcome = replace(outcome, message="; ".join(filter(None, (outcome.message, refused))))
    settled = isinstance(outcome, Converged) and not plan.actions
    yield say(READY, settled, outcome.reason, outcome.message)
    if isinstance(outcome, Stalled):
        yield say(STALLED, True, outcome.reason, outcome.message)
    elif not settled:
        yield say(RECONCILING, True, outcome.reason, outcome.message)
    enough = available >= wanted
    yield say(
        "Available",
        enough,
        "MinimumMachinesAvailable" if enough else "MachinesUnavailable",
        f"{available} of {wanted} are available",
    )
    overdue = outcome.reason == "ProgressDeadlineExceeded"
    yield say("Progressing", not overdue, outcome.reason if not settled else "RolloutComplete", outcome.message)
    failed = next((r for r in observed.replicas if r.failure), None)
    if observed.refusal:
        yield say("ReplicaFailure", True, observed.refusal.reason, observed.refusal.message)
    elif refused:
        yield say("ReplicaFailure", True, "Refused", refused)
    elif failed is not None:
        yield say("ReplicaFailure", True, "MachineFailed", f"{failed.name}: {failed.failure}")
