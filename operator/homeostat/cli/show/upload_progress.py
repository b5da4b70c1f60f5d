"""How far an upload is: a bar on a terminal, else a line for each tenth."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from homeostat.models.outside import one_line

from ..terminal import in_colour, say

UploadProgress: TypeAlias = Callable[[int], None]
"""Shows how many bytes are there."""


@contextmanager
def progress_of(name: str, total: int) -> Iterator[UploadProgress]:
    """Yields what shows the progress of an upload. ``total``: bytes."""
    if not (sys.stderr.isatty() and in_colour()):
        yield _in_lines(name, total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    shown = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
    with Bars(*shown, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        task = bars.add_task(one_line(name), total=total)
        yield lambda offset: bars.update(task, completed=offset)


def _in_lines(name: str, total: int) -> UploadProgress:
    told = -1

    def at(offset: int) -> None:
        nonlocal told
        tenth = offset * 10 // max(total, 1)
        if tenth > told:
            told = tenth
            say(f"{name}: {tenth * 10} % of {total / 2**20:.1f} MiB", err=True)

    return at
