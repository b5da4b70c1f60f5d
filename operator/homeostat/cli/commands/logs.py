"""``homeostat logs``: the serial console's log file."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click

from homeostat.models.machine import VirtualMachine

from ..access import opened, run
from ..errors import CliError
from ..references import complete_machine, not_found, parse_references
from ..settings import CliSettings, common_options, pass_settings
from ..show.guest_text import GuestText

Shown = Callable[[bytes], bytes]

FOLLOW_SECONDS = 0.2
_BLOCK = 64 * 1024


@click.command()
@click.argument("name", nargs=-1, required=True, metavar="NAME | vm/NAME", shell_complete=complete_machine)
@click.option("-f", "--follow", is_flag=True, help="Go on, and print what the guest writes.")
@click.option("--tail", type=click.IntRange(min=-1), default=-1, help="Only the last N lines. Default: all.")
@click.option("--raw", is_flag=True, help="As the guest wrote it, with what a terminal obeys. Default: that is spelled out.")
@common_options()
@pass_settings
def logs(settings: CliSettings, name: tuple[str, ...], follow: bool, tail: int, raw: bool) -> None:
    """Print a machine's serial console log."""
    path = console_log(settings, name)
    shown: Shown = bytes if raw else GuestText().shown
    with _open(path) as file:
        file.seek(tail_offset(file, tail))
        _copy(file, shown)
        if follow:
            _follow(path, file, shown)


def console_log(settings: CliSettings, words: tuple[str, ...]) -> Path:
    """Returns the log file of one machine.

    Raises:
        CliError: there is no such machine, or it has no log yet.
    """
    machine = one_machine(settings, words)
    path = machine.status.console_log if machine.status else None
    if path is None:
        raise CliError(
            f"{machine.metadata.name} has no console log yet: it was never defined",
            f"`homeostat describe vm {machine.metadata.name}` says what it waits for",
        )
    return Path(path)


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


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise CliError(f"the console log {path} is not there (yet): the machine has not been started") from None


def tail_offset(file: BinaryIO, lines: int) -> int:
    """Returns the offset at which the last ``lines`` lines begin. A negative number means all lines."""
    if lines < 0:
        return 0
    end = file.seek(0, os.SEEK_END)
    if lines == 0:
        return end
    position, wanted = end, lines + 1
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        file.seek(position)
        block = file.read(size)
        # A newline at the very end ends the last line, and begins no other one.
        if position + size == end and not block.endswith(b"\n"):
            wanted -= 1
        breaks = [i for i, byte in enumerate(block) if byte == 0x0A]
        if len(breaks) >= wanted:
            return position + breaks[-wanted] + 1
        wanted -= len(breaks)
    return 0


def _copy(file: BinaryIO, shown: Shown) -> None:
    while block := file.read(_BLOCK):
        sys.stdout.buffer.write(shown(block))
    sys.stdout.buffer.flush()


def _follow(path: Path, file: BinaryIO, shown: Shown) -> None:
    """Follows a log through truncation and rotation, until it is interrupted."""
    try:
        while True:
            time.sleep(FOLLOW_SECONDS)
            _copy(file, shown)
            try:
                known, mine = path.stat(), os.fstat(file.fileno())
            except FileNotFoundError:
                continue  # it is between two files
            if (known.st_ino, known.st_dev) != (mine.st_ino, mine.st_dev):
                file.close()
                file = path.open("rb")
            elif known.st_size < file.tell():
                file.seek(0)
    except KeyboardInterrupt:
        return
