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
from ..paths import NamedPath
from ..settings import CliSettings, common_options, pass_settings
from ..show.items import FORM, ItemForms
from ..terminal import confirmed, say
from ..times import age

if TYPE_CHECKING:
    from homeostat.accounts.accounts import Account, Accounts
    from homeostat.accounts.signing_in.oidc.identities import BoundIdentity, Identities

ROLES = click.Choice([role.value for role in Role])
PASSWORD_FILE = click.option(
    "--password-file", type=NamedPath(path_type=Path), metavar="FILE",
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
@click.option("--reason", metavar="TEXT", default="", help="Whoever it is learns it when he signs in.")
@common_options()
@pass_settings
def ban(settings: CliSettings, name: str, reason: str) -> None:
    """Let an account in no more. Its sessions end, and its tokens do not work, until `unban`."""
    with _opened(settings) as accounts:
        changed = accounts.ban(name, reason, by=by_host())
    say(f"account {changed.name} banned")


@user.command()
@click.argument("name")
@common_options()
@pass_settings
def unban(settings: CliSettings, name: str) -> None:
    """Let an account in again, or one for the first time that was registered and has to be approved."""
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


ISSUER = click.option("--issuer", metavar="URL", help="Of the provider. Default: [accounts.oidc] issuer.")
SUBJECT = click.option("--subject", required=True, metavar="SUBJECT", help="What it calls whoever signs in (sub).")


@user.command()
@click.argument("name")
@ISSUER
@SUBJECT
@common_options()
@pass_settings
def link(settings: CliSettings, name: str, issuer: str | None, subject: str) -> None:
    """Let whom an OpenID Connect provider knows sign in as an account. The audit has the subject of whoever was refused."""
    with _identities(settings) as identities:
        linked = identities.link(name, _issuer(settings, issuer), subject, by=by_host())
    say(f"account {linked.account} is {linked.subject} of {linked.issuer}")


@user.command()
@click.argument("name")
@ISSUER
@SUBJECT
@common_options()
@pass_settings
def unlink(settings: CliSettings, name: str, issuer: str | None, subject: str) -> None:
    """Take that back. The sessions of the account end."""
    with _identities(settings) as identities:
        identities.unlink(name, _issuer(settings, issuer), subject, by=by_host())
    say(f"account {name} is no longer {subject}")


@user.command("identities")
@click.argument("name", required=False)
@FORM
@common_options()
@pass_settings
def list_identities(settings: CliSettings, name: str | None, output: str | None) -> None:
    """Show whom providers know, and whose accounts these are."""
    with _identities(settings) as identities:
        IDENTITIES.print(identities.list(name), output)


def _issuer(settings: CliSettings, given: str | None) -> str:
    configured = settings.configuration.accounts.oidc if settings.configuration is not None else None
    if given is None and configured is None:
        raise CliError("of which provider?", "give --issuer URL, or configure one: [accounts.oidc] in homeostat.toml")
    return given or (configured.issuer if configured is not None else "")


@contextmanager
def _identities(settings: CliSettings) -> Iterator[Identities]:
    from homeostat.accounts.signing_in.oidc.identities import Identities

    with existing_accounts(settings) as database:
        yield Identities(database)


@contextmanager
def _opened(settings: CliSettings) -> Iterator[Accounts]:
    with existing_accounts(settings) as database:
        yield accounts_in(database)


def _row(account: Account) -> tuple[str, ...]:
    return (
        account.name,
        account.role.value,
        ", ".join(_ways(account)) or "token",
        age(account.banned.isoformat()) if account.banned else "no",
        age(account.made.isoformat()),
    )


def _ways(account: Account) -> Iterator[str]:
    if account.has_password:
        yield "password"
    if account.has_identity:
        yield "provider"


def as_document(account: Account) -> dict[str, Any]:
    """Returns an account as JSON."""
    return {
        "name": account.name,
        "role": account.role.value,
        "hasPassword": account.has_password,
        "hasIdentity": account.has_identity,
        "madeAt": account.made.isoformat(timespec="seconds"),
        "bannedAt": account.banned.isoformat(timespec="seconds") if account.banned else None,
        "banReason": account.ban_reason or None,
    }


FORMS: ItemForms[Account] = ItemForms(
    lambda account: account.name,
    as_document,
    ("NAME", "ROLE", "SIGNS IN BY", "BANNED", "AGE"),
    _row,
    "There are no accounts: `homeostat user add NAME --role administrator` makes the first one.",
)


def _identity_document(identity: BoundIdentity) -> dict[str, Any]:
    return {
        "account": identity.account,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "madeAt": identity.made.isoformat(timespec="seconds"),
        "lastUsedAt": identity.last_used.isoformat(timespec="seconds") if identity.last_used else None,
    }


IDENTITIES: ItemForms[BoundIdentity] = ItemForms(
    lambda identity: identity.subject,
    _identity_document,
    ("ACCOUNT", "SUBJECT", "ISSUER", "LAST USED", "AGE"),
    lambda identity: (
        identity.account,
        identity.subject,
        identity.issuer,
        age(identity.last_used.isoformat()) if identity.last_used else "never",
        age(identity.made.isoformat()),
    ),
    "No account is bound to what a provider knows: `homeostat user link` binds one.",
)
