"""What readers say beside what they show: that no operator runs and since when, or what of it fails."""

from __future__ import annotations

from .settings import Settings
from .terminal import say
from .times import age


def operator_notes(settings: Settings) -> list[str]:
    """Empty where an operator runs and all of it is well."""
    from homeostat.store.files.last_look import ask_operator

    found = ask_operator(settings.state)
    if found.runs:
        return [f"the operator: {failing}" for failing in found.failing]
    if found.last_look is None:
        return ["no operator is running on this state, so this may be old: `homeostat up` looks again"]
    at = found.last_look.strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        f"no operator is running on this state: this was last looked at about {age(at)} ago ({at}); `homeostat up` looks again"
    ]


def note_operator(settings: Settings) -> None:
    """On stderr, so that what programs read stays as it is."""
    for note in operator_notes(settings):
        say(f"note: {note}", err=True)
