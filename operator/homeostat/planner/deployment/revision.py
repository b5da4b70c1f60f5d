"""Which template a deployment should follow: its own, an older one that rollbackTo names, or the last good one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count

from homeostat.models.deployment import MachineRevisionSpec, MachineTemplate, VirtualMachineDeployment

from ..plan import Stalled
from ..template import boots_from_nothing
from .actions import DeploymentAction, ForgetRevision, RecordRevision
from .observed import ObservedDeployment, Revision


@dataclass(frozen=True, slots=True)
class Target:
    """The template to follow. ``revision`` is what the machines should follow; ``records`` records it first where it is new."""

    revision: MachineRevisionSpec
    recorded: float | None  # seconds since the epoch; None: it is recorded now
    records: tuple[DeploymentAction, ...] = ()
    rolled_back: str = ""  # why the deployment's own template is not followed
    problem: str = ""  # the revision asked for does not exist
    held: bool = False  # the template differs, and waits because the deployment is paused


def fingerprint(template: MachineTemplate, plugin: str, restarted_at: str | None) -> str:
    """Returns a name for a template's content. A new version of its plugin, or a new restart token, makes another template."""
    text = json.dumps([template.dump(), plugin, restarted_at or ""], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def unbootable(deployment: VirtualMachineDeployment, recorded: Iterable[MachineTemplate]) -> Stalled | None:
    """Says which name in the order to boot from neither the template nor its plugin has, whose part it holds; None: each is
    one's. A template that machines are made of already stays good."""
    template = deployment.spec.template
    why = boots_from_nothing(template.spec)
    return Stalled("BootOrderUnknown", f"template.spec.{why}") if why and template not in recorded else None


def choose_target(deployment: VirtualMachineDeployment, observed: ObservedDeployment) -> Target:
    wanted = deployment.spec.rollback_to
    if wanted is None or not observed.revisions:
        return _own_target(deployment, observed)
    asked = next((r for r in observed.revisions if r.spec.revision == wanted), None)
    if asked is not None:
        return Target(asked.spec, asked.created, rolled_back=f"rollbackTo: {wanted}")
    known = ", ".join(str(n) for n in sorted(r.spec.revision for r in observed.revisions))
    problem = f"rollbackTo: there is no revision {wanted}; there are {known}"
    return replace(_standing(observed, _newest(observed)), problem=problem)


def _own_target(deployment: VirtualMachineDeployment, observed: ObservedDeployment) -> Target:
    spec = deployment.spec
    own = MachineRevisionSpec(
        deployment=deployment.metadata.name,
        revision=_free(1, observed),
        template=spec.template,
        fingerprint=fingerprint(spec.template, observed.plugin_fingerprint, spec.restarted_at),
        plugin_fingerprint=observed.plugin_fingerprint,
        restarted_at=spec.restarted_at or "",
    )
    if not observed.revisions:
        first = own.model_copy(update={"cause": "first template"})
        # Not before its plugin is there: the plugin's part is recorded with it.
        return Target(first, None, () if observed.refusal else (RecordRevision(first, "the first template"),))
    newest = _newest(observed)
    if newest.spec.fingerprint == own.fingerprint:
        return _standing(observed, newest)
    if spec.paused or observed.refusal:
        return replace(_standing(observed, newest), held=spec.paused)
    return _record(own, observed, newest.spec)


def _standing(observed: ObservedDeployment, newest: Revision) -> Target:
    """Returns the newest revision, or the last good one where the newest has failed."""
    if newest.spec.failed and (good := last_good(observed, newest.spec)):
        return Target(good.spec, good.created, rolled_back=newest.spec.failed)
    return Target(newest.spec, newest.created)


def _record(own: MachineRevisionSpec, observed: ObservedDeployment, newest: MachineRevisionSpec) -> Target:
    """Records the template. One that was used before gets a new number, as kubectl's rollout undo does. What was good stays
    good."""
    again = [r.spec for r in observed.revisions if r.spec.fingerprint == own.fingerprint]
    cause = _cause(own, newest)
    good = any(r.succeeded for r in again)
    update = {"revision": _free(newest.revision + 1, observed), "cause": cause, "completed": good, "succeeded": good}
    revision = own.model_copy(update=update)
    return Target(revision, None, (RecordRevision(revision, cause),))


def _free(number: int, observed: ObservedDeployment) -> int:
    """Returns the number, or the next one whose name nobody else's revision has."""
    return next(free for free in count(number) if free not in observed.foreign_revisions)


def _cause(new: MachineRevisionSpec, old: MachineRevisionSpec) -> str:
    if new.plugin_fingerprint != old.plugin_fingerprint:
        return "the plugin changed"
    if new.restarted_at != old.restarted_at and new.template == old.template:
        return f"restartedAt: {new.restarted_at}"
    return "the template changed"


def _newest(observed: ObservedDeployment) -> Revision:
    return max(observed.revisions, key=lambda r: r.spec.revision)


def last_good(observed: ObservedDeployment, failed: MachineRevisionSpec) -> Revision | None:
    """Returns the newest revision with other content whose rollout completed once."""
    good = [r for r in observed.revisions if r.spec.succeeded and not r.spec.failed and r.spec.fingerprint != failed.fingerprint]
    return max(good, key=lambda r: r.spec.revision, default=None)


def surplus_revisions(deployment: VirtualMachineDeployment, observed: ObservedDeployment, target: Target) -> list[ForgetRevision]:
    """Returns the revisions to forget: those whose content has a newer number, and beyond revisionHistoryLimit the oldest that no
    machine follows and no rollback needs."""
    newest_first = sorted((r.spec for r in observed.revisions), key=lambda r: -r.revision)
    used = {r.fingerprint for r in observed.replicas} | {target.revision.fingerprint}
    used |= {r.fingerprint for r in newest_first[:1]}
    used |= {next((r.fingerprint for r in newest_first if r.succeeded and not r.failed), "")}
    limit, seen, forget = deployment.spec.revision_history_limit, set[str](), list[ForgetRevision]()
    for revision in newest_first:
        number, content = revision.revision, revision.fingerprint
        if content in seen and number != target.revision.revision:
            forget.append(ForgetRevision(number, "a newer revision has the same template"))
        elif content not in seen and content not in used:
            limit -= 1
            if limit < 0:
                forget.append(ForgetRevision(number, f"revisionHistoryLimit: {deployment.spec.revision_history_limit}"))
        seen.add(content)
    return forget[::-1]
