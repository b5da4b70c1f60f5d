"""``homeostat grant``: what accounts may do beyond what they own, on the host of their database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from homeostat.accounts.rights import OWN, Grant, Right

from ..accounts_access import accounts_database, by_host, existing_accounts
from ..errors import CliError
from ..settings import CliSettings, common_options, pass_settings
from ..show.items import FORM, ItemForms
from ..terminal import say
from ..times import age

if TYPE_CHECKING:
    from homeostat.accounts.grants import GivenGrant, Grants

EVERYBODY = "(everybody)"


@click.group()
@common_options()
def grant() -> None:
    """Give accounts rights to what they do not own: to a namespace, to a kind in it, or to one resource."""


@grant.command()
@click.argument("what", metavar="[KIND|KIND/NAME]", required=False)
@click.option("--account", metavar="NAME", help="Who is given it.")
@click.option("--everybody", is_flag=True, help="Give it to every account.")
@click.option(
    "--right", "rights", type=click.Choice(sorted(right.value for right in OWN)), multiple=True, required=True,
    help="Repeatable.",
)  # fmt: skip
@common_options()
@pass_settings
def give(settings: CliSettings, what: str | None, account: str | None, everybody: bool, rights: tuple[str, ...]) -> None:
    """Give rights to one resource, to all of a kind, or to all there is, in a namespace (-n)."""
    if everybody == (account is not None):
        raise CliError("who is given it?", "give either --account NAME or --everybody")
    kind, name = _named(what) if what is not None else ("", "")
    with _opened(settings) as grants:
        given = grants.give(account, Grant(frozenset(map(Right, rights)), settings.namespace, kind, name), by=by_host())
    say(f"grant {given.id}: {given.account or 'everybody'} may {_rights(given)} {_about(given)}")


@grant.command("list")
@click.argument("account", required=False)
@FORM
@common_options()
@pass_settings
def list_grants(settings: CliSettings, account: str | None, output: str | None) -> None:
    """Show all grants, or those that count for an account."""
    from homeostat.accounts.grants import Grants

    with accounts_database(settings) as database:
        FORMS.print(Grants(database).list(account) if database is not None else [], output)


@grant.command()
@click.argument("grant_id", metavar="ID")
@common_options()
@pass_settings
def take(settings: CliSettings, grant_id: str) -> None:
    """Take a grant back."""
    with _opened(settings) as grants:
        grants.take(grant_id, by=by_host())
    say(f"grant {grant_id} taken back")


@contextmanager
def _opened(settings: CliSettings) -> Iterator[Grants]:
    from homeostat.accounts.grants import Grants

    with existing_accounts(settings) as database:
        yield Grants(database)


def _named(what: str) -> tuple[str, str]:
    from ..references import parse_references

    found = parse_references([what])
    if len(found) != 1:
        raise CliError("a grant is to one kind, or to all there is", "give several grants, or name no kind")
    return found[0].kind.KIND, found[0].name or ""


def as_document(given: GivenGrant) -> dict[str, Any]:
    """Returns a grant as JSON. ``account`` null: everybody's."""
    return {
        "id": given.id,
        "account": given.account,
        "rights": sorted(right.value for right in given.grant.rights),
        "namespace": given.grant.namespace,
        "kind": given.grant.kind or None,
        "name": given.grant.name or None,
        "madeAt": given.made.isoformat(timespec="seconds"),
    }


def _rights(given: GivenGrant) -> str:
    return ",".join(sorted(given.grant.rights))


def _to(given: GivenGrant) -> str:
    if given.grant.name:
        return f"{given.grant.kind}/{given.grant.name}"
    return f"every {given.grant.kind}" if given.grant.kind else "all"


def _about(given: GivenGrant) -> str:
    return f"{_to(given)} in namespace {given.grant.namespace}"


def _row(given: GivenGrant) -> tuple[str, ...]:
    made = age(given.made.isoformat())
    return given.id, given.account or EVERYBODY, _rights(given), given.grant.namespace, _to(given), made


FORMS: ItemForms[GivenGrant] = ItemForms(
    lambda given: given.id, as_document, ("ID", "ACCOUNT", "RIGHTS", "NAMESPACE", "TO", "AGE"), _row, "There are no grants."
)
