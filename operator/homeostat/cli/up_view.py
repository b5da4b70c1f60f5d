"""What `homeostat up` shows: a live table on a terminal, else a line per change."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import click

from homeostat.models.machine import VirtualMachine

from .output import address, is_ready, ready_word, state_word, waits_for
from .references import short_name
from .terminal import in_colour, paint, tone_of
from .times import age

if TYPE_CHECKING:
    from rich.console import Group

    from homeostat.runtime.ports import Event

SHOWN_EVENTS = 6
_STYLES = {"good": "green", "busy": "yellow", "bad": "red", "": ""}
_SPENT = 7  # lines of the terminal for heading, titles and space


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that there is to show at one moment; ``errors`` are those of the YAML folder."""

    machines: Sequence[VirtualMachine]
    events: Sequence[Event]
    errors: Sequence[str]

    @property
    def ready(self) -> int:
        return sum(is_ready(machine) for machine in self.machines)

    @property
    def summary(self) -> str:
        count = len(self.machines)
        text = f"{count} machine{'' if count == 1 else 's'}, {self.ready} ready"
        return text + (f", {len(self.errors)} error{'' if len(self.errors) == 1 else 's'} in the YAML" if self.errors else "")


class View(Protocol):
    def __enter__(self) -> View: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, snapshot: Snapshot) -> None: ...

    def say(self, text: str) -> None: ...


class PlainView:
    """A line per change, with the time: for logs. Progress of a download is told in steps, not at every look."""

    def __init__(self, heading: str) -> None:
        self._heading = heading
        self._machines: dict[str, tuple[str, ...]] = {}
        self._last_event = -1
        self._errors: set[str] = set()

    def __enter__(self) -> PlainView:
        self.say(self._heading)
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def say(self, text: str) -> None:
        click.echo(f"{datetime.now():%H:%M:%S}  {text}")
        sys.stdout.flush()

    def show(self, snapshot: Snapshot) -> None:
        if self._last_event < 0:  # what happened before this run is history
            self._last_event = max((event.id for event in snapshot.events), default=0)
        for event in snapshot.events:
            if event.id > self._last_event:
                self._last_event = event.id
                mark = "warning: " if event.type == "Warning" else ""
                self.say(f"{short_name(event.key)}: {mark}{event.reason}: {event.message}")
        for machine in snapshot.machines:
            self._show_machine(machine)
        present = {str(machine.key) for machine in snapshot.machines}
        self._machines = {key: shown for key, shown in self._machines.items() if key in present}
        for error in snapshot.errors:
            if error not in self._errors:
                self.say(f"error: {error}")
        if self._errors and not snapshot.errors:
            self.say("the errors in the YAML are mended")
        self._errors = set(snapshot.errors)

    def _show_machine(self, machine: VirtualMachine) -> None:
        if machine.status is None or not machine.status.conditions:
            return  # not looked at yet, or torn down: the events say so
        note = waits_for(machine)
        now = (state_word(machine), "ready" if is_ready(machine) else "not ready", address(machine), _coarse(note))
        if self._machines.get(str(machine.key)) != now:
            self._machines[str(machine.key)] = now
            words = ", ".join(filter(None, (*now[:3], note)))
            self.say(f"{short_name(machine.key)}: {words}")


def _coarse(note: str) -> str:
    """The note with percentages in steps of 25 and without byte counts, so that progress makes few lines."""
    stepped = re.sub(r"(\d+) ?%", lambda match: f"{int(match[1]) // 25 * 25}%", note)
    return re.sub(r"\d+ (MiB|s)\b", r"\1", stepped)


class LiveView:
    """A table that stays where it is; what is said scrolls above it."""

    def __init__(self, heading: str) -> None:
        from rich.console import Console
        from rich.live import Live

        self._heading = heading
        self._console = Console(no_color=not in_colour(), highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._open = ExitStack()

    def __enter__(self) -> LiveView:
        self._open.enter_context(self._live)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def say(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text(text))

    def show(self, snapshot: Snapshot) -> None:
        self._live.update(render_live(self._heading, snapshot, self._console.height), refresh=True)


def render_live(heading: str, snapshot: Snapshot, height: int) -> Group:
    """The whole picture for a terminal of ``height`` lines: machines that are not ready come first where not all fit."""
    from rich.console import Group
    from rich.text import Text

    events = list(snapshot.events)[-SHOWN_EVENTS:] if height >= 20 else []
    errors = list(snapshot.errors)[:3]
    room = max(height - _SPENT - len(events) - len(errors), 2)

    def line(text: str, style: str) -> Text:
        return Text(text, style=style, overflow="ellipsis", no_wrap=True)

    shown = sorted(snapshot.machines, key=lambda m: (m.metadata.namespace, m.metadata.name))
    if len(shown) > room:
        shown = sorted(shown, key=is_ready)[: room - 1]
    parts: list[object] = [line(heading, "bold"), line(snapshot.summary, "dim"), Text("")]
    parts.append(_machine_table(shown) if shown else line("(the folder holds no machines yet)", "dim"))
    if len(shown) < len(snapshot.machines):
        parts.append(line(f"… and {len(snapshot.machines) - len(shown)} more", "dim"))
    parts += [line(f"error: {error}", "red") for error in errors]
    if events:
        parts += [Text(""), _event_table(events)]
    return Group(*parts)  # type: ignore[arg-type]


def _machine_table(machines: Sequence[VirtualMachine]) -> object:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    rows = [(*_cells(machine), waits_for(machine)) for machine in machines]
    for i, name in enumerate(("NAME", "STATUS", "READY", "ADDRESS")):
        # What waits must not squeeze what is.
        table.add_column(name, no_wrap=True, min_width=min(max(len(row[i]) for row in rows), 24))
    table.add_column("WAITS FOR", no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(cell, style=_STYLES.get(tone_of(cell), "") if i in (1, 2) else "") for i, cell in enumerate(row)))
    return table


def _cells(machine: VirtualMachine) -> tuple[str, str, str, str]:
    return short_name(machine.key).removeprefix("vm/"), state_word(machine), ready_word(machine), address(machine)


def _event_table(events: Sequence[Event]) -> object:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False, style="dim")
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for event in events:
        style = "yellow" if event.type == "Warning" else ""
        table.add_row(age(event.time), short_name(event.key), event.reason, event.message, style=style)
    return table


def paint_summary(snapshot: Snapshot) -> str:
    return paint(snapshot.summary, "good" if snapshot.ready == len(snapshot.machines) else "busy")
