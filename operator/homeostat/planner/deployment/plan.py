"""The plan for one deployment, on one page. Every step keeps available ≥ replicas − maxUnavailable where it was so before."""

from __future__ import annotations

from dataclasses import dataclass

from homeostat.models.deployment import MachineRevisionSpec, VirtualMachineDeployment, share_of

from ..plan import Converged, Outcome, Stalled, Waiting
from .actions import (
    CreateMachine,
    DeleteMachine,
    DeploymentAction,
    ForgetRevision,
    RecordRevision,
    ReleaseDeployment,
    UpdateMachine,
)
from .inplace import only_live_changes
from .observed import ObservedDeployment, Replica
from .revision import Target, choose_target, surplus_revisions


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """``outcome`` says how the rollout stands; the counts are what was observed, before the actions."""

    target: Target | None
    actions: tuple[DeploymentAction, ...] = ()
    outcome: Outcome = Converged()


@dataclass(frozen=True, slots=True)
class Tally:
    """The machines of a deployment, sorted by what they are to this plan."""

    wanted: int
    floor: int  # never fewer available than this
    ceiling: int  # never more machines than this
    live: tuple[Replica, ...]
    updated: tuple[Replica, ...]
    old: tuple[Replica, ...]
    available: int
    taken: frozenset[int]  # indexes in use, also by machines that are still going


def plan_deployment(deployment: VirtualMachineDeployment, observed: ObservedDeployment, now: float) -> DeploymentPlan:
    """The next steps for one deployment; empty when desired equals observed.

    ``now``: seconds since the epoch.
    """
    if deployment.deleting:
        return _teardown(deployment, observed)
    target = choose_target(deployment, observed)
    tally = take_tally(deployment, observed, target, now)
    if failed := _failure(deployment, target, tally, now):
        return DeploymentPlan(target, (RecordRevision(failed, failed.failed),), Waiting("RolledBack", failed.failed))
    actions: list[DeploymentAction] = [*target.records]
    if deployment.spec.strategy.type == "Recreate" and not deployment.spec.stateful:
        actions += _recreate(deployment, observed, target, tally)
    else:
        actions += _roll(deployment, observed, target, tally, now)
    if not actions and _complete(tally) and not target.revision.succeeded:
        actions.append(RecordRevision(target.revision.model_copy(update={"succeeded": True}), "its rollout is complete"))
    actions += surplus_revisions(deployment, observed, target)
    return DeploymentPlan(target, tuple(actions), _outcome(deployment, observed, target, tally, now))


def take_tally(deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target, now: float) -> Tally:
    spec = deployment.spec
    rolling = spec.strategy.rolling_update
    surge = 0 if spec.stateful else share_of(rolling.max_surge, spec.replicas, up=True)
    missing = share_of(rolling.max_unavailable, spec.replicas, up=False)
    if surge == 0 and missing == 0:
        missing = 1  # both round to nothing: Kubernetes then lets one be missing, or nothing could move
    live = tuple(sorted((r for r in observed.replicas if not r.deleting), key=lambda r: r.index))
    return Tally(
        wanted=spec.replicas,
        floor=max(0, spec.replicas - missing),
        ceiling=spec.replicas + surge,
        live=live,
        updated=tuple(r for r in live if r.fingerprint == target.revision.fingerprint),
        old=tuple(r for r in live if r.fingerprint != target.revision.fingerprint),
        available=sum(r.available(spec.min_ready_seconds, now) for r in live),
        taken=frozenset(r.index for r in observed.replicas),
    )


def _complete(tally: Tally) -> bool:
    return not tally.old and len(tally.live) == tally.wanted and tally.available >= tally.wanted


def _roll(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target, tally: Tally, now: float
) -> list[DeploymentAction]:
    updates = _update_in_place(observed, target, tally)
    if updates:
        return updates
    create = min(tally.ceiling - len(tally.live), tally.wanted - len(tally.updated))
    if deployment.spec.stateful:  # an index is replaced, never doubled
        create = min(create, tally.wanted - len(tally.live))
    return [
        *_create(deployment, observed, target, tally, create),
        *_remove(deployment, tally, now),
    ]


def _update_in_place(observed: ObservedDeployment, target: Target, tally: Tally) -> list[DeploymentAction]:
    templates = {r.spec.fingerprint: r.spec.template for r in observed.revisions}
    revision = target.revision
    return [
        UpdateMachine(r.name, revision.fingerprint, revision.template, "its template changed, and the change is Live")
        for r in tally.old
        if r.fingerprint in templates and _restarts_alike(observed, r.fingerprint, target)
        and only_live_changes(templates[r.fingerprint], revision.template)
    ]  # fmt: skip


def _restarts_alike(observed: ObservedDeployment, old: str, target: Target) -> bool:
    """A new restart token or plugin version differs by more than the template, and takes new machines."""
    known = next(r.spec for r in observed.revisions if r.spec.fingerprint == old)
    return known.template != target.revision.template and known.cause == target.revision.cause


def _create(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target, tally: Tally, count: int
) -> list[DeploymentAction]:
    """At the lowest free indexes: holes are refilled before new ones are opened."""
    if count <= 0 or observed.refusal:
        return []
    name, revision = deployment.metadata.name, target.revision
    free = (i for i in range(1, len(tally.taken) + count + 1) if i not in tally.taken)
    why = "a rollout replaces the others" if tally.old else f"{len(tally.live)} of {tally.wanted} exist"
    return [
        CreateMachine(f"{name}-{index}", revision.fingerprint, revision.template, why)
        for index, _ in zip(free, range(count), strict=False)
    ]


