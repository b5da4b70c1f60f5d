"""``homeostat contracts``: which contracts a server serves besides our own API, where, and whether they are well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from ..errors import CliError
from ..settings import CliSettings, common_options, pass_settings
from ..show.items import FORM, ItemForms

PATIENCE = 5.0  # seconds for a contract to say that it is well


@dataclass(frozen=True, slots=True)
class _Looked:
    """A contract as the server lists it, and how it answers here."""

    served: dict[str, Any]
    health: str

    @property
    def document(self) -> dict[str, Any]:
        return {**self.served, "health": self.health}


@click.command()
@FORM
@common_options(remote=True)
@pass_settings
def contracts(settings: CliSettings, output: str | None) -> None:
    """List the contracts that a server serves besides: that of --server, or the one on this host.

    `homeostat up DIR --contract NAME=HOST:PORT` serves one.
    """
    from ..remote.server import RemoteServer

    server = settings.remote or RemoteServer(_here(settings), settings.token_file)
    try:
        found = server.ask("GET", "/contracts")["contracts"]
    except CliError as error:
        if settings.remote is not None:
            raise
        raise CliError(str(error), [*error.mend.splitlines(), *_looked(settings)], exit_code=error.exit_code) from error
    FORMS.print([_Looked(one, _health(server.url, one)) for one in found], output)


def _here(settings: CliSettings) -> str:
    """Returns the address of the API on this host, as it is configured."""
    from ..api_options import BIND

    api = settings.configuration.api if settings.configuration is not None else None
    scheme = "https" if api is not None and api.tls_certificate is not None else "http"
    return f"{scheme}://{(api.bind if api is not None else None) or BIND}"


def _looked(settings: CliSettings) -> Sequence[str]:
    """Returns why the API was looked for there, and how to name another one."""
    from ..configuration.place import default_place

    if settings.configuration is not None and settings.configuration.api.bind is not None:
        why = "what the configuration says: bind of [api]"
    else:
        place = settings.given_config or default_place()
        why = f"the default, since neither {place} (bind of [api]) nor HOMEOSTAT_API__BIND says where the API listens"
    return f"that address is {why}", "give the API's own: `homeostat contracts --server http://HOST:PORT`, or HOMEOSTAT_SERVER"


def _health(server: str, one: dict[str, Any]) -> str:
    """Asks a contract whether it is well, where its server was asked."""
    import httpx

    url = httpx.URL(server).copy_with(port=int(one["bind"].rpartition(":")[2]), path=one["health"])
    try:
        answer = httpx.get(url, timeout=PATIENCE)
    except httpx.HTTPError:
        return "does not answer from here"
    return "ok" if answer.is_success else f"HTTP {answer.status_code}"


FORMS: ItemForms[_Looked] = ItemForms(
    lambda one: str(one.served["name"]),
    lambda one: one.document,
    ("NAME", "SERVED AT", "OF", "HEALTH"),
    lambda one: (one.served["name"], one.served["bind"], one.served["title"], one.health),
    "No contract is served besides: `homeostat up DIR --contract NAME=HOST:PORT` serves one.",
)
