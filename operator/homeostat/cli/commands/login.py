"""``homeostat login``, ``logout``, ``whoami`` and ``can-i``: who one is to a REST API elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from homeostat.accounts.rights import Right

from ..errors import CliError
from ..passwords import password_of
from ..paths import NamedPath
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import emit, say

if TYPE_CHECKING:
    from ..remote.server import RemoteServer

VERBS: dict[str, Right] = {
    **dict.fromkeys(("see", "get", "list", "describe", "watch"), Right.SEE),
    **dict.fromkeys(
        ("change", "create", "apply", "delete", "edit", "start", "stop", "restart", "scale", "suspend", "resume", "restore"),
        Right.CHANGE,
    ),
    **dict.fromkeys(("copy", "export", "download"), Right.COPY),
    **dict.fromkeys(("moderate", "ban"), Right.MODERATE),
    "administer": Right.ADMINISTER,
}
"""What people say, and the right that it takes."""


@click.command()
@click.argument("url")
@click.option("--name", metavar="NAME", help="Of the account. Default: it is asked for.")
@click.option("--password-file", type=NamedPath(path_type=Path), metavar="FILE", help="Its one line is the password (mode 0600).")
@common_options()
def login(url: str, name: str | None, password_file: Path | None) -> None:
    """Sign in to the REST API at URL. The session is kept in a file of yours, of mode 0600."""
    from ..stored_session import place, server_url, sign_in

    server = server_url(url)
    if name is None:
        if not sys.stdin.isatty():
            raise CliError("which account? Nobody can be asked here", "give --name NAME")
        name = click.prompt("Name", err=True)
    session = sign_in(server, name, password_of(name, password_file))
    say(f"signed in to {server} as {session.name}; the session is in {place()}")


@click.command()
@common_options()
def logout() -> None:
    """Sign out: the session ends there, and is forgotten here."""
    from ..stored_session import sign_out

    session = sign_out()
    say(f"signed out of {session.url}")


@click.command()
@common_options(remote=True)
@pass_settings
def whoami(settings: CliSettings) -> None:
    """Say who is signed in, where, and what he may do: at --server, or else where `homeostat login` was."""
    from ..rest_server import understood

    server = _asked(settings)

    def said(found: Any) -> str:
        everywhere = ", ".join(found["everywhere"]) or "nothing"
        return f"{found['name']} ({found['role']}) at {server.url}; may do to whatever there is: {everywhere}"

    emit(understood(server.url, said, server.ask("GET", "/whoami")))


@click.command("can-i")
@click.argument("verb")
@click.argument("what", metavar="[KIND/NAME | KIND NAME]", nargs=-1)
@common_options(remote=True)
@pass_settings
def can_i(settings: CliSettings, verb: str, what: tuple[str, ...]) -> None:
    """Say whether you may: `can-i delete vm web`. Exit status 1: no."""
    from ..references import kind_called

    if verb not in VERBS:
        raise CliError(f"{verb} is nothing that takes a right", f"say one of {', '.join(VERBS)}")
    parts = what[0].split("/", 1) if len(what) == 1 else list(what)
    if len(parts) not in (0, 2):
        raise CliError("name one resource, or none", "such as: can-i delete vm web")
    about = {"kind": kind_called(parts[0]).KIND, "name": parts[1]} if parts else {}
    allowed = _asked(settings).ask("GET", "/can-i", query={"right": VERBS[verb], **about})["allowed"]
    emit("yes" if allowed else "no")
    if not allowed:
        click.get_current_context().exit(1)


def _asked(settings: CliSettings) -> RemoteServer:
    """Returns the server that was named, or else the one where somebody signed in.

    Raises:
        CliError: neither is there.
    """
    from ..remote.server import RemoteServer
    from ..stored_session import present

    return settings.remote or RemoteServer(present().url)
