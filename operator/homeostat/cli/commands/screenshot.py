"""``homeostat screenshot``: a picture of a machine's screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeostat.models.machine import VirtualMachine

from ..errors import CliError
from ..paths import NamedPath
from ..references import complete_machine
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import emit, emit_bytes, on_terminal, say
from .logs import one_machine

if TYPE_CHECKING:
    from ..remote.server import RemoteServer


PNG = b"\x89PNG\r\n\x1a\n"
PICTURE_MAX = 64 * 1024 * 1024  # bytes
STDOUT = Path("-")


@click.command()
@click.argument("name", nargs=-1, required=True, metavar="NAME | vm/NAME", shell_complete=complete_machine)
@click.option(
    "-o",
    "--output",
    type=NamedPath(dir_okay=False, allow_dash=True, path_type=Path),
    help="The file to write, as PNG. -: standard output.",
)
@click.option("--show", is_flag=True, help="Show it here, in a terminal that can: kitty, Ghostty, iTerm2, WezTerm.")
@common_options(remote=True)
@pass_settings
def screenshot(settings: CliSettings, name: tuple[str, ...], output: Path | None, show: bool) -> None:
    """Take a picture of a machine's screen, as PNG."""
    if output is None and not show:
        raise click.UsageError("say where it is to be: -o FILE.png, or --show")
    if output == STDOUT and (show or on_terminal()):
        raise click.UsageError(
            "a PNG on standard output is for a file or a program, not for a terminal: redirect it, or give --show alone"
        )
    from ..show.terminal_picture import picture_in_terminal

    machine = one_machine(settings, name)
    png = _taken_here(settings, machine) if settings.remote is None else _taken_there(settings.remote, machine.metadata.name)
    if show:
        emit(picture_in_terminal(png))
    if output is not None:
        _write(output, png)
        say(f"{output}: the screen of {machine.metadata.name}, {len(png)} bytes", err=output == STDOUT)


def _taken_there(server: RemoteServer, label: str) -> bytes:
    from ..rest_server import NO_API

    answer = server.request("GET", f"/vms/{label}/screenshot", most=PICTURE_MAX)
    if not answer.content.startswith(PNG):
        form = answer.headers.get("Content-Type", "nothing")
        raise CliError(f"{server.url} answered {form} that is no PNG, not as a Homeostat API does", NO_API)
    return answer.content


def _taken_here(settings: CliSettings, machine: VirtualMachine) -> bytes:
    from homeostat.consoles.pictures import png_of
    from homeostat.driver.errors import DriverError, Refused
    from homeostat.driver.guests.screen import take_picture

    status, label = machine.status, machine.metadata.name
    if status is None or status.domain_uuid is None:
        raise CliError(f"{label} has no screen yet: it was never defined", f"`homeostat describe vm {label}` says why")
    try:
        return png_of(take_picture(settings.uri_of(status.host), status.domain_uuid))
    except Refused:
        raise
    except DriverError as error:
        from homeostat.service.consoles.screens import why_dark

        if not (why := why_dark(machine.spec)):
            raise
        raise CliError(f"no picture of {label}: {why}") from error
    except ValueError as error:
        raise CliError(f"QEMU sent no picture of {label}: {error}", "call this again, or look by `homeostat console`") from error


def _write(output: Path, png: bytes) -> None:
    try:
        if output == STDOUT:
            emit_bytes(png)
        else:
            output.write_bytes(png)
    except OSError as error:
        raise CliError(f"{output} cannot be written: {error.strerror}", "name another file with -o") from error
