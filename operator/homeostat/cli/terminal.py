"""The one place through which the command line's output goes, and where its look is decided: colour only on a terminal, and never
with NO_COLOR (https://no-color.org)."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

import click

from homeostat.models.outside import one_line, redacted

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


# These enclose painted text until it is printed. No text from outside can look like them.
_MARK = os.urandom(8).hex()
_PAINTED = re.compile(f"\x1b{_MARK}([a-z]*):")


def say(*lines: str, err: bool = False) -> None:
    """Prints words for people, each in a line of its own. Secrets are hidden, and nothing is printed that a terminal obeys,
    except our own colours."""
    click.echo("\n".join(map(dressed, lines)), err=err)


def say_aside(line: str) -> None:
    """Prints words for people beside what a guest writes on a raw terminal, where a new line does not begin at the left by
    itself."""
    click.echo(f"\r\n[{dressed(line)}]\r", err=True)


def emit(text: str) -> None:
    """Prints what programs read, such as JSON and YAML, which escape such characters in their own ways."""
    click.echo(text.removesuffix("\n"))


def emit_bytes(data: bytes) -> None:
    """Prints what a program reads that is no text, such as a picture."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def dressed(text: str) -> str:
    """Returns one line as ``say`` prints it."""
    first, *rest = _PAINTED.split(text)
    pieces = [one_line(redacted(first))]
    for tone, piece in zip(rest[::2], rest[1::2], strict=True):
        plain = one_line(redacted(piece))
        pieces.append(click.style(plain, **_TONES[tone]) if tone and plain else plain)  # type: ignore[arg-type]
    return "".join(pieces)


def confirmed(question: str) -> bool:
    """Asks a person. Where nobody can be asked the answer is no: the caller then says which option does not ask."""
    try:
        return click.confirm(question)
    except click.Abort:  # by Ctrl-C, or the input has ended
        if sys.stdin.isatty():
            raise
        say("")  # ends the line of the question
        return False


def on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()  # None: the command was started without one (>&-)


def in_colour() -> bool:
    return on_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, tone: str) -> str:
    """Returns the text, coloured where the output can be. Unknown tones leave it as it is."""
    if not text or tone not in _TONES or not in_colour():
        return text
    return f"\x1b{_MARK}{tone}:{text}\x1b{_MARK}:"


def tone_of(word: str) -> str:
    """Returns the tone in which a state or the status of a condition is shown."""
    return "good" if word in _GOOD else "busy" if word in _BUSY else "bad" if word in _BAD else ""


def columns(header: Sequence[str], rows: Sequence[Sequence[str]], *, show_header: bool = True) -> list[str]:
    """Returns aligned columns as kubectl does: three spaces between columns, no trailing spaces."""
    shown = ([header] if show_header else []) + [[one_line(redacted(cell)) or "<none>" for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in shown) for i in range(len(header))] if shown else []
    return [_line(row, widths, painted=show_header is False or i > 0) for i, row in enumerate(shown)]


def _line(row: Sequence[str], widths: Sequence[int], *, painted: bool) -> str:
    cells = [cell + " " * (width - len(cell)) for cell, width in zip(row, widths, strict=True)]
    cells[-1] = cells[-1].rstrip()
    if painted:
        cells = [paint(cell.rstrip(), tone_of(cell.rstrip())) + cell[len(cell.rstrip()) :] for cell in cells]
    return "   ".join(cells).rstrip()
