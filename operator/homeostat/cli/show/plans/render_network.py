"""What `homeostat plan` shows of a Network. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from homeostat.models.network import Network
from homeostat.planner.network import actions as act
from homeostat.planner.network.differences import entry_words
from homeostat.planner.network.plan import NetworkPlan, named
from homeostat.planner.plan import Stalled, Waiting

from ..render_texts import Line
from .render_changes import render_changes
from .render_facts import fact_lines
from .render_plan import Verb, actions_as_json, change_as_json, head_as_json, heading, outcome_as_json, step_lines

_PASSING = frozenset({"Reconciling", "Terminating", "InUse"})
"""Reasons that pass by themselves."""


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """One Network with everything that would be done to it on each host, by the host's name."""

    resource: Network
    plans: Mapping[str, NetworkPlan]
    place: str = ""

    @property
    def verb(self) -> Verb:
        if self.resource.deleting:
            return Verb.DELETE
        plans = self.plans.values()
        if any(isinstance(action, act.DefineNetwork) and _is_new(plan) for plan in plans for action in plan.actions):
            return Verb.CREATE
        return Verb.CHANGE if any(plan.actions for plan in plans) else Verb.NONE

    @property
    def stalled(self) -> bool:
        """Tells whether it is stalled somewhere, or waits for what does not come by itself, such as a bridge."""
        outcomes = [plan.outcome for plan in self.plans.values()]
        return any(isinstance(o, Stalled) or (isinstance(o, Waiting) and o.reason not in _PASSING) for o in outcomes)

    @property
    def pending(self) -> bool:
        return any(plan.pending for plan in self.plans.values())

    def lines(self) -> list[Line]:
        lines, spec = [heading(self)], self.resource.spec
        if self.verb is Verb.CREATE:
            mode = self.resource.mode.value if self.resource.mode else ""
            addresses = ", ".join(a.cidr for a in spec.addresses or ())
            lines += fact_lines([("mode", mode), *([("addresses", addresses)] if addresses else [])])
        for host, plan in self.plans.items():
            steps = [*_of_plan(plan)]
            if len(self.plans) > 1:
                lines.append(Line(f"    on host {host}:{'' if steps else ' as it should be'}", "dim"))
            lines += steps
        return lines

    def as_json(self) -> dict[str, Any]:
        return {**head_as_json(self), "hosts": [_as_json(host, plan) for host, plan in self.plans.items()]}


def _is_new(plan: NetworkPlan) -> bool:
    return not plan.changes and any(isinstance(action, act.StartNetwork) for action in plan.actions)


def _of_plan(plan: NetworkPlan) -> Iterator[Line]:
    yield from render_changes(plan.changes)
    yield from step_lines(plan.actions, network_action_text)
    if plan.pending:
        yield Line(
            f"    ! RestartRequired: {', '.join(change.field for change in plan.pending)}; now {named(plan.holders)}", "busy"
        )
    if isinstance(plan.outcome, Stalled | Waiting) and plan.outcome.reason not in ("Reconciling", "Terminating"):
        tone = "dim" if plan.outcome.reason in _PASSING else "bad"
        yield Line(f"    ! {plan.outcome.reason}: {plan.outcome.message}", tone)


def _as_json(host: str, plan: NetworkPlan) -> dict[str, Any]:
    return {
        "host": host,
        "changes": [change_as_json(change) for change in plan.changes],
        "pending": [change_as_json(change) for change in plan.pending],
        "holders": list(plan.holders),
        "actions": actions_as_json(plan.actions, network_action_text),
        "outcome": outcome_as_json(plan.outcome),
    }


def network_action_text(action: act.NetworkAction) -> str:
    """Returns one line for an action, without its reason."""
    match action:
        case act.DefineNetwork():
            return f"define network {action.config.name}"
        case act.SetNetworkAutostart():
            return "start with the host"
        case act.StartNetwork():
            return f"start network {action.name}"
        case act.UpdateNetwork():
            what = " ".join(filter(None, (getattr(action.entry, "ip", ""), entry_words(action.entry))))
            return f"{action.command} {what}, while it is up"
        case act.DestroyNetwork():
            return f"take network {action.name} down"
        case act.UndefineNetwork():
            return f"remove the definition of network {action.name}"
        case act.ReleaseNetwork():
            return "let the resource go: teardown is complete"
        case _:
            assert_never(action)
