"""Options of operators that let machines have what reaches beyond them, and of `homeostat plan`, which plans as they would."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from homeostat.planner.allowed import Allowed


def allowed_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options, and gives the command what they say as ``allowed``."""

    @click.option(
        "--allow-qemu-arguments",
        "qemu_arguments",
        is_flag=True,
        help="Take spec.qemuArguments: who writes specs may then do what QEMU's user may.",
    )
    @functools.wraps(command)
    def with_allowed(*args: Any, qemu_arguments: bool, **rest: Any) -> Any:
        return command(*args, allowed=Allowed(qemu_arguments), **rest)

    return with_allowed
