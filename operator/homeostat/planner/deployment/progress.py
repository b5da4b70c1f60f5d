"""How a rollout stands: whether it is complete, proven, late or failed, and when time alone changes that."""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.deployment import MachineRevisionSpec, VirtualMachineDeployment

from ..plan import Converged, Outcome, Stalled, Waiting
from .observed import ObservedDeployment
from .revision import Target, last_good
from .tally import Tally

# With autoRollback a rollout is good only once its machines stayed available for this long (seconds). What breaks soon after
# it became ready is the template's fault. The number is our choice; liveness' default takes 30 s to notice anything.
PROBATION = 60.0


def standing_of(deployment: VirtualMachineDeployment, target: Target, tally: Tally, now: float) -> MachineRevisionSpec:
    """Returns the revision with what can be said of its rollout now."""
    if not tally.complete or target.recorded is None:
        return target.revision
    proven = target.revision.succeeded or proven_in(deployment, target, tally, now) <= 0
    return target.revision.model_copy(update={"completed": True, "succeeded": proven})


def proven_in(deployment: VirtualMachineDeployment, target: Target, tally: Tally, now: float) -> float:
    """Returns the seconds until a complete rollout is proven."""
    if not deployment.spec.auto_rollback:
        return 0.0
    since = [target.recorded or now, tally.known_since, *(r.ready_since for r in tally.live if r.ready_since is not None)]
    return max(0.0, max(since) + PROBATION - now)


def failure_of(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target, tally: Tally, now: float
) -> MachineRevisionSpec | None:
    """Returns, with autoRollback, the revision with the reason why it is given up, once it has failed and there is a good one."""
    revision, spec = target.revision, deployment.spec
    decided = revision.succeeded or revision.failed or target.records or target.rolled_back or spec.paused
    if decided or not spec.auto_rollback or last_good(observed, revision) is None:
        return None
    lost = [r for r in tally.updated if r.lost]
    if lost and tally.available + tally.unknown < min(max(tally.floor, 1), tally.wanted):
        why = f"{lost[0].name} lost its health, and only {tally.available} of {spec.replicas} are available"
    elif overdue(deployment, target, tally, now):
        why = f"no progress for {spec.progress_deadline_seconds} s (progressDeadlineSeconds){first_failure(tally, late=True)}"
    else:
        return None
    return revision.model_copy(update={"failed": f"revision {revision.revision} was given up: {why}"})


def overdue(deployment: VirtualMachineDeployment, target: Target, tally: Tally, now: float) -> bool:
    due = deadline(deployment, target, tally)
    return due is not None and now > due


def deadline(deployment: VirtualMachineDeployment, target: Target, tally: Tally) -> float | None:
    """Returns when a rollout without further progress has failed (seconds since the epoch). None: there is no rollout, or it
    rests. It rests also while a host is away: that nothing is known of its machines is not their failure."""
    if tally.unknown:
        return None
    if tally.complete or target.recorded is None or target.revision.completed or target.rolled_back or deployment.spec.paused:
        return None
    steps = [target.recorded, tally.known_since, *(r.created for r in tally.updated)]
    if not any(r.lost for r in tally.updated):  # else a crash loop that is ready from time to time would go on forever
        steps += [r.ready_since for r in tally.updated if r.ready_since is not None]
    return max(steps) + deployment.spec.progress_deadline_seconds


def first_failure(tally: Tally, *, late: bool) -> str:
    """Returns the first failure as words. With ``late``, what a new machine still waits for counts as a failure too."""
    failures = [(r.name, r.failure) for r in tally.live if r.failure]
    failures += [(r.name, r.waits) for r in tally.updated if r.waits and late]
    return "; {}: {}".format(*failures[0]) if failures else ""


def outcome_of(
    deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target, tally: Tally, now: float
) -> Outcome:
    spec, after = deployment.spec, requeue_after(deployment, target, tally, now)
    if target.problem:
        return Stalled("NoSuchRevision", target.problem)
    if isinstance(observed.refusal, Stalled):
        return observed.refusal
    if observed.refusal and len(tally.updated) < tally.wanted:
        return replace(observed.refusal, after=after)
    blocked = sorted(index for index in observed.foreign if index <= tally.wanted)
    if blocked:
        name = f"{deployment.metadata.name}-{blocked[0]}"
        return Waiting("NameTaken", f"machine {name} is not of this deployment: remove or rename it", after)
    if tally.complete:
        if target.held:
            return Converged("Paused", "the template changed; paused: true keeps the old one")
        return Converged("RolledBack", target.rolled_back) if target.rolled_back else Converged("Available")
    updated = min(len(tally.updated), spec.replicas)  # stand-ins beyond them do not count
    late = overdue(deployment, target, tally, now)
    progress = (
        f"{updated} of {spec.replicas} follow revision {target.revision.revision}, {tally.available} are available"
    ) + first_failure(tally, late=late)
    if spec.paused and tally.old:
        return Waiting("Paused", f"paused: true; {progress}", after)
    if late:
        stays = _stays(deployment, observed, target)
        return Waiting(
            "ProgressDeadlineExceeded", f"no progress for {spec.progress_deadline_seconds} s; {progress}{stays}", after
        )
    return Waiting("Progressing" if tally.old or not target.revision.completed else "MachinesUnavailable", progress, after)


def _stays(deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target) -> str:
    """Says why autoRollback does not go back from a rollout that failed; empty: it would, or is not asked for."""
    if not deployment.spec.auto_rollback or target.rolled_back or last_good(observed, target.revision) is not None:
        return ""
    return "; autoRollback stays with it: no earlier revision is known to be good"


def requeue_after(deployment: VirtualMachineDeployment, target: Target, tally: Tally, now: float) -> float | None:
    """Returns the seconds until time alone changes something: a machine was ready for long enough, a rollout is proven, or is
    late."""
    ready = [t for r in tally.live for t in (r.ready_since, r.serving_since) if t is not None]
    times = [since + deployment.spec.min_ready_seconds - now for since in ready]
    due = deadline(deployment, target, tally)
    times += [] if due is None else [due - now + 0.001]
    if tally.complete and not target.revision.succeeded:
        times.append(proven_in(deployment, target, tally, now))
    return min((seconds for seconds in times if seconds > 0), default=None)
