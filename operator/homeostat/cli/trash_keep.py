"""``--trash-keep``: for how long what is deleted can be had back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class _Duration(click.ParamType["float"]):
    """As parse_duration, in seconds."""

    name = "duration"

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
            self.fail("cannot be negative; 0 erases at once", param, ctx)
        return seconds


def trash_keep_option(command: F) -> F:
    return click.option(
        "--trash-keep",
        type=_Duration(),
        default="24h",
        show_default=True,
        envvar="HOMEOSTAT_TRASH_KEEP",
        show_envvar=True,
        metavar="TIME",
        help="How long the disks of what is deleted are set aside; 0 erases them at once.",
    )(command)
