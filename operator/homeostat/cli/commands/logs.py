"""``homeostat logs``: the serial console's log file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from homeostat.models.machine import VirtualMachine

from ..access import PatientReader, opened, run
from ..errors import CliError
from ..references import complete_machine, not_found, parse_references
from ..settings import CliSettings, common_options, pass_settings
from ..show.guest_text import GuestText

if TYPE_CHECKING:
    from homeostat.driver.guests.console_log import LogPart

FOLLOW_SECONDS = 0.2


@click.command()
@click.argument("name", nargs=-1, required=True, metavar="NAME | vm/NAME", shell_complete=complete_machine)
@click.option("-f", "--follow", is_flag=True, help="Go on, and print what the guest writes.")
@click.option("--tail", type=click.IntRange(min=-1), default=-1, help="Only the last N lines. Default: all.")
@click.option("--raw", is_flag=True, help="As the guest wrote it, with what a terminal obeys. Default: that is spelled out.")
@common_options(remote=True)
@pass_settings
def logs(settings: CliSettings, name: tuple[str, ...], follow: bool, tail: int, raw: bool) -> None:
    """Print a machine's serial console log."""
    machine = one_machine(settings, name)
    try:
        run(_print(settings, machine, tail, follow, bytes if raw else GuestText().shown))
    except KeyboardInterrupt:
        if not follow:
            raise


async def _print(
    settings: CliSettings, machine: VirtualMachine, tail: int, follow: bool, shown: Callable[[bytes], bytes]
) -> None:
    async with opened(settings) as store:
        part: LogPart = await store.console_log(machine, tail, "")
        patience = PatientReader()
        while part.content or follow:
            sys.stdout.buffer.write(shown(part.content))
            sys.stdout.buffer.flush()
            if not part.content:
                await asyncio.sleep(FOLLOW_SECONDS)
            following = partial(store.console_log, machine, tail, part.after)
            part = await (patience.read(following) if follow else following())


def one_machine(settings: CliSettings, words: tuple[str, ...]) -> VirtualMachine:
    """Returns the one machine that the words name.

    Raises:
        CliError: they name several, or none that exists.
    """
    references = parse_references(words, default_kind="vm")
    if len(references) != 1:
        raise CliError("name one machine, not several")
    key = references[0].key(settings.namespace)
    if key.kind != VirtualMachine.KIND:
        raise CliError(f"{words[0]} is no machine", "name one, as `homeostat get vms` lists them")

    async def read() -> VirtualMachine:
        async with opened(settings) as store:
            machine = await store.get(VirtualMachine, key)
        if machine is None:
            raise not_found(key)
        return machine

    return run(read())
