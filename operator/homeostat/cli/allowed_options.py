"""Options of operators that let machines have what reaches beyond them, and of `homeostat plan`, which plans as they would."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import click

from homeostat.planner.allowed import Allowed

from .errors import CliError


def allowed_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options, and gives the command what they say as ``allowed``."""

    @click.option(
        "--allow-qemu-arguments",
        "qemu_arguments",
        is_flag=True,
        help="Take spec.qemuArguments: who writes specs may then do what QEMU's user may.",
    )
    @click.option(
        "--allow-host-devices",
        "host_devices",
        is_flag=True,
        help="Take spec.hostDevices: who writes specs may then have any device that the host has released.",
    )
    @click.option(
        "--share-folder",
        "share_folders",
        metavar="DIR",
        multiple=True,
        help="A folder that spec.filesystems may name, as written here: guests write there as the host's root. Repeatable.",
    )
    @functools.wraps(command)
    def with_allowed(*args: Any, qemu_arguments: bool, host_devices: bool, share_folders: tuple[str, ...], **rest: Any) -> Any:
        for folder in share_folders:
            if not folder.startswith("/") or os.path.normpath(folder) != folder:
                raise CliError(f"--share-folder {folder} is not an absolute path without . and ..", "such as /srv/share")
        return command(*args, allowed=Allowed(qemu_arguments, host_devices, share_folders), **rest)

    return with_allowed
