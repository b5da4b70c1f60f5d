"""What changes, field by field: ``~ field   old -> new   Disruption``. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.machine import PendingChange
from homeostat.planner.changes.why import reason_of
from homeostat.planner.plan import Change, Disruption

from ..render_texts import Line, arrow, diff_lines, is_text


def render_changes(changes: Sequence[Change | PendingChange], indent: str = "    ") -> list[Line]:
    """Returns the changes as ``~ field  old -> new  Disruption``, aligned, and why it is not made at once."""
    fields = max((len(c.field) for c in changes), default=0)
    values = [f"{c.old} -> {c.new}" for c in changes]
    width = min(max(map(len, values), default=0), 40)
    told = [f"{indent}~ {c.field:{fields}}   {value:{width}}   " for c, value in zip(changes, values, strict=True)]
    return [
        Line(f"{text}{disruption_word(c)}{_why(c)}", disruption_tone(disruption_word(c)))
        for c, text in zip(changes, told, strict=True)
    ]


def _why(change: Change | PendingChange) -> str:
    """Says why a change is not made at once. A status of an earlier version does not tell."""
    if isinstance(change, PendingChange):
        return f" ({change.reason})" if change.reason and change.disruption != "Live" else ""
    return f" ({reason_of(change)})" if change.disruption is not Disruption.LIVE else ""


def titled(title: str, changes: Sequence[Change]) -> list[Line]:
    return [Line(f"    {title}", "dim"), *render_changes(changes, "      ")] if changes else []


def disruption_word(change: Change | PendingChange) -> str:
    return change.disruption.word if isinstance(change.disruption, Disruption) else change.disruption


def disruption_tone(word: str) -> str:
    return {"Live": "good", "NeedsRestart": "busy"}.get(word, "bad")


def value_lines(name: str, old: object, new: object, word: str, tone: str) -> list[Line]:
    """Returns one change as ``~ field   old -> new   word``. For long texts it is a diff of their lines."""
    if not is_text(old, new):
        return [Line(f"    ~ {name}   {arrow(old, new)}   {word}".rstrip(), tone)]
    tones = {"+": "good", "-": "bad"}
    return [
        Line(f"    ~ {name}   {word}".rstrip(), tone),
        *(Line(f"        {text}", tones.get(text[:1], "dim")) for text in diff_lines(old, new)),
    ]