def _remove(deployment: VirtualMachineDeployment, tally: Tally, now: float) -> list[DeploymentAction]:
    """Old machines, then what is too many; highest index first, and available ones only while enough others are."""
    spec = deployment.spec
    spare = tally.available - tally.floor
    too_many = len(tally.live) - tally.wanted
    old = sorted(tally.old, key=lambda r: (r.available(spec.min_ready_seconds, now), -r.index))
    extra = sorted(tally.updated, key=lambda r: -r.index)[: max(0, len(tally.updated) - tally.wanted)]
    removed: list[DeploymentAction] = []
    for replica in (*old, *extra):
        if replica.available(spec.min_ready_seconds, now):
            if spare <= 0:
                continue
            spare -= 1
        why = "it follows an older template" if replica in tally.old else f"{too_many} more than replicas: {tally.wanted}"
        removed.append(DeleteMachine(replica.name, spec.stateful, why))
    return removed


def _recreate(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target, tally: Tally
) -> list[DeploymentAction]:
    if tally.old:
        return [DeleteMachine(r.name, False, "strategy Recreate: all go before new ones come") for r in tally.old]
    if any(r.deleting and r.fingerprint != target.revision.fingerprint for r in observed.replicas):
        return []
    extra = sorted(tally.live, key=lambda r: -r.index)[: max(0, len(tally.live) - tally.wanted)]
    return [
        *_create(deployment, observed, target, tally, tally.wanted - len(tally.live)),
        *(DeleteMachine(r.name, False, f"replicas: {tally.wanted}") for r in extra),
    ]


def _failure(deployment: VirtualMachineDeployment, target: Target, tally: Tally, now: float) -> MachineRevisionSpec | None:
    """With autoRollback: the revision with the reason why it is given up, once it has failed."""
    revision, spec = target.revision, deployment.spec
    undecided = not (revision.succeeded or revision.failed or target.records or target.rolled_back or spec.paused)
    if not spec.auto_rollback or not undecided or revision.revision == 1:
        return None
    lost = [r for r in tally.updated if r.lost]
    if lost and tally.available < tally.floor:
        why = f"{lost[0].name} lost its health, and only {tally.available} of {spec.replicas} are available"
    elif _overdue(deployment, target, tally, now):
        why = f"no progress for {spec.progress_deadline_seconds} s (progressDeadlineSeconds)" + _first_failure(tally)
    else:
        return None
    return revision.model_copy(update={"failed": f"revision {revision.revision} was given up: {why}"})


def _overdue(deployment: VirtualMachineDeployment, target: Target, tally: Tally, now: float) -> bool:
    """Progress is a machine that appears, or one that becomes ready."""
    if _complete(tally) or target.recorded is None:
        return False
    steps = [target.recorded, *(r.created for r in tally.updated), *(r.ready_since for r in tally.updated if r.ready_since)]
    return now - max(steps) > deployment.spec.progress_deadline_seconds


def _first_failure(tally: Tally) -> str:
    failed = next((r for r in tally.live if r.failure), None)
    return f"; {failed.name}: {failed.failure}" if failed else ""


def _outcome(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target, tally: Tally, now: float
) -> Outcome:
    spec = deployment.spec
    if target.problem:
        return Stalled("NoSuchRevision", target.problem)
    if observed.refusal and len(tally.updated) < tally.wanted:
        return Waiting("MachinesRefused", observed.refusal)
    if _complete(tally):
        return Converged("RolledBack", target.rolled_back) if target.rolled_back else Converged("Available")
    if _overdue(deployment, target, tally, now):
        message = f"no progress for {spec.progress_deadline_seconds} s{_first_failure(tally)}"
        return Waiting("ProgressDeadlineExceeded", message, after=30)
    progress = (
        f"{len(tally.updated)} of {spec.replicas} follow revision {target.revision.revision}, {tally.available} are available"
    )
    return Waiting("Progressing", progress + _first_failure(tally), after=_until_news(deployment, target, tally, now))


def _until_news(deployment: VirtualMachineDeployment, target: Target, tally: Tally, now: float) -> float:
    """Seconds until time alone changes something: a machine is ready for long enough, or the deadline passes."""
    spec = deployment.spec
    ripening = [r.ready_since + spec.min_ready_seconds - now for r in tally.live if r.ready_since is not None]
    soon = [seconds for seconds in ripening if seconds > 0]
    return min([*soon, float(spec.progress_deadline_seconds)])


def _teardown(deployment: VirtualMachineDeployment, observed: ObservedDeployment) -> DeploymentPlan:
    """Its machines first, by their own shutdown policy; disks follow the template's reclaimPolicy."""
    living = [r for r in observed.replicas if not r.deleting]
    actions: list[DeploymentAction] = [DeleteMachine(r.name, False, "its deployment was deleted") for r in living]
    if not observed.replicas:
        actions += [ForgetRevision(r.spec.revision, "its deployment was deleted") for r in observed.revisions]
        actions.append(ReleaseDeployment("all its machines have gone"))
    return DeploymentPlan(None, tuple(actions), Waiting("Terminating", f"{len(observed.replicas)} machines are still going"))
