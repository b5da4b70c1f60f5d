"""What readers note beside what they show: that no operator runs and since when, or what fails in it."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.base import Resource

from ..access import operator_of, seen_now
from ..references import short_name
from ..settings import CliSettings
from ..terminal import say
from ..times import age
from .status_words import status_of


def operator_notes(settings: CliSettings) -> list[str]:
    """Returns the notes. Empty: an operator runs and nothing in it fails."""
    found = operator_of(settings)
    if found.runs:
        return [f"the operator: {failing}" for failing in found.failing]
    if found.last_look is None:
        return ["no operator is running on this state, so this may be old: `homeostat up` looks again"]
    at = found.last_look.strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        f"no operator is running on this state: this was last looked at about {age(at)} ago ({at}); `homeostat up` looks again"
    ]


def note_operator(settings: CliSettings) -> bool:
    """Prints the notes on stderr, so that what programs read stays as it is. Returns whether there is one."""
    notes = operator_notes(settings)
    for note in notes:
        say(f"note: {note}", err=True)
    return bool(notes)


def note_unseen(settings: CliSettings, resources: Sequence[Resource]) -> None:
    """Notes which of these resources an operator that has just begun has not reconciled yet."""
    of_now = seen_now(settings)
    unseen = [short_name(resource.key) for resource in resources if status_of(resource).conditions and not of_now(resource.key)]
    if unseen:
        names = ", ".join(unseen[:3]) + (f" and {len(unseen) - 3} more" if len(unseen) > 3 else "")
        say(f"note: the operator has just begun; what is shown of {names} is what the last one saw", err=True)
