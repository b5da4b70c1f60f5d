"""Options that are a time and cannot be negative: ``--trash-keep``, ``--settle``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class _Duration(click.ParamType["float"]):
    """As parse_duration, in seconds; ``zero`` says what 0 does."""

    name = "duration"

    def __init__(self, zero: str) -> None:
        self._zero = zero

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from .errors import CliError
        from .times import parse_duration

        if isinstance(value, float):
            return value
        try:
            seconds = parse_duration(str(value))
        except CliError as error:
            self.fail(str(error), param, ctx)
        if seconds < 0:
            self.fail(f"cannot be negative; 0 {self._zero}", param, ctx)
        return seconds


def trash_keep_option(command: F) -> F:
    return click.option(
        "--trash-keep",
        type=_Duration("erases at once"),
        default="24h",
        show_default=True,
        envvar="HOMEOSTAT_TRASH_KEEP",
        show_envvar=True,
        metavar="TIME",
        help="How long the disks of what is deleted are set aside, such as 90s, 36h or 7d; 0 erases them at once.",
    )(command)


def settle_option(command: F) -> F:
    return click.option(
        "--settle",
        type=_Duration("waits for nothing"),
        default="5s",
        show_default=True,
        envvar="HOMEOSTAT_SETTLE",
        show_envvar=True,
        metavar="TIME",
        help="How long a document must be gone before its machine goes, such as 30s or 2m; 0 waits for nothing.",
    )(command)
