"""The plan: actions in order, their outcome, and what is waited for. It is data, so that it can be shown before it is carried
out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .actions import Action


class Disruption(IntEnum):
    """How disruptive a change is; larger is worse."""

    LIVE = 0
    NEEDS_RESTART = 1
    NEEDS_REPLACE = 2
    FORBIDDEN = 3

    @property
    def word(self) -> str:
        return ("Live", "NeedsRestart", "NeedsReplace", "Forbidden")[self]


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs between what is and what should be."""

    field: str  # as in the spec: resources.memory, disks[root].size
    old: str
    new: str
    disruption: Disruption


@dataclass(frozen=True, slots=True)
class Converged:
    """Nothing to do: desired equals observed."""

    reason: str = "InSync"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something is under way. Reconcile again on an event, or after ``after`` seconds at the latest (None: only on an event)."""

    reason: str
    message: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Stalled:
    """A person must act; nothing is tried until something changes."""

    reason: str
    message: str


Outcome = Converged | Waiting | Stalled


@dataclass(frozen=True, slots=True)
class Plan:
    """The next steps for one machine.

    ``changes``: spec against the definition, being carried out. ``pending``: what the running guest lacks until it is restarted.
    ``drift``: what others changed and the policy only reports. ``moved``: sentences on disks that others put on another file,
    which stays. ``left``: something would be done if the machine were not suspended. ``aside``: sentences on disks that stay in
    the trash though the machine is back. ``notes``: sentences on what a change does in the guest. ``held``: sentences on what the
    running guest was asked for, and keeps.
    """

    actions: tuple[Action, ...] = ()
    outcome: Outcome = Converged()
    changes: tuple[Change, ...] = ()
    pending: tuple[Change, ...] = ()
    drift: tuple[Change, ...] = ()
    moved: tuple[str, ...] = ()
    left: bool = False
    aside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
