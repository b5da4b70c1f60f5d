"""Which template a deployment should follow: its own, an older one it was told to, or the last good one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from homeostat.models.deployment import MachineRevisionSpec, MachineTemplate, VirtualMachineDeployment

from .actions import DeploymentAction, ForgetRevision, RecordRevision
from .observed import ObservedDeployment, Revision


@dataclass(frozen=True, slots=True)
class Target:
    """``revision`` is what the machines should follow; ``records`` puts it on record first where it is new."""

    revision: MachineRevisionSpec
    recorded: float | None  # seconds since the epoch; None: only now
    records: tuple[DeploymentAction, ...] = ()
    rolled_back: str = ""  # why the deployment's own template is not followed
    problem: str = ""  # the revision asked for does not exist


def fingerprint(template: MachineTemplate, plugin: str, restarted_at: str | None) -> str:
    """Names a template's content. A new version of its plugin, or a new restart token, is another template."""
    text = json.dumps([template.dump(), plugin, restarted_at or ""], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def choose_target(deployment: VirtualMachineDeployment, observed: ObservedDeployment) -> Target:
    spec = deployment.spec
    newest = max(observed.revisions, key=lambda r: r.spec.revision, default=None)
    if observed.refusal and newest is not None:  # what it should be made from is not there: what runs is kept
        return Target(newest.spec, newest.created)
    if spec.rollback_to is not None:
        asked = next((r for r in observed.revisions if r.spec.revision == spec.rollback_to), None)
        if asked is not None:
            return Target(asked.spec, asked.created, rolled_back=f"rollbackTo: {spec.rollback_to}")
        if newest is not None:
            return Target(newest.spec, newest.created, problem=_no_revision(spec.rollback_to, observed))
    own = fingerprint(spec.template, observed.plugin_fingerprint, spec.restarted_at)
    if newest is not None and spec.paused and newest.spec.fingerprint != own:
        return Target(newest.spec, newest.created)
    if newest is None or newest.spec.fingerprint != own:
        return _record(deployment, observed, own, newest)
    if newest.spec.failed and (good := _last_good(observed, newest)):
        return Target(good.spec, good.created, rolled_back=newest.spec.failed)
    return Target(newest.spec, newest.created)


def _no_revision(wanted: int, observed: ObservedDeployment) -> str:
    known = ", ".join(str(n) for n in sorted(r.spec.revision for r in observed.revisions))
    return f"rollbackTo: there is no revision {wanted}; there are {known}"


def _record(deployment: VirtualMachineDeployment, observed: ObservedDeployment, own: str, newest: Revision | None) -> Target:
    """A template that was used before takes a new number, as kubectl's rollout undo does."""
    spec = MachineRevisionSpec(
        deployment=deployment.metadata.name,
        revision=newest.spec.revision + 1 if newest else 1,
        template=deployment.spec.template,
        fingerprint=own,
    )
    again = [r for r in observed.revisions if r.spec.fingerprint == own]
    forget = [ForgetRevision(r.spec.revision, f"it is revision {spec.revision} now") for r in again]
    return Target(spec, None, (RecordRevision(spec, "the template changed" if newest else "the first template"), *forget))


def _last_good(observed: ObservedDeployment, failed: Revision) -> Revision | None:
    good = [r for r in observed.revisions if r.spec.succeeded and not r.spec.failed and r is not failed]
    return max(good, key=lambda r: r.spec.revision, default=None)


def surplus_revisions(deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target) -> list[ForgetRevision]:
    """Beyond revisionHistoryLimit, the oldest that no machine follows and that no rollback needs."""
    used = {r.fingerprint for r in observed.replicas} | {target.revision.fingerprint}
    newest = max((r.spec.revision for r in observed.revisions), default=0)
    good = next((r for r in sorted(observed.revisions, key=lambda r: -r.spec.revision) if r.spec.succeeded), None)
    idle = [r for r in observed.revisions if r.spec.fingerprint not in used and r is not good and r.spec.revision != newest]
    idle.sort(key=lambda r: r.spec.revision)
    extra = idle[: max(0, len(idle) - deployment.spec.revision_history_limit)]
    return [ForgetRevision(r.spec.revision, f"revisionHistoryLimit: {deployment.spec.revision_history_limit}") for r in extra]
