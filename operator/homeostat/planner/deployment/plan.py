"""The plan for one deployment, on one page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from homeostat.models.base import NAME_MAX
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachineSpec
from homeostat.models.machine_disks import ReclaimPolicy

from ..actions import DeleteFile, SetAside
from ..files.trash import WITH_DEPLOYMENT
from ..machine.identity import disk_file
from ..machine.storage.discard import Belongings, discard
from ..observed import KeptDisks
from ..plan import Converged, Outcome, Stalled, Waiting
from .actions import (
    CreateMachine,
    DeleteMachine,
    DeploymentAction,
    ForgetRevision,
    ReclaimKept,
    RecordRevision,
    ReleaseDeployment,
)
from .observed import ObservedDeployment
from .progress import failure_of, outcome_of, requeue_after, standing_of
from .revision import Target, choose_target, surplus_revisions
from .rollout import roll
from .tally import take_tally

KEEPERS_POLL_SECONDS = 5.0
"""Between checks whether the hosts that are waited for are served: there is no event when an operator dies."""


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """The next steps. ``outcome`` says how the rollout stands before the actions."""

    target: Target | None
    actions: tuple[DeploymentAction, ...] = ()
    outcome: Outcome = Converged()
    after: float | None = None  # seconds until the next reconcile even without an event; None: only on an event


def plan_deployment(deployment: VirtualMachineDeployment, observed: ObservedDeployment, now: float) -> DeploymentPlan:
    """Plans the next steps for one deployment. Empty when desired equals observed.

    ``now``: seconds since the epoch.
    """
    if deployment.deleting:
        return _teardown(deployment, observed)
    target = choose_target(deployment, observed)
    tally = take_tally(deployment, observed, target.revision, now)
    if failed := failure_of(deployment, observed, target, tally, now):
        return DeploymentPlan(target, (RecordRevision(failed, failed.failed),), Waiting("RolledBack", failed.failed))
    actions = [*target.records, *roll(deployment, observed, target, tally)]
    standing = standing_of(deployment, target, tally, now)
    if standing != target.revision:
        actions.append(RecordRevision(standing, "its rollout is proven" if standing.succeeded else "its rollout is complete"))
    actions += surplus_revisions(deployment, observed, target)
    outcome = outcome_of(deployment, observed, target, tally, now)
    if unnameable := [action for action in actions if too_long(_name_given(deployment, action))]:
        recorded = not any(isinstance(action, RecordRevision) for action in unnameable)  # else nothing may follow it
        actions = [action for action in actions if action not in unnameable] if recorded else []
        outcome = too_long(_name_given(deployment, unnameable[0])) or outcome
    return DeploymentPlan(target, tuple(actions), outcome, requeue_after(deployment, target, tally, now))


def _name_given(deployment: VirtualMachineDeployment, action: DeploymentAction) -> str:
    """Returns the name of what an action makes; empty: it makes nothing."""
    if isinstance(action, RecordRevision):
        return f"{deployment.metadata.name}-{action.revision.revision}"
    return action.name if isinstance(action, CreateMachine) else ""


def too_long(name: str) -> Stalled | None:
    """Says that what a deployment makes cannot have this name; None: it can."""
    if len(name) <= NAME_MAX:
        return None
    mend = f"which has {len(name)} characters, and a name has at most {NAME_MAX}: make a deployment with a shorter name"
    return Stalled("NameTooLong", f"what is made next would be named {name}, {mend}")


def _teardown(deployment: VirtualMachineDeployment, observed: ObservedDeployment) -> DeploymentPlan:
    """Removes its machines first, by their own shutdown policy, then what was kept of earlier ones. Disks follow
    reclaimPolicy."""
    living = [r for r in observed.replicas if not r.deleting]
    actions: list[DeploymentAction] = [DeleteMachine(r.name, False, WITH_DEPLOYMENT) for r in living]
    if observed.keepers and not observed.replicas:
        on = ", and on ".join(observed.keepers)
        waiting = Waiting("Terminating", f"disks that were kept of machines scaled away are still to be looked for on {on}")
        return DeploymentPlan(None, (), waiting, KEEPERS_POLL_SECONDS)
    if not observed.replicas:
        actions += plan_kept(deployment, observed.kept)
        actions += [ForgetRevision(r.spec.revision, WITH_DEPLOYMENT) for r in observed.revisions]
        actions.append(ReleaseDeployment("all its machines have gone"))
    return DeploymentPlan(None, tuple(actions), Waiting("Terminating", f"{len(observed.replicas)} machines are still going"))


def plan_kept(deployment: VirtualMachineDeployment, found: Iterable[KeptDisks]) -> list[ReclaimKept]:
    """Plans what happens to the disks that a deployment kept of earlier machines, now that it is being deleted."""
    return [_reclaim(deployment.spec.template.spec, kept) for kept in found]


def _reclaim(template: VirtualMachineSpec, kept: KeptDisks) -> ReclaimKept:
    """Applies the policy of today's template. Disks that were to be retained when their machine went are not in ``kept``."""
    policies = {disk.name: disk.reclaim_policy or template.reclaim_policy for disk in template.disks}
    going = (name for name in kept.disks if policies.get(name, template.reclaim_policy) is ReclaimPolicy.DELETE)
    disks = tuple((name, disk_file(kept.directory, name)) for name in going)
    return ReclaimKept(kept.machine, kept.directory, disks, WITH_DEPLOYMENT, kept.uid, kept.moved)


def discard_kept(deployment: VirtualMachineDeployment, kept: ReclaimKept, keep: float) -> list[SetAside | DeleteFile]:
    """Discards them like the disks of a machine: set aside for ``keep`` seconds, or deleted where there is no trash."""
    belongings = Belongings(deployment.metadata.namespace, kept.name, kept.uid, kept.disks, moved=kept.moved)
    return discard(belongings, keep, kept.reason, deployment.metadata.uid, returns=bool(kept.uid))
