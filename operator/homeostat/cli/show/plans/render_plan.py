"""A plan for people and for programs. Pure: it turns plans into lines, and who prints them adds the colour.

The symbols are those of Terraform: + create, ~ change, - delete. A ! marks what a human must look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from homeostat.models.base import Resource, by_name
from homeostat.models.kinds import REGISTRY
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import FetchImage, MarkCreated, ReleaseResource, SetAside
from homeostat.planner.changes.why import reason_of
from homeostat.planner.machine.identity import disk_path
from homeostat.planner.machine.storage.reclaim import departed
from homeostat.planner.observed import Observed
from homeostat.planner.plan import Change, Outcome, Plan, Stalled, Waiting
from homeostat.runtime.machine.foreseeing import SAID_BY_ACTIONS, needs_somebody

from ...references import short_name
from ..render_texts import Line
from .describe_action import action_text
from .render_changes import disruption_tone, disruption_word, render_changes, titled, value_lines
from .render_facts import disk_fates, fact_lines, machine_facts

_RANK = {kind: -place for place, kind in enumerate(REGISTRY)}  # kinds that others rest on come first
_SEED = "cloudInit"  # the field that stands for a difference of the seed


class Reasoned(Protocol):
    """An action of any kind."""

    @property
    def reason(self) -> str: ...


A = TypeVar("A", bound=Reasoned)


class Verb(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    NONE = "none"

    @property
    def symbol(self) -> str:
        return {"create": "+", "change": "~", "delete": "-", "none": " "}[self.value]


def verb_by_status(resource: Resource, changes: bool) -> Verb:
    """Returns the verb of what is new until an operator has looked at it, which its status tells."""
    if resource.deleting:
        return Verb.DELETE
    if resource.status is None or not resource.status.observed_generation:
        return Verb.CREATE
    return Verb.CHANGE if changes else Verb.NONE


class Planned(Protocol):
    """A resource of any kind, with what would be done to it."""

    @property
    def resource(self) -> Resource: ...

    @property
    def place(self) -> str: ...

    @property
    def verb(self) -> Verb: ...

    @property
    def stalled(self) -> bool: ...

    @property
    def pending(self) -> bool: ...  # it is as it should be, except for changes that wait for a restart

    def lines(self) -> list[Line]: ...

    def as_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """One machine with everything that would be done to it, and the place of its document (``web.yaml:3``).

    ``observed``: what the plan rests on. None: only the plan is known. ``changed``: what of its spec its domain does not have
    yet, (old, new) by field.
    """

    resource: Resource
    plan: Plan
    place: str = ""
    observed: Observed | None = None
    changed: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    also: tuple[Outcome, ...] = ()  # what would stop it next, where the plan cannot be carried out to the end
    host: str = ""  # the host that it is on, or would be placed on, where there are several

    @property
    def machine(self) -> VirtualMachine:
        assert isinstance(self.resource, VirtualMachine)
        return self.resource

    @property
    def verb(self) -> Verb:
        actions = self.plan.actions
        if self.resource.deleting or any(isinstance(a, ReleaseResource) for a in actions):
            return Verb.DELETE
        awaited = _first_fetch(self) or (not actions and isinstance(self.plan.outcome, Waiting))
        if any(isinstance(a, MarkCreated) for a in actions) or (awaited and not _defined(self.machine)):
            return Verb.CREATE
        return Verb.CHANGE if actions or self.plan.changes or self.plan.drift else Verb.NONE

    @property
    def stalled(self) -> bool:
        return needs_somebody(self.plan.outcome)

    @property
    def pending(self) -> bool:
        return bool(self.plan.pending)

    def lines(self) -> list[Line]:
        return render_entry(self)

    def as_json(self) -> dict[str, Any]:
        return plan_as_json(self)


def _first_fetch(entry: PlanEntry) -> bool:
    return any(isinstance(a, FetchImage) for a in entry.plan.actions)


def _defined(machine: VirtualMachine) -> bool:
    return machine.status is not None and bool(machine.status.domain_uuid)


def exit_code(entries: Iterable[Planned]) -> int:
    """Returns 0 where nothing is to be done, 2 for changes, 1 for something that a human must look at first."""
    listed = list(entries)
    if any(entry.stalled for entry in listed):
        return 1
    return 2 if any(entry.verb is not Verb.NONE for entry in listed) else 0


def render_plan(entries: Sequence[Planned], whole: bool = True) -> list[Line]:
    """Returns every resource that would change, plugins and deployments before machines, and then the summary. ``whole``:
    nothing in the folder is broken or held back."""
    lines: list[Line] = []
    for entry in sorted(entries, key=lambda e: (_RANK[type(e.resource)], by_name(e.resource))):
        if entry.verb is Verb.NONE and not entry.stalled and not entry.pending:
            continue
        lines += [*entry.lines(), Line("")]
    return [*lines, _summary(entries, whole)]


def heading(entry: Planned) -> Line:
    verb = entry.verb
    symbol = "!" if entry.stalled else verb.symbol
    words = {Verb.CREATE: "will be created", Verb.CHANGE: "will be changed", Verb.DELETE: "will be deleted"}
    said = words.get(verb, "waits for a restart")
    if entry.stalled:
        begun = isinstance(entry, PlanEntry) and bool(entry.plan.actions)
        said = f"{said}, but not to the end" if begun and verb in words else "cannot be carried out as it is"
    on = getattr(entry, "host", "")
    host = f" on host {on}" if on else ""
    where = f"{host}  ({entry.place})" if entry.place else host
    return Line(f"{symbol} {short_name(entry.resource.key)} {said}{where}", "delete" if entry.stalled else verb.value)


def render_entry(entry: PlanEntry) -> list[Line]:
    """Returns one machine: heading, fields, actions, outcome."""
    verb, plan = entry.verb, entry.plan
    lines = [heading(entry)]
    if verb is Verb.CREATE and isinstance(entry.resource, VirtualMachine):
        lines += fact_lines([*machine_facts(entry.resource)])
    if verb is Verb.DELETE and isinstance(entry.resource, VirtualMachine):
        lines += _deleted_disks(entry)
    lines += _changes(entry, plan.changes)
    said = {change.field for change in plan.changes}
    lines += titled("waits for a restart:", [change for change in plan.pending if change.field not in said])
    lines += titled("changed by others:", plan.drift)
    lines += [Line(f"    ! {sentence}", "busy") for sentence in plan.moved]
    lines += [Line(f"    {sentence}", "dim") for sentence in plan.notes]
    lines += [
        Line(f"    ! {sentence}", "busy") for sentence in plan.aside if not any(sentence in t.text for t in plan_lines(plan))
    ]
    lines += plan_lines(plan)
    return lines + _outcome(entry)


def _changes(entry: PlanEntry, changes: Sequence[Change]) -> list[Line]:
    """Returns the changes, field by field. What a file of a seed says, and what happens to a disk that leaves, follows its
    field."""
    lines = render_changes([change for change in changes if change.field != _SEED])
    for change in changes:
        if change.field == _SEED:
            lines += _seed_lines(entry, change)
    return [*lines, *_departing(entry)]


def _seed_lines(entry: PlanEntry, change: Change) -> list[Line]:
    word, texts = disruption_word(change), {f: both for f, both in entry.changed.items() if f.startswith("cloudInit")}
    if not texts:
        return [Line(f"    ~ cloudInit   its seed changes   {word}", disruption_tone(word))]
    return [line for f, (old, new) in texts.items() for line in value_lines(f, old, new, word, disruption_tone(word))]


def _departing(entry: PlanEntry) -> list[Line]:
    """Returns the fates of disks that leave the spec while the guest, or the definition, still has them."""
    if entry.observed is None or entry.verb is Verb.DELETE:
        return []
    going = {name for action in entry.plan.actions if isinstance(action, SetAside) for name, _ in action.disks}
    left = [name for name in departed(entry.machine, entry.observed) if name not in going]
    return [
        Line(f"      disks[{name}]   once no guest uses it, its file goes to the trash (reclaimPolicy: Delete)") for name in left
    ]


def _deleted_disks(entry: PlanEntry) -> list[Line]:
    """Returns the fates of the disks by the planned steps, otherwise by the spec. Says nothing of disks that do not exist."""
    kept, lost = disk_fates(entry.machine)
    if entry.observed is not None:
        root, there = entry.observed.host.storage_root, entry.observed.storage.disks
        names = {disk_path(root, entry.machine, name): name for name in kept}
        lost = [name for a in entry.plan.actions if isinstance(a, SetAside) for name, _ in a.disks]
        kept = [name for path, name in names.items() if path in there and name not in lost]
    lines = [Line(f"    - disks[{name}]   its file goes to the trash (reclaimPolicy: Delete)", "delete") for name in lost]
    return [*lines, *(Line(f"      disks[{name}]   its file is kept (reclaimPolicy: Retain)") for name in kept)]


def plan_lines(plan: Plan) -> list[Line]:
    """Returns the actions, numbered, with their reasons."""
    return step_lines(plan.actions, action_text)


def step_lines(actions: Sequence[A], text: Callable[[A], str]) -> list[Line]:
    """Returns actions of any kind, numbered, with their reasons."""
    texts = [text(action) for action in actions]
    width = min(max(map(len, texts), default=0), 44)
    return [
        Line(f"    {number}. {said:{width}}   ({action.reason})")
        for number, (said, action) in enumerate(zip(texts, actions, strict=True), 1)
    ]


def _outcome(entry: PlanEntry) -> list[Line]:
    match entry.plan.outcome:
        case Stalled(reason, message) | Waiting(reason, message) if entry.stalled:
            lines = [Line(f"    ! {reason}: {message}", "bad")]
            return [*lines, *(Line(f"    ! {more.reason}: {more.message}", "bad") for more in entry.also)]
        case Waiting(reason, message) if reason not in SAID_BY_ACTIONS:
            return [Line(f"    … {reason}: {message}", "dim")]
        case _:
            return []


def _summary(entries: Sequence[Planned], whole: bool) -> Line:
    count = {verb: sum(e.verb is verb and not e.stalled for e in entries) for verb in Verb}
    stalled = sum(e.stalled for e in entries)
    restarts = sum(e.pending and e.verb is Verb.NONE and not e.stalled for e in entries)
    if whole and not stalled and not any(count[v] for v in (Verb.CREATE, Verb.CHANGE, Verb.DELETE)):
        text = f"No changes: {count[Verb.NONE]} as {'it' if count[Verb.NONE] == 1 else 'they'} should be"
        return Line(text + (f", {restarts} waiting for a restart." if restarts else "."), "good")
    parts = [f"{count[v]} to {v}" for v in (Verb.CREATE, Verb.CHANGE, Verb.DELETE)]
    parts.append(f"{count[Verb.NONE]} unchanged")
    if stalled:
        parts.append(f"{stalled} need a human")
    return Line(f"Plan: {', '.join(parts)}.", "head")


def plan_as_json(entry: PlanEntry) -> dict[str, Any]:
    """Returns the same for programs. Actions are named by type, with their text and reason, and no secret is in either."""
    return {
        **head_as_json(entry),
        **({"host": entry.host} if entry.host else {}),
        "changes": [change_as_json(c) for c in entry.plan.changes],
        "pending": [change_as_json(c) for c in entry.plan.pending],
        "drift": [change_as_json(c) for c in entry.plan.drift],
        "moved": list(entry.plan.moved),
        "notes": list(entry.plan.notes),
        "aside": list(entry.plan.aside),
        "actions": actions_as_json(entry.plan.actions, action_text),
        "outcome": outcome_as_json(entry.plan.outcome),
        "also": [{"reason": more.reason, "message": more.message} for more in entry.also],
    }


def head_as_json(entry: Planned) -> dict[str, Any]:
    """Returns what every entry says: which resource, where it stands, and what becomes of it."""
    key = entry.resource.key
    where = {"kind": key.kind, "namespace": key.namespace, "name": key.name, "place": entry.place or None}
    return {**where, "change": entry.verb.value}


def actions_as_json(actions: Sequence[A], text: Callable[[A], str]) -> list[dict[str, str]]:
    return [{"action": type(action).__name__, "summary": text(action), "reason": action.reason} for action in actions]


def outcome_as_json(outcome: Outcome) -> dict[str, str]:
    return {"type": type(outcome).__name__, "reason": outcome.reason, "message": outcome.message}


def change_as_json(change: Change) -> dict[str, str]:
    told = {"field": change.field, "old": change.old, "new": change.new}
    return {**told, "disruption": change.disruption.word, "reason": reason_of(change)}
