"""``homeostat accounts``: the file of the accounts database as a whole."""

from __future__ import annotations

from pathlib import Path

import click

from ..accounts_access import NO_ACCOUNTS, accounts_url
from ..errors import CliError
from ..paths import NamedPath
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import confirmed, say


@click.group()
@common_options()
def accounts() -> None:
    """Back up and restore the accounts database, where it is a file. A server has tools of its own, such as pg_dump."""


@accounts.command()
@click.argument("file", type=NamedPath(path_type=Path))
@common_options()
@pass_settings
def backup(settings: CliSettings, file: Path) -> None:
    """Copy all accounts, tokens and grants into a new file (mode 0600), while Homeostat runs or not.

    The copy holds hashes of passwords: keep it as a secret. Sessions are not in it.
    """
    from homeostat.accounts.database.backups import back_up
    from homeostat.accounts.database.database import Database

    source = _file(settings)
    if not Database.exists(accounts_url(settings)):
        raise NO_ACCOUNTS
    back_up(source, file.absolute())
    say(f"accounts copied into {file}")


@accounts.command()
@click.argument("file", type=NamedPath(path_type=Path))
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@common_options()
@pass_settings
def restore(settings: CliSettings, file: Path, yes: bool) -> None:
    """Put a backup in the place of the accounts, which are set aside. Homeostat must not run.

    Whoever was banned, or lost a role, a password or a token since the backup has it back.
    """
    from homeostat.accounts.clock import wall_clock
    from homeostat.accounts.database.backups import refuse_in_use, restore
    from homeostat.store.files.state import StateFolder

    place = _file(settings)
    refuse_in_use(place)  # before anything is asked
    if place.exists() and not yes and not confirmed(f"Put {file} in the place of the accounts? What changed since is undone."):
        raise CliError("nothing was restored", "--yes does not ask")
    StateFolder.open(settings.state)
    aside = restore(file.absolute(), place, wall_clock())
    say(f"accounts restored from {file}")
    if aside is not None:
        say(f"those before are set aside as {aside}")


def _file(settings: CliSettings) -> Path:
    from homeostat.accounts.database.database import Database

    found = Database.file(accounts_url(settings))
    if found is None:
        raise CliError("the accounts database is on a server", "back it up there: pg_dump writes it, psql reads it back")
    return found
