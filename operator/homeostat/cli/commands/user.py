"""``homeostat user``: the accounts, on the host of their database, whether a server runs or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from homeostat.accounts.rights import Role

from ..accounts_access import accounts_database, accounts_in, by_host, existing_accounts
from ..errors import CliError
from ..passwords import password_of
from ..settings import CliSettings, common_options, pass_settings
from ..show.items import FORM, ItemForms
from ..terminal import confirmed, say
from ..times import age

if TYPE_CHECKING:
    from homeostat.accounts.accounts import Account, Accounts

ROLES = click.Choice([role.value for role in Role])
PASSWORD_FILE = click.option(
    "--password-file", type=click.Path(path_type=Path), metavar="FILE",
    help="Its one line is the password (mode 0600). Default: it is asked for, twice.",
)  # fmt: skip


FIRST = "note: from now on the REST API lets nobody in who has not signed in; a --token-file works as before"


@click.group()
@common_options()
def user() -> None:
    """Make, list and change accounts, on the host of their database. The first one must be an administrator."""


@user.command()
@click.argument("name")
@click.option("--role", type=ROLES, default=Role.USER.value, show_default=True)
@PASSWORD_FILE
@click.option("--no-password", is_flag=True, help="Nobody can sign in by one: for programs, which have tokens.")
@common_options()
@pass_settings
def add(settings: CliSettings, name: str, role: str, password_file: Path | None, no_password: bool) -> None:
    """Make an account."""
    from homeostat.accounts.names import account_name

    if no_password and password_file is not None:
        raise CliError("--no-password goes with no --password-file", "leave one of them out")
    name = account_name(name)  # nobody should type a password for a name that is refused then
    password = None if no_password else password_of(name, password_file, new=True)
    with accounts_database(settings, create=True) as database:
        assert database is not None
        accounts = accounts_in(database)
        first = not accounts.any()
        added = accounts.add(name, Role(role), password, by=by_host())
    say(f"account {added.name} created ({added.role})")
    if first:
        say(FIRST, err=True)


@user.command("list")
@FORM
@common_options()
@pass_settings
def list_accounts(settings: CliSettings, output: str | None) -> None:
    """Show all accounts."""
    with accounts_database(settings) as database:
        FORMS.print(accounts_in(database).list() if database is not None else [], output)


@user.command()
@click.argument("name")
@FORM
@common_options()
@pass_settings
def show(settings: CliSettings, name: str, output: str | None) -> None:
    """Show one account."""
    with _opened(settings) as accounts:
        FORMS.print([accounts.get(name)], output, single=True)


@user.command()
@click.argument("name")
@click.argument("role", type=ROLES)
@common_options()
@pass_settings
def role(settings: CliSettings, name: str, role: str) -> None:
    """Give an account another role. Whoever is signed in has it at once."""
    with _opened(settings) as accounts:
        changed = accounts.set_role(name, Role(role), by=by_host())
    say(f"account {changed.name} is {changed.role} now")


@user.command()
@click.argument("name")
@common_options()
@pass_settings
def ban(settings: CliSettings, name: str) -> None:
    """Let an account in no more. Its sessions end, and its tokens do not work, until `unban`."""
    with _opened(settings) as accounts:
        changed = accounts.ban(name, by=by_host())
    say(f"account {changed.name} banned")


@user.command()
@click.argument("name")
@common_options()
@pass_settings
def unban(settings: CliSettings, name: str) -> None:
    """Let an account in again."""
    with _opened(settings) as accounts:
        changed = accounts.unban(name, by=by_host())
    say(f"account {changed.name} may come in")


@user.command()
@click.argument("name")
@PASSWORD_FILE
@common_options()
@pass_settings
def password(settings: CliSettings, name: str, password_file: Path | None) -> None:
    """Give an account another password. Its sessions end; its tokens stay."""
    with _opened(settings) as accounts:
        name = accounts.get(name).name
        accounts.set_password(name, password_of(name, password_file, new=True), by=by_host())
    say(f"account {name} has another password")


@user.command()
@click.argument("name")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@common_options()
@pass_settings
def delete(settings: CliSettings, name: str, yes: bool) -> None:
    """Delete an account, with its sessions and tokens. What it owns stays, and nobody gets its name."""
    with _opened(settings) as accounts:
        name = accounts.get(name).name
        if not yes and not confirmed(f"Delete account {name}? Its name can never be given again."):
            raise CliError("nothing was deleted", "--yes does not ask")
        accounts.delete(name, by=by_host())
    say(f"account {name} deleted")


@contextmanager
def _opened(settings: CliSettings) -> Iterator[Accounts]:
    with existing_accounts(settings) as database:
        yield accounts_in(database)


def _row(account: Account) -> tuple[str, ...]:
    return (
        account.name,
        account.role.value,
        "password" if account.has_password else "token",
        age(account.banned.isoformat()) if account.banned else "no",
        age(account.made.isoformat()),
    )


def as_document(account: Account) -> dict[str, Any]:
    """Returns an account as JSON."""
    return {
        "name": account.name,
        "role": account.role.value,
        "hasPassword": account.has_password,
        "madeAt": account.made.isoformat(timespec="seconds"),
        "bannedAt": account.banned.isoformat(timespec="seconds") if account.banned else None,
    }


FORMS: ItemForms[Account] = ItemForms(
    lambda account: account.name,
    as_document,
    ("NAME", "ROLE", "SIGNS IN BY", "BANNED", "AGE"),
    _row,
    "There are no accounts: `homeostat user add NAME --role administrator` makes the first one.",
)
