"""What `homeostat plan` says of deployments and plugins: where the steps lead, and not only the next step. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from homeostat.models.base import ObjectMeta
from homeostat.models.deployment import MachineRevisionSpec, VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.planner.deployment.actions import ForgetRevision, RecordRevision
from homeostat.planner.deployment.inplace import Way, way_between
from homeostat.planner.deployment.observed import ObservedDeployment, Replica
from homeostat.planner.deployment.plan import DeploymentPlan
from homeostat.planner.deployment.tally import allowance, at_a_time
from homeostat.planner.plan import Stalled, Waiting

from ..render_texts import Line, arrow, is_text
from ..rollout_state import template_changes
from .render_changes import render_changes, value_lines
from .render_facts import disk_fates, fact_lines, machine_facts
from .render_plan import PlanEntry, Verb, head_as_json, heading, outcome_as_json

_MOST_PROBLEMS = 5  # problems of a deployment's machines that are shown
PASSING = frozenset({"MachinesUnavailable", "Paused", "Progressing", "RolledBack", "Terminating"})
"""Reasons that pass by themselves, or that somebody asked for. For every other reason somebody must act."""
_WAYS = {Way.AT_ONCE: "Live", Way.IN_TURN: "Live", Way.CAREFULLY: "Live", Way.REPLACE: "Replace"}


@dataclass(frozen=True, slots=True)
class DeploymentEntry:
    """``resource`` includes its plugin's part in its template. ``now`` is in seconds since the epoch.

    ``coming``: the machines that it will make. ``machines``: the plans for those, and for the ones that replace others.
    """

    resource: VirtualMachineDeployment
    observed: ObservedDeployment
    plan: DeploymentPlan
    now: float
    place: str = ""
    coming: list[VirtualMachine] = field(default_factory=list)
    machines: list[PlanEntry] = field(default_factory=list)

    @property
    def verb(self) -> Verb:
        if self.resource.deleting:
            return Verb.DELETE
        if not self.observed.revisions and not self.observed.replicas:
            if self._missing > len(self._found) or not self._found:
                return Verb.CREATE
            return Verb.CHANGE if any(entry.verb is not Verb.NONE for entry in self._found) else Verb.NONE
        touched = any(not isinstance(action, RecordRevision | ForgetRevision) for action in self.plan.actions)
        return Verb.CHANGE if touched or self._behind or self._missing or self._surplus else Verb.NONE

    @property
    def stalled(self) -> bool:
        if self.resource.deleting:
            return False
        return self.blocked is not None or any(entry.stalled for entry in self.machines)

    @property
    def blocked(self) -> Stalled | Waiting | None:
        """Returns what somebody must solve before it can be as it should be."""
        outcome, refusal = self.plan.outcome, self.observed.refusal
        if refusal is not None and self._missing:
            return refusal
        if isinstance(outcome, Stalled) or (isinstance(outcome, Waiting) and outcome.reason not in PASSING):
            return outcome
        return None

    @property
    def pending(self) -> bool:
        return False

    @property
    def _live(self) -> list[Replica]:
        return [replica for replica in self.observed.replicas if not replica.deleting]

    @property
    def _target(self) -> MachineRevisionSpec | None:
        return self.plan.target.revision if self.plan.target else None

    @property
    def _behind(self) -> list[Replica]:
        """Returns the machines that stay in number, but follow another template than they should."""
        target = self._target
        staying = [r for r in self._live if 1 <= r.index <= self.resource.spec.replicas]
        return [r for r in staying if target is not None and r.fingerprint != target.fingerprint]

    @property
    def missing(self) -> list[str]:
        """Returns the names of the base's machines that do not exist."""
        there = {r.index for r in self._live} | self.observed.foreign
        return [f"{self.resource.metadata.name}-{i}" for i in range(1, self.resource.spec.replicas + 1) if i not in there]

    @property
    def replaced(self) -> list[str]:
        """Returns the names of the machines that others of the same name replace."""
        return [replica.name for replica in self._behind if self.way_of(replica) is Way.REPLACE]

    @property
    def _missing(self) -> int:
        return len(self.missing)

    @property
    def _found(self) -> list[PlanEntry]:
        """Returns the machines without a record whose domains exist: the index is new."""
        return [entry for entry in self.machines if entry.observed is not None and entry.observed.domain is not None]

    @property
    def _surplus(self) -> int:
        """Returns how many are too many, without those that stand in during a rollout: they go with it."""
        beyond = [r for r in self._live if r.index > self.resource.spec.replicas]
        standing_in = [r for r in beyond if self._target and r.fingerprint == self._target.fingerprint]
        return len(beyond) - (len(standing_in) if self._behind else 0)

    def way_of(self, replica: Replica) -> Way:
        return way_between(self._followed(replica), self._target, replica.lacks) if self._target else Way.REPLACE

    def _followed(self, replica: Replica) -> MachineRevisionSpec | None:
        return next((r.spec for r in self.observed.revisions if r.spec.fingerprint == replica.fingerprint), None)

    def lines(self) -> list[Line]:
        lines = [heading(self)]
        if self.verb is Verb.DELETE:
            gone = _machines(len(self.observed.replicas))
            return [*lines, Line(f"    - {gone} of it{_fates(self.resource, stateful=False)}", "delete")]
        if self.verb is Verb.CREATE:
            lines += fact_lines([*self._facts(), *((f"template.{n}", v) for n, v in machine_facts(self._one()))])
        lines += self._change_lines()
        lines += render_changes(next((entry.plan.changes for entry in self._found if entry.plan.changes), ()))
        lines += [Line(f"    {i}. {text}") for i, text in enumerate(self.steps(), 1)]
        if (outcome := self.blocked or self.observed.refusal) is not None:
            lines.append(Line(f"    ! {outcome.reason}: {outcome.message}", "bad"))
        lines += self._problem_lines()
        if self.plan.target and self.plan.target.rolled_back:
            lines.append(Line(f"    … rolled back: {self.plan.target.rolled_back}", "dim"))
        return lines

    def _problems(self) -> list[tuple[str, str, list[str]]]:
        """Returns the problems of its machines, each kind once: reason, message, and the names of the machines."""
        names: dict[tuple[str, str], list[str]] = {}
        for entry in self.machines:
            if entry.stalled:
                outcome = entry.plan.outcome
                names.setdefault((outcome.reason, outcome.message), []).append(entry.resource.metadata.name)
        return [(reason, message, found) for (reason, message), found in names.items()]

    def _problem_lines(self) -> list[Line]:
        problems = self._problems()
        shown = [f"{listed(names)}: {reason}: {message}" for reason, message, names in problems[:_MOST_PROBLEMS]]
        more = sum(len(names) for _, _, names in problems[_MOST_PROBLEMS:])
        shown += [f"… and {more} more of its machines cannot be made as they are"] if more else []
        return [Line(f"    ! {text}", "bad") for text in shown]

    def _facts(self) -> list[tuple[str, str]]:
        spec = self.resource.spec
        return [("replicas", str(spec.replicas)), ("strategy", _pace(self.resource))]

    def _one(self) -> VirtualMachine:
        """Returns what each of its machines will be."""
        return VirtualMachine(metadata=ObjectMeta(name=self.resource.metadata.name), spec=self.resource.spec.template.spec)

    def changes(self) -> Mapping[str, tuple[Any, Any]]:
        """Returns the changes of the template, compared with that of the first outdated machine."""
        followed = self._followed(self._behind[0]) if self._behind else None
        if followed is None or self._target is None:
            return {}
        return template_changes(followed.template.dump(), self._target.template.dump())

    def _change_lines(self) -> list[Line]:
        word = _WAYS[self.way_of(self._behind[0])] if self._behind else ""
        tone = "good" if word == "Live" else "busy"
        texts = {name: both for name, both in self.changes().items() if is_text(*both)}
        shown = [(f"template.{name}", arrow(*both)) for name, both in self.changes().items() if name not in texts]
        wide = max((len(name) for name, _ in shown), default=0)
        values = max((len(value) for _, value in shown), default=0)
        lines = [Line(f"    ~ {name:{wide}}   {value:{values}}   {word}", tone) for name, value in shown]
        return [*lines, *(line for name, both in texts.items() for line in value_lines(f"template.{name}", *both, word, tone))]

    def steps(self) -> list[str]:
        """Says in words where it leads."""
        ways = [self.way_of(replica) for replica in self._behind]
        live, replaced = sum(way is not Way.REPLACE for way in ways), sum(way is Way.REPLACE for way in ways)
        most = live if Way.IN_TURN not in ways or self.resource.spec.strategy.type == "Recreate" else at_a_time(self.resource)
        target = self._target
        because = f"   ({target.cause})" if target and target.cause and self.changes() == {} else ""
        steps = []
        if self._missing and not self.observed.refusal:
            found = min(len(self._found), self._missing)
            steps += [f"take up {_machines(found)} that {'is' if found == 1 else 'are'} on the host already"] if found else []
            steps += [f"create {_machines(self._missing - found)}"] if found < self._missing else []
        if live:
            steps.append(f"change {_machines(live)} in place, while they run{f', {most} at a time' if most < live else ''}")
        if replaced:
            fates = _fates(self.resource, stateful=self.resource.spec.stateful)
            steps.append(f"replace {_machines(replaced)}: {_pace(self.resource)}{because}{fates}")
        if self._surplus:
            fates = _fates(self.resource, stateful=self.resource.spec.stateful)
            steps.append(f"remove {_machines(self._surplus)}, highest index first{fates}")
        return steps

    def as_json(self) -> dict[str, Any]:
        ways = [self.way_of(replica) for replica in self._behind]
        return {
            **head_as_json(self),
            "template": [{"field": f"template.{f}", "old": old, "new": new} for f, (old, new) in self.changes().items()],
            "machines": {
                "create": self._missing,
                "remove": self._surplus if self.verb is not Verb.DELETE else len(self.observed.replicas),
                "changeInPlace": sum(way is not Way.REPLACE for way in ways),
                "replace": sum(way is Way.REPLACE for way in ways),
            },
            "problems": [
                {"machines": names, "reason": reason, "message": message} for reason, message, names in self._problems()
            ],
            "outcome": outcome_as_json(self.blocked or self.observed.refusal or self.plan.outcome),
        }


