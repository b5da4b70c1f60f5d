"""What `homeostat up` shows: a live table on a terminal, otherwise a line per change."""

from __future__ import annotations

import os
import re
import sys
from contextlib import ExitStack
from datetime import datetime
from typing import Protocol

from homeostat.models.base import Key
from homeostat.models.outside import one_line, redacted

from ...references import short_name
from ...terminal import in_colour, say
from .live_picture import render_live
from .moments import Moment
from .sights import Sight


class View(Protocol):
    shows_ages: bool  # the picture shows ages, so it goes out of date by itself

    def __enter__(self) -> View: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, moment: Moment) -> None: ...

    def say(self, text: str) -> None: ...


class PlainView:
    """Prints a line per change, with the time: for logs. Progress of a download is shown in steps, not each time."""

    shows_ages = False

    def __init__(self, heading: str) -> None:
        self._heading = heading
        self._told: dict[Key, tuple[str, ...]] = {}
        self._last_event = -1
        self._errors: set[str] = set()
        self._held: set[str] = set()

    def __enter__(self) -> PlainView:
        self.say(self._heading)
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def say(self, text: str) -> None:
        try:
            say(f"{datetime.now():%H:%M:%S}  {text}")
            sys.stdout.flush()
        except BrokenPipeError:  # nobody reads any more, as after `| head`: the operator goes on all the same
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def show(self, moment: Moment) -> None:
        if self._last_event < 0:  # events before this run are not shown
            self._last_event = max((event.id for event in moment.events), default=0)
        for event in moment.events:
            if event.id > self._last_event:
                self._last_event = event.id
                mark = "warning: " if event.type == "Warning" else ""
                self.say(f"{short_name(event.key)}: {mark}{event.reason}: {event.message}")
        present = {resource.key for resource in moment.resources}
        self._told = {key: told for key, told in self._told.items() if key in present}
        for resource in moment.resources:
            self._tell(resource)
        for error in moment.errors:
            if error not in self._errors:
                self.say(f"error: {error}")
        if self._errors and not moment.errors:
            self.say("the errors in the YAML are mended")
        self._errors = set(moment.errors)
        for held in moment.held:
            if held not in self._held:
                self.say(f"held: {held}")
        self._held = set(moment.held)

    def _tell(self, sight: Sight) -> None:
        if not sight.observed:
            return  # the events say so
        now = (*sight.words, _coarse(sight.note))
        if self._told.get(sight.key) != now:
            self._told[sight.key] = now
            self.say(f"{short_name(sight.key)}: {', '.join(filter(None, (*sight.words, sight.note)))}")


def _coarse(note: str) -> str:
    """Returns the note with percentages in steps of 25 and without byte counts, so that progress makes few lines."""
    stepped = re.sub(r"(\d+) ?%", lambda match: f"{int(match[1]) // 25 * 25}%", note)
    return re.sub(r"\d+ (MiB|KiB|s)\b", r"\1", stepped)


class LiveView:
    """Shows a table that stays in its place. What is said scrolls above it."""

    shows_ages = True

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

        self._console.print(Text(one_line(redacted(text))))

    def show(self, moment: Moment) -> None:
        self._live.update(render_live(self._heading, moment, self._console.height, self._console.width), refresh=True)
