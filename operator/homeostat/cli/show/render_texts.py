"""Lines of output, and two versions of a value side by side: long texts as a diff, long values from where they begin to
differ."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff
from itertools import takewhile
from math import inf

import yaml

LONGEST = 48  # characters of a value that are shown
MOST_LINES = 60  # of one diff


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output. ``tone`` names its colour."""

    text: str
    tone: str = ""


def is_text(*values: object) -> bool:
    """Tells whether a value must be compared line by line."""
    return any(isinstance(value, str) and "\n" in value for value in values)


def diff_lines(old: object, new: object) -> list[str]:
    """Returns a diff: ``- was``, ``+ is`` and a line around each."""
    before, after = ([] if value in (None, "") else str(value).removesuffix("\n").split("\n") for value in (old, new))
    found = list(unified_diff(before, after, lineterm="", n=1))[2:]  # without the file names
    found = ["…" if line.startswith("@@") else f"{line[:1]} {line[1:]}".rstrip() for line in found]
    shown = found[1:] if found[:1] == ["…"] else found
    more = len(shown) - MOST_LINES
    return shown if more <= 0 else [*shown[:MOST_LINES], f"… and {more} more lines"]


def arrow(old: object, new: object) -> str:
    """Returns ``old -> new``. Long values are cut so that the difference is seen."""
    before, after = as_written(old), as_written(new)
    if len(before) <= LONGEST >= len(after):
        return f"{before} -> {after}"
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    start = max(0, same - 8) if same > LONGEST // 2 else 0
    return f"{_cut(before, start)} -> {_cut(after, start)}"


def as_written(value: object) -> str:
    """Returns a value in one line as YAML has it, such as ``{name: lan, network: default}``; ``none`` where there is none."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, dict | list | tuple):
        return str(value)
    return str(yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=inf)).rstrip()


def _cut(text: str, start: int) -> str:
    shown = ("…" if start else "") + text[start:]
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
