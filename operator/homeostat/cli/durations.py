"""Options that are a duration and cannot be negative: ``--trash-keep``, ``--settle``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .errors import CliError
from .times import parse_duration

F = TypeVar("F", bound=Callable[..., Any])


class DurationType(click.ParamType["float"]):
    """Reads what parse_duration reads, in seconds. ``zero`` says what 0 does."""

    name = "duration"

    def __init__(self, zero: str) -> None:
        self._zero = zero

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            seconds = parse_duration(str(value))
        except CliError as error:
            self.fail(str(error), param, ctx)
        if seconds < 0:
            self.fail(f"cannot be negative; 0 {self._zero}", param, ctx)
        return seconds


def _duration_option(flag: str, *, default: str, envvar: str, help: str, zero: str) -> Callable[[F], F]:
    """Makes such an option. ``help`` says what it is; ``zero`` says what 0 does."""
    return click.option(
        flag,
        type=DurationType(zero),
        default=default,
        show_default=True,
        envvar=envvar,
        show_envvar=True,
        metavar="TIME",
        help=f"{help}; 0 {zero}.",
    )


trash_keep_option = _duration_option(
    "--trash-keep",
    default="24h",
    envvar="HOMEOSTAT_TRASH_KEEP",
    help="How long the disks of what is deleted are set aside, such as 90s, 36h or 7d",
    zero="erases at once",
)

settle_option = _duration_option(
    "--settle",
    default="5s",
    envvar="HOMEOSTAT_SETTLE",
    help="How long a document must be gone before its machine goes, such as 30s or 2m",
    zero="waits for nothing",
)
