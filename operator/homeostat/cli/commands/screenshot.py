"""``homeostat screenshot``: a picture of a machine's screen."""

from __future__ import annotations

from pathlib import Path

import click

from homeostat.models.machine import VirtualMachine

from ..errors import CliError
from ..references import complete_machine
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import emit, say
from .logs import one_machine


@click.command()
@click.argument("name", nargs=-1, required=True, metavar="NAME | vm/NAME", shell_complete=complete_machine)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write, as PNG.")
@click.option("--show", is_flag=True, help="Show it here, in a terminal that can: kitty, Ghostty, iTerm2, WezTerm.")
@common_options(remote=True)
@pass_settings
def screenshot(settings: CliSettings, name: tuple[str, ...], output: Path | None, show: bool) -> None:
    """Take a picture of a machine's screen, as PNG."""
    if output is None and not show:
        raise click.UsageError("say where it is to be: -o FILE.png, or --show")
    from ..show.terminal_picture import picture_in_terminal

    machine = one_machine(settings, name)
    if settings.remote is not None:
        png = settings.remote.request("GET", f"/vms/{machine.metadata.name}/screenshot").content
    else:
        png = _taken_here(settings, machine)
    if show:
        emit(picture_in_terminal(png))
    if output is not None:
        _write(output, png)
        say(f"{output}: the screen of {machine.metadata.name}, {len(png)} bytes")


def _taken_here(settings: CliSettings, machine: VirtualMachine) -> bytes:
    from homeostat.consoles.pictures import png_of
    from homeostat.driver.guests.screen import take_picture

    status, label = machine.status, machine.metadata.name
    if status is None or status.domain_uuid is None:
        raise CliError(f"{label} has no screen yet: it was never defined", f"`homeostat describe vm {label}` says why")
    taken = take_picture(settings.uri_of(status.host), status.domain_uuid)
    try:
        return png_of(taken)
    except ValueError as error:
        raise CliError(f"QEMU sent no picture of {label}: {error}", "call this again, or look by `homeostat console`") from error


def _write(output: Path, png: bytes) -> None:
    try:
        output.write_bytes(png)
    except OSError as error:
        raise CliError(f"{output} cannot be written: {error.strerror}", "name another file with -o") from error
