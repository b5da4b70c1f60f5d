"""The plan of a Disk, as `homeostat plan` shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from homeostat.models.disk import Disk
from homeostat.models.quantity import format_quantity
from homeostat.planner.actions import CopyDisk, CreateDisk, ReleaseResource, TakeBack
from homeostat.planner.disk.make import source_text
from homeostat.planner.plan import Plan, Stalled, Waiting

from ..render_texts import Line
from .describe_action import action_text
from .render_changes import render_changes, titled
from .render_facts import fact_lines
from .render_plan import Verb, actions_as_json, change_as_json, head_as_json, heading, outcome_as_json, plan_lines

_PASSING = frozenset({"Reconciling", "Creating", "Copying", "Growing", "ImageFetching", "ImageQueued", "Terminating", "Busy"})


@dataclass(frozen=True, slots=True)
class DiskEntry:
    """One Disk with everything that would be done to it."""

    resource: Disk
    plan: Plan
    place: str = ""
    host: str = ""  # the host that it lies on, or would be made on, where there are several

    @property
    def verb(self) -> Verb:
        actions = self.plan.actions
        if self.resource.deleting or any(isinstance(a, ReleaseResource) for a in actions):
            return Verb.DELETE
        if any(isinstance(a, CreateDisk | CopyDisk | TakeBack) for a in actions):
            return Verb.CREATE
        return Verb.CHANGE if actions or self.plan.changes else Verb.NONE

    @property
    def stalled(self) -> bool:
        """Tells whether it is stalled, or waits for what does not come by itself."""
        outcome = self.plan.outcome
        return isinstance(outcome, Stalled) or (
            isinstance(outcome, Waiting) and outcome.reason not in _PASSING and not self.pending
        )

    @property
    def pending(self) -> bool:
        return bool(self.plan.pending)

    def lines(self) -> list[Line]:
        lines, plan = [heading(self)], self.plan
        if self.verb is Verb.CREATE:
            lines += fact_lines([*_facts(self.resource)])
        lines += render_changes(plan.changes)
        lines += titled("waits:", plan.pending)
        lines += [Line(f"    ! {sentence}", "busy") for sentence in plan.moved]
        lines += plan_lines(plan)
        outcome = plan.outcome
        if self.stalled or self.pending:
            lines.append(Line(f"    ! {outcome.reason}: {outcome.message}", "bad" if self.stalled else "busy"))
        return lines

    def as_json(self) -> dict[str, Any]:
        return {
            **head_as_json(self),
            **({"host": self.host} if self.host else {}),
            "changes": [change_as_json(change) for change in self.plan.changes],
            "pending": [change_as_json(change) for change in self.plan.pending],
            "actions": actions_as_json(self.plan.actions, action_text),
            "outcome": outcome_as_json(self.plan.outcome),
        }


def _facts(disk: Disk) -> Iterator[tuple[str, str]]:
    spec = disk.spec
    yield "source", source_text(disk)
    if spec.size is not None:
        yield "size", format_quantity(spec.size)
    yield "format", spec.format.value
    yield "reclaimPolicy", spec.reclaim_policy.value
