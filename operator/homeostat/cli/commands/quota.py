"""``homeostat quota``: how much accounts may have, and have, on the host of their database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from homeostat.accounts.rights import Role

from ..accounts_access import accounts_database, by_host, existing_accounts
from ..errors import CliError
from ..settings import CliSettings, common_options, pass_settings
from ..show.items import FORM, ItemForms

if TYPE_CHECKING:
    from homeostat.accounts.charges.measures import Measure, NewLimit
    from homeostat.accounts.charges.quotas import AccountQuotas, Quotas

ROLES = click.Choice([role.value for role in Role])


@click.group()
@common_options()
def quota() -> None:
    """Say how much accounts may have: machines, running machines, vCPUs, memory, disk, snapshots, uploads, consoles."""


@quota.command("list")
@click.argument("account", required=False)
@FORM
@common_options()
@pass_settings
def list_quotas(settings: CliSettings, account: str | None, output: str | None) -> None:
    """Show what each account has and may have, or one of them."""
    from homeostat.accounts.charges.quotas import Quotas

    with accounts_database(settings) as database:
        found = Quotas(database).list(account) if database is not None else []
    FORMS.print(found, output, single=account is not None)


@quota.command()
@FORM
@common_options()
@pass_settings
def roles(settings: CliSettings, output: str | None) -> None:
    """Show the limits of each role, which hold for accounts that have none of their own."""
    with _opened(settings) as quotas:
        ROLE_FORMS.print(list(quotas.roles().items()), output)


@quota.command("set")
@click.argument("account", required=False)
@click.argument("limits", metavar="WHAT=LIMIT...", nargs=-1)
@click.option("--role", type=ROLES, help="Of all accounts of a role, instead of one account.")
@common_options()
@pass_settings
def set_limits(settings: CliSettings, account: str | None, limits: tuple[str, ...], role: str | None) -> None:
    """Limit an account, or a role: `homeostat quota set bob machines=5 memory=16Gi`.

    LIMIT is a number, a size such as 64Gi for memory and disk, `unlimited`, or `default` (whatever the role has). What an account
    has already stays, also where that is more.
    """
    if role is not None and account is not None and "=" in account:
        limits, account = (account, *limits), None
    if (role is None) == (account is None):
        raise CliError("whose quota?", "name an account, or give --role ROLE")
    wanted = _limits(limits)
    with _opened(settings) as quotas:
        if role is not None:
            ROLE_FORMS.print([(Role(role), quotas.set_role(Role(role), wanted, by=by_host()))], None)
        else:
            assert account is not None
            FORMS.print([quotas.set(account, wanted, by=by_host())], None)


@contextmanager
def _opened(settings: CliSettings) -> Iterator[Quotas]:
    from homeostat.accounts.charges.quotas import Quotas

    with existing_accounts(settings) as database:
        yield Quotas(database)


def _limits(texts: Sequence[str]) -> dict[Measure, NewLimit]:
    """Reads WHAT=LIMIT.

    Raises:
        CliError, NotAQuota: one is none.
    """
    from homeostat.accounts.charges.measures import Measure, limit_from

    such = "such as machines=5 memory=16Gi; there are " + ", ".join(Measure)
    if not texts:
        raise CliError("no limit is given", such)
    found: dict[Measure, NewLimit] = {}
    for text in texts:
        name, equals, limit = text.partition("=")
        if not equals or name not in set(Measure):
            raise CliError(f"{text[:60]!r} is no limit", such)
        found[Measure(name)] = limit_from(Measure(name), limit)
    return found


def _row(found: AccountQuotas) -> tuple[str, ...]:
    from homeostat.accounts.charges.measures import shown

    def cell(used: str, limit: int | None, text: str) -> str:
        return used if limit is None else f"{used}/{text}"

    cells = (cell(shown(q.measure, q.used), q.limit, shown(q.measure, q.limit)) for q in found.quotas)
    return found.account, found.role, *cells


def _role_document(found: tuple[Role, Mapping[Measure, int | None]]) -> dict[str, Any]:
    from homeostat.accounts.charges.quotas import role_document

    return role_document(*found)


def _role_row(found: tuple[Role, Mapping[Measure, int | None]]) -> tuple[str, ...]:
    from homeostat.accounts.charges.measures import shown

    return found[0], *(shown(measure, limit) for measure, limit in found[1].items())


WHAT = ("MACHINES", "RUNNING", "VCPUS", "MEMORY", "DISK", "SNAPSHOTS", "UPLOADS", "CONSOLES")
FORMS: ItemForms[AccountQuotas] = ItemForms(
    lambda found: found.account, lambda found: found.document(), ("ACCOUNT", "ROLE", *WHAT), _row, "There are no accounts."
)
ROLE_FORMS: ItemForms[tuple[Role, Mapping[Measure, int | None]]] = ItemForms(
    lambda found: found[0], _role_document, ("ROLE", *WHAT), _role_row
)