def _machines(count: int) -> str:
    return f"{count} machine{'' if count == 1 else 's'}"


def _pace(deployment: VirtualMachineDeployment) -> str:
    """Says how a rollout goes, in numbers of machines."""
    if deployment.spec.strategy.type == "Recreate":
        return "Recreate: all go before new ones come"
    surge, missing = allowance(deployment)
    more = (
        f"at most {surge} more than {deployment.spec.replicas} at a time"
        if surge
        else f"never more than {deployment.spec.replicas}"
    )
    return f"RollingUpdate, {more}, {missing or 'none'} missing"


def _fates(deployment: VirtualMachineDeployment, *, stateful: bool) -> str:
    """Says what happens to the disks of a machine that goes. ``stateful``: disks without an image stay for the next machine of
    its index."""
    spec = deployment.spec.template.spec
    kept, lost = disk_fates(VirtualMachine(metadata=ObjectMeta(name="replica"), spec=spec))
    stays = [disk.name for disk in spec.disks if stateful and disk.image is None and disk.name in lost]
    goes = [name for name in lost if name not in stays]
    parts = [
        f"{', '.join(names)} {word}"
        for names, word in (
            (goes, "to the trash (reclaimPolicy: Delete)"),
            (stays, "kept for the next machine of that index (stateful)"),
            (kept, "kept (reclaimPolicy: Retain)"),
        )
        if names
    ]
    return f"; disks: {', '.join(parts)}" if parts else ""


def listed(names: Sequence[str]) -> str:
    """Returns the first names, and how many more there are."""
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"
