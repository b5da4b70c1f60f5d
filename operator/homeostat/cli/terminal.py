"""What the output may look like: colour only on a terminal, and never with NO_COLOR (https://no-color.org)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

_TONES: dict[str, dict[str, object]] = {
    "create": {"fg": "green"},
    "change": {"fg": "yellow"},
    "delete": {"fg": "red"},
    "good": {"fg": "green"},
    "busy": {"fg": "yellow"},
    "bad": {"fg": "red"},
    "dim": {"dim": True},
    "head": {"bold": True},
}

_GOOD = frozenset({"Running", "True", "Succeeded", "Normal"})
_BUSY = frozenset({"Pending", "Starting", "Stopping", "Terminating", "Unknown", "Paused"})
_BAD = frozenset({"CrashLoopBackOff", "Failed", "False", "Warning"})


def on_terminal() -> bool:
    return sys.stdout.isatty()


def in_colour() -> bool:
    return on_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, tone: str) -> str:
    """The text, coloured where the output can be; unknown tones leave it as it is."""
    style = _TONES.get(tone)
    if not text or style is None or not in_colour():
        return text
    return click.style(text, **style)  # type: ignore[arg-type]


def tone_of(word: str) -> str:
    """The tone that a state or a condition's status is shown in."""
    return "good" if word in _GOOD else "busy" if word in _BUSY else "bad" if word in _BAD else ""


def columns(header: Sequence[str], rows: Sequence[Sequence[str]], *, show_header: bool = True) -> list[str]:
    """Aligned as kubectl does: three spaces between columns, no trailing spaces."""
    shown = ([header] if show_header else []) + [[cell or "<none>" for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in shown) for i in range(len(header))] if shown else []
    return [_line(row, widths, painted=show_header is False or i > 0) for i, row in enumerate(shown)]


def _line(row: Sequence[str], widths: Sequence[int], *, painted: bool) -> str:
    cells = [cell + " " * (width - len(cell)) for cell, width in zip(row, widths, strict=True)]
    cells[-1] = cells[-1].rstrip()
    if painted:
        cells = [paint(cell.rstrip(), tone_of(cell.rstrip())) + cell[len(cell.rstrip()) :] for cell in cells]
    return "   ".join(cells).rstrip()
