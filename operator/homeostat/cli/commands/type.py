"""``homeostat type``: keys on a machine's keyboard."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from homeostat.models.machine import VirtualMachine

from ..errors import CliError, ResourceNotFound
from ..references import complete_machine, is_kind
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import say
from .logs import one_machine

if TYPE_CHECKING:
    from homeostat.consoles.keyboard import Chord

    from ..remote.server import RemoteServer

PART = 250  # characters of one request, which takes up to 10 seconds


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="NAME | vm/NAME [TEXT | -]", shell_complete=complete_machine)
@click.option("--keys", metavar="KEY+KEY", help="Press these together instead, such as ctrl+alt+delete. The + itself is shift+=.")
@common_options(remote=True)
@pass_settings
def type(settings: CliSettings, words: tuple[str, ...], keys: str | None) -> None:
    r"""Type TEXT on a machine's keyboard, as on one with the US layout.

    A line break in it is Enter, also as $'\n'. With - the text is read from standard input: what stands in a command line can
    be seen by others on this host.
    """
    chord, named = _chord(keys), words if keys is not None else words[:-1]
    if not named:
        raise click.UsageError("name a machine, and then the text")
    if chord and len(named) > (2 if is_kind(named[0]) else 1):
        raise click.UsageError("give a text, or --keys, not both; and name one machine")
    texts = [] if chord else _parts(sys.stdin.read() if words[-1] == "-" else words[-1])
    machine = _machine(settings, named)
    if settings.remote is not None:
        _ask(settings.remote, machine.metadata.name, chord, texts)
    else:
        _press(settings, machine, chord, texts)
    typed = sum(map(len, texts))
    say(
        f"{machine.metadata.name}: {keys if chord else f'{typed} characters'} typed; what the guest makes of it, its screen shows"
    )


def _machine(settings: CliSettings, named: tuple[str, ...]) -> VirtualMachine:
    try:
        return one_machine(settings, named)
    except ResourceNotFound as error:
        if len(named) == 1 and is_kind(named[0]):  # the word behind it was meant as the name
            raise click.UsageError(f"no machine is called {named[0]}: name a machine, and then the text") from error
        raise


def _chord(keys: str | None) -> list[str]:
    """Returns the keys of a chord. A last + that joins nothing stands for itself, so that the user learns which key has it."""
    from homeostat.consoles.keyboard import NotAKey, chord_of

    if keys is None:
        return []
    named = [*keys[:-1].split("+")[:-1], "+"] if keys == "+" or keys.endswith("++") else keys.split("+")
    try:
        chord_of(named)
    except NotAKey as error:
        raise click.UsageError(f"--keys: {error}") from error
    return named


def _parts(text: str) -> list[str]:
    """Returns a text in parts. All of it can be typed."""
    from homeostat.consoles.keyboard import NotAKey, chords_of

    text = text.replace("\r\n", "\n")  # no part ends within one
    try:
        for at in range(0, max(1, len(text)), PART):
            chords_of(text[at : at + PART], at)
    except NotAKey as error:
        raise click.UsageError(f"TEXT: {error}") from error
    return [text[at : at + PART] for at in range(0, len(text), PART)]


def _ask(server: RemoteServer, name: str, chord: Sequence[str], texts: Sequence[str]) -> None:
    for body in [{"keys": chord}] if chord else [{"text": text} for text in texts]:
        server.ask("POST", f"/vms/{name}/keys", body=body)


def _press(settings: CliSettings, machine: VirtualMachine, chord: Sequence[str], texts: Sequence[str]) -> None:
    from homeostat.consoles.keyboard import chord_of, chords_of
    from homeostat.driver.guests.keyboard import press_keys
    from homeostat.service.consoles.keys import BATCH, HOLD, seconds_of

    status, label = machine.status, machine.metadata.name
    if status is None or status.domain_uuid is None:
        raise CliError(f"{label} has no keyboard yet: it was never defined", f"`homeostat describe vm {label}` says why")
    chords: list[Chord] = [chord_of(chord)] if chord else [typed for text in texts for typed in chords_of(text)]
    for begin in range(0, len(chords), BATCH):
        batch = chords[begin : begin + BATCH]
        press_keys(settings.uri_of(status.host), status.domain_uuid, batch, HOLD)
        time.sleep(seconds_of(batch))
