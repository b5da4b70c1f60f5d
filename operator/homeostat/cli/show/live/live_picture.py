"""The live picture of `homeostat up` on a terminal: deployments and machines, what they wait for, errors, events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from homeostat.models.base import in_natural_order
from homeostat.models.outside import one_line, redacted

from ...references import short_name
from ...terminal import tone_of
from ...times import age
from .moments import Moment
from .sights import Sight

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from homeostat.runtime.engine.ports import Event

SHOWN_EVENTS = 6
SHOWN_DEPLOYMENTS = 8
SHOWN_PLUGINS = 3  # only plugins that are not ready
SHOWN_ERRORS = 3
_STYLES = {"good": "green", "busy": "yellow", "bad": "red", "": ""}
_SPENT = 7  # lines of the terminal for heading, titles and blank lines
_MACHINE = ("NAME", "STATUS", "READY", "ADDRESS", "WAITS FOR")
_DEPLOYMENT = ("DEPLOYMENT", "READY", "UP-TO-DATE", "AVAILABLE", "ROLLOUT", "WAITS FOR")
_GAP = 3  # characters between columns
_WIDEST = 30  # characters of a column


def render_live(heading: str, moment: Moment, height: int, width: int) -> Group:
    """Returns the whole picture for a terminal of ``height`` lines and ``width`` columns. What is not ready comes first."""
    from rich.console import Group
    from rich.text import Text

    def line(text: str, style: str) -> Text:
        return Text(one_line(redacted(text)), style=style, overflow="ellipsis", no_wrap=True)

    tall = height >= 20
    events = list(moment.events)[-SHOWN_EVENTS:] if tall else []
    errors = [f"error: {error}" for error in (*(f"operator: {failing}" for failing in moment.failing), *moment.errors)]
    if len(errors) > (most := SHOWN_ERRORS + len(moment.failing)):
        errors = [*errors[: most - 1], f"… and {len(errors) - most + 1} more errors: `homeostat get errors`"]
    deployments = _first(moment.deployments, SHOWN_DEPLOYMENTS if tall else 2)
    plugins = [plugin for plugin in moment.plugins if not plugin.ready][:SHOWN_PLUGINS]
    above = (len(deployments) + 2 if deployments else 0) + len(plugins)
    machines = _first(moment.machines, max(height - _SPENT - len(events) - len(errors) - len(moment.held[:1]) - above, 2))

    parts: list[object] = [line(heading, "bold"), line(moment.summary, "dim"), Text("")]
    parts += [line(f"{short_name(plugin.key)}: {plugin.note}", "yellow") for plugin in plugins]
    if deployments:
        parts += [_resource_table(_DEPLOYMENT, deployments, (), width), Text("")]
    parts.append(
        _resource_table(_MACHINE, machines, (1, 2), width) if machines else line("(the folder holds no machines yet)", "dim")
    )
    if len(machines) < len(moment.machines):
        unready = sum(not machine.ready for machine in moment.machines) - sum(not machine.ready for machine in machines)
        parts.append(line(f"… and {len(moment.machines) - len(machines)} more, {unready or 'none'} of them not ready", "dim"))
    parts += [line(error, "red") for error in errors]
    parts += [line(f"held: {held}", "yellow") for held in moment.held[:1]]
    if events:
        parts += [Text(""), _event_table(events, width)]
    return Group(*parts)  # type: ignore[arg-type]


def _first(sights: Sequence[Sight], room: int) -> list[Sight]:
    shown = sorted(sights, key=lambda sight: in_natural_order(sight.key))
    return shown if len(shown) <= room else sorted(shown, key=lambda sight: sight.ready)[: max(room - 1, 1)]


def _table(headings: Sequence[str], rows: Sequence[tuple[str, ...]], painted: Sequence[int], width: int) -> Table:
    """Returns a table whose last column says what is waited for. That column is cut to the width that the others leave, because
    rich would narrow all of them."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    room = width
    for i, name in enumerate(headings[:-1]):
        widest = max(len(name), *(len(row[i]) for row in rows))
        table.add_column(name, no_wrap=True, overflow="ellipsis", width=min(widest, _WIDEST))
        room -= min(widest, _WIDEST) + _GAP
    table.add_column(headings[-1], no_wrap=True)
    for row in rows:
        cells = [*row[:-1], cut(one_line(redacted(row[-1])), room)]
        table.add_row(
            *(Text(one_line(cell), style=_STYLES.get(tone_of(cell), "") if i in painted else "") for i, cell in enumerate(cells))
        )
    return table


def cut(text: str, room: int) -> str:
    """Returns at most ``room`` characters of the text."""
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…" if room > 0 else ""


def _resource_table(headings: Sequence[str], sights: Sequence[Sight], painted: Sequence[int], width: int) -> Table:
    rows = [(short_name(sight.key).partition("/")[2], *sight.cells, sight.note) for sight in sights]
    return _table(headings, rows, painted, width)


def _event_table(events: Sequence[Event], width: int) -> Table:
    """Returns the events as ``_table`` does. A long message is cut, and the other columns keep their width."""
    from rich.table import Table
    from rich.text import Text

    rows = [(age(event.time), short_name(event.key), event.reason) for event in events]
    table, room = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False, style="dim"), width
    for column in zip(*rows, strict=True):
        widest = min(max(map(len, column)), _WIDEST)
        table.add_column(no_wrap=True, overflow="ellipsis", width=widest)
        room -= widest + 2
    table.add_column(no_wrap=True)
    for row, event in zip(rows, events, strict=True):
        message = Text(cut(one_line(redacted(event.message)), room))
        table.add_row(*row, message, style="yellow" if event.type == "Warning" else "")
    return table
