"""``homeostat token``: tokens of accounts for programs, on the host of their database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from homeostat.accounts.rights import Right

from ..accounts_access import accounts_database, by_host, existing_accounts
from ..errors import CliError
from ..settings import CliSettings, common_options, pass_settings
from ..show.items import FORM, ItemForms
from ..terminal import emit, say
from ..times import age, parse_duration, short_duration

if TYPE_CHECKING:
    from homeostat.accounts.signing_in.api_tokens import ApiToken


@click.group()
@common_options()
def token() -> None:
    """Make, list and revoke tokens of accounts. A program shows one as `Authorization: Bearer hst_…`."""


@token.command()
@click.argument("account")
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice([right.value for right in Right]), multiple=True, required=True,
    help="What it may do, of what its account may. Repeatable.",
)  # fmt: skip
@click.option("--expires-in", metavar="TIME", help="Such as 90d. Default: never.")
@common_options()
@pass_settings
def create(settings: CliSettings, account: str, name: str, scopes: tuple[str, ...], expires_in: str | None) -> None:
    """Make a token for an account, and print it once: it is kept nowhere.

    The token alone goes to standard output, for `umask 077; homeostat token create … > FILE`.
    """
    from homeostat.accounts.signing_in.api_tokens import ApiTokens

    lifetime = None if expires_in is None else _lifetime(expires_in)
    with existing_accounts(settings) as database:
        made, secret = ApiTokens(database).create(account, name, map(Right, scopes), lifetime, by=by_host())
    say(f"token {made.name} of {made.account} created; it is shown this once:", err=True)
    emit(secret)


@token.command("list")
@click.argument("account", required=False)
@FORM
@common_options()
@pass_settings
def list_tokens(settings: CliSettings, account: str | None, output: str | None) -> None:
    """Show the tokens of an account, or of all."""
    from homeostat.accounts.signing_in.api_tokens import ApiTokens

    with accounts_database(settings) as database:
        FORMS.print(ApiTokens(database).list(account) if database is not None else [], output)


@token.command()
@click.argument("account")
@click.argument("name")
@common_options()
@pass_settings
def revoke(settings: CliSettings, account: str, name: str) -> None:
    """Let a token in no more."""
    from homeostat.accounts.signing_in.api_tokens import ApiTokens

    with existing_accounts(settings) as database:
        ApiTokens(database).revoke(account, name, by=by_host())
    say(f"token {name} of {account} revoked")


def as_document(each: ApiToken) -> dict[str, Any]:
    """Returns a token as JSON. What lets somebody in is not in it."""
    return {
        "id": each.id,
        "account": each.account,
        "name": each.name,
        "scopes": sorted(right.value for right in each.scopes),
        "madeAt": each.made.isoformat(timespec="seconds"),
        "expiresAt": each.expires.isoformat(timespec="seconds") if each.expires else None,
        "lastUsedAt": each.last_used.isoformat(timespec="seconds") if each.last_used else None,
    }


def _row(each: ApiToken) -> tuple[str, ...]:
    left = "never"
    if each.expires is not None:
        seconds = int((each.expires - datetime.now(UTC)).total_seconds())
        left = short_duration(seconds) if seconds > 0 else "expired"
    used = age(each.last_used.isoformat()) + " ago" if each.last_used else "never"
    return each.account, each.name, ",".join(sorted(each.scopes)), left, used, age(each.made.isoformat())


FORMS: ItemForms[ApiToken] = ItemForms(
    lambda each: each.name,
    as_document,
    ("ACCOUNT", "NAME", "SCOPES", "EXPIRES IN", "LAST USED", "AGE"),
    _row,
    "There are no tokens.",
)


def _lifetime(text: str) -> timedelta:
    try:
        return timedelta(seconds=parse_duration(text))
    except OverflowError:
        raise CliError(f"{text} is too long", "such as: 90d") from None
