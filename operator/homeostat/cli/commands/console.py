"""``homeostat console``: a person at the serial console of a machine."""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from homeostat.models.machine import VirtualMachine

from ..errors import CliError
from ..references import complete_machine
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import say
from .logs import one_machine

if TYPE_CHECKING:
    from ..remote.server import RemoteServer

ESCAPE = b"\x1d"  # Ctrl-]
ATTACHING = "Attaching to {}; Ctrl-] detaches. (Press Enter to see its prompt.)"
DETACHED = "Detached from {}; it goes on."


@click.command()
@click.argument("name", nargs=-1, required=True, metavar="NAME | vm/NAME", shell_complete=complete_machine)
@click.option("--force", is_flag=True, help="Disconnect whoever is attached. With --server, take control as well.")
@common_options(remote=True)
@pass_settings
def console(settings: CliSettings, name: tuple[str, ...], force: bool) -> None:
    """Attach to a machine's serial console; Ctrl-] detaches."""
    machine = one_machine(settings, name)
    if settings.remote is not None:
        _attach_there(settings.remote, machine.metadata.name, force)
    else:
        _attach_here(settings, machine, force)


def _attach_there(server: RemoteServer, label: str, force: bool) -> None:
    from ..remote.console import attach_remotely

    say(ATTACHING.format(label), err=True)
    with raw_terminal(sys.stdin.fileno()):
        why = attach_remotely(server, label, sys.stdin.fileno(), sys.stdout.fileno(), escape=ESCAPE, force=force)
    say("", f"The console of {label} was closed: {why}." if why else DETACHED.format(label), err=True)


def _attach_here(settings: CliSettings, machine: VirtualMachine, force: bool) -> None:
    from homeostat.driver.guests.console import ConsoleEnd, attach_console

    uuid = machine.status.domain_uuid if machine.status else None
    label, host = machine.metadata.name, machine.status.host if machine.status else None
    if uuid is None:
        raise CliError(f"{label} has no console yet: it was never defined", f"`homeostat describe vm {label}` says why")
    uri = settings.uri_of(host)
    say(ATTACHING.format(label), err=True)
    with raw_terminal(sys.stdin.fileno()):
        end = attach_console(uri, uuid, sys.stdin.fileno(), sys.stdout.fileno(), escape=ESCAPE, force=force)
    said = {ConsoleEnd.CLOSED: f"The console of {label} was closed: it stopped, or somebody else attached."}
    say("", said.get(end, DETACHED.format(label)), err=True)


@contextmanager
def raw_terminal(fd: int) -> Iterator[None]:
    """Passes every key to the guest as it is, also Ctrl-C, and restores the terminal whatever happens. Does nothing without a
    terminal."""
    if not os.isatty(fd):
        yield
        return

    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
