"""Snapshots and their schedules in a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import TAKING, Snapshot
from homeostat.planner.actions import DropSnapshot, ReleaseResource, TakeSnapshot
from homeostat.planner.plan import Outcome, Stalled, Waiting
from homeostat.planner.schedule.plan import CreateSnapshot, PruneSnapshot, ReleaseSchedule, ScheduleAction, SchedulePlan
from homeostat.planner.snapshot.plan import SnapshotPlan

from ..render_texts import Line
from .describe_action import action_text
from .render_changes import value_lines
from .render_facts import fact_lines
from .render_plan import Verb, actions_as_json, head_as_json, heading, outcome_as_json, step_lines, verb_by_status

_PASSING = frozenset({TAKING, "Terminating", "MachineBusy"})
"""Reasons that pass by themselves."""


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    """One Snapshot with everything that would be done to it."""

    resource: Snapshot
    plan: SnapshotPlan
    place: str = ""

    @property
    def verb(self) -> Verb:
        if self.resource.deleting or any(isinstance(a, DropSnapshot | ReleaseResource) for a in self.plan.actions):
            return Verb.DELETE
        new = self.resource.status is None or not self.resource.status.observed_generation
        if new or any(isinstance(action, TakeSnapshot) for action in self.plan.actions):
            return Verb.CREATE
        return Verb.NONE

    @property
    def stalled(self) -> bool:
        """Tells whether it is stalled, or waits for what does not come by itself."""
        outcome = self.plan.outcome
        return isinstance(outcome, Stalled) or (isinstance(outcome, Waiting) and outcome.reason not in _PASSING)

    @property
    def pending(self) -> bool:
        return False

    def lines(self) -> list[Line]:
        lines, spec = [heading(self)], self.resource.spec
        if self.verb is Verb.CREATE:
            facts = [("machine", spec.machine_ref.name), ("memory", "with" if spec.memory else "without")]
            lines += fact_lines(facts)
        return [*lines, *step_lines(self.plan.actions, action_text), *_outcome(self.plan.outcome, self.stalled)]

    def as_json(self) -> dict[str, Any]:
        actions = actions_as_json(self.plan.actions, action_text)
        return {**head_as_json(self), "actions": actions, "outcome": outcome_as_json(self.plan.outcome)}


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """One schedule with the snapshots that it would make and remove now. ``changes`` are those of its spec that no operator has
    seen yet. ``doubt``: what its snapshots would wait for."""

    resource: SnapshotSchedule
    plan: SchedulePlan
    changes: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    place: str = ""
    doubt: str = ""

    @property
    def verb(self) -> Verb:
        return verb_by_status(self.resource, bool(self.changes or self.plan.actions))

    @property
    def stalled(self) -> bool:
        return isinstance(self.plan.outcome, Stalled)

    @property
    def pending(self) -> bool:
        return False

    def lines(self) -> list[Line]:
        lines = [heading(self)]
        if self.verb is Verb.CREATE:
            lines += fact_lines([*self._facts()])
        lines += [line for name, both in self.changes.items() for line in value_lines(name, *both, "", "busy")]
        lines += step_lines(self.plan.actions, schedule_action_text)
        lines += [Line(f"    ! {self.doubt}", "busy")] if self.doubt else []
        return [*lines, *_outcome(self.plan.outcome, self.stalled)]

    def _facts(self) -> Iterator[tuple[str, str]]:
        spec = self.resource.spec
        yield "schedule", f"{spec.schedule} ({spec.time_zone})"
        yield "machine", spec.template.spec.machine_ref.name
        yield "keep", f"{spec.keep.count}{f', up to {spec.keep.max_age}' if spec.keep.max_age else ''}"
        yield "next", f"{self.plan.next:%Y-%m-%d %H:%M} UTC" if self.plan.next else "none"

    def as_json(self) -> dict[str, Any]:
        return {
            **head_as_json(self),
            "changes": [{"field": name, "old": old, "new": new} for name, (old, new) in self.changes.items()],
            "actions": actions_as_json(self.plan.actions, schedule_action_text),
            "outcome": outcome_as_json(self.plan.outcome),
            "doubt": self.doubt,
        }


def schedule_action_text(action: ScheduleAction) -> str:
    """Returns one line for an action, without its reason."""
    match action:
        case CreateSnapshot(snapshot):
            return f"create snapshot {snapshot.metadata.name}"
        case PruneSnapshot(snapshot):
            return f"delete snapshot {snapshot.metadata.name}"
        case ReleaseSchedule():
            return "let the resource go: teardown is complete"
        case _:
            assert_never(action)


def _outcome(outcome: Outcome, stalled: bool) -> list[Line]:
    return [Line(f"    ! {outcome.reason}: {outcome.message}", "bad")] if stalled else []
