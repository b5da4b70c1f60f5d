"""``homeostat config``: the configuration file, checked, shown and described."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from homeostat.models.outside import redacted_all

from ..configuration.place import default_place, find
from ..errors import CliError
from ..paths import NamedPath
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import emit, say

if TYPE_CHECKING:
    from ..configuration.reading import Configured
    from ..configuration.sections import Configuration


@click.group()
@common_options()
def config() -> None:
    """Check, show or describe the configuration file. Options win over the environment, and both over the file."""


@config.command()
@click.argument("file", required=False, type=NamedPath())
@common_options()
@pass_settings
def check(settings: CliSettings, file: str | None) -> None:
    """Read FILE as a start would, and say what is wrong in it. Default: --config, or the usual place."""
    path = find(file or settings.given_config)
    if path is None:
        raise CliError(
            f"there is no {default_place()}", "name a file, or write that one: `homeostat config schema` says what may be in it"
        )
    from ..configuration.reading import FileText, load

    text = FileText.of(path)
    found = load(path)
    mistakes = [f"{text.place(keys)}: {error}" for keys, error in _refused(found)]
    if mistakes:
        raise CliError([mistakes[0], *(f"error: {mistake}" for mistake in mistakes[1:])], "mend this before the next start")
    say(f"{path}: fine")


@config.command()
@click.option(
    "-o", "--output", type=click.Choice(("toml", "json")), default="toml", show_default=True, help="Form of the output."
)
@common_options()
@pass_settings
def show(settings: CliSettings, output: str) -> None:
    """Show what is configured, and where: by a line of the file, or by a variable."""
    from ..configuration.reading import as_tables, load, said

    path = find(settings.given_config)
    found = load(path)
    if output == "json":
        emit(json.dumps(redacted_all(as_tables(found)), indent=2, ensure_ascii=False))
        return
    lines = list(_lines(said(found, path)))
    say(f"# {path}" if path else f"# there is no {default_place()}", *lines)
    if not lines:
        say("# Nothing is configured: the options' own defaults hold.")


@config.command()
def schema() -> None:
    """Print the JSON Schema of the file. Editors complete and check a file that begins with "#:schema FILE"."""
    from ..configuration.sections import Configuration

    emit(json.dumps(_spelled(Configuration.model_json_schema()), indent=2))


def _lines(found: list[Configured]) -> Iterator[str]:
    section = ""
    width = max((len(one.text) for one in found), default=0)
    for one in found:
        if one.section != section:
            section = one.section
            yield f"[{section}]"
        yield f"{one.text.ljust(width)}  # {one.where}"


def _refused(found: Configuration) -> Iterator[tuple[list[str], str]]:
    """Yields what a start would refuse although each value by itself is right."""
    for keys, look in _looks(found):
        try:
            look()
        except (CliError, ValueError) as error:
            yield keys, str(error)


def _looks(found: Configuration) -> Iterator[tuple[list[str], Callable[[], Any]]]:
    from homeostat_api.config import (
        allowed_origins,
        ice_servers,
        listening,
        provider_of,
        proxies_named,
        read_token,
    )
    from homeostat_api.connections.tls import certificate_of

    from ..api_options import BIND
    from ..host_labels import labels_of_host
    from ..several_hosts import parsed_hosts

    api, up, required = found.api, found.up, bool(found.accounts.required)
    if api.bind is not None or api.token_file is not None:
        yield ["api", "bind" if api.bind else "token-file"], lambda: listening(api.bind or BIND, api.token_file, required)
    if api.allow_origin:
        origins = api.allow_origin
        token_file = api.token_file
        yield (
            ["api", "allow-origin"],
            lambda: allowed_origins(origins, read_token(token_file) if token_file else None, required),
        )
    if api.trusted_proxy:
        proxies = api.trusted_proxy
        yield ["api", "trusted-proxy"], lambda: proxies_named(proxies)
    if (provider := found.accounts.oidc) is not None:
        yield ["accounts", "oidc", "client-secret-file"], lambda: provider_of(provider.model_dump_json(exclude_none=True))
    if (database := found.accounts.database) is not None:
        yield ["accounts", "database"], lambda: _check_database(database)
    yield from _looks_at_contracts(found)
    consoles = found.consoles
    if (urls := consoles.ice_server) or consoles.turn_username or consoles.turn_credential_file:
        named = "ice-server" if urls else "turn-username" if consoles.turn_username else "turn-credential-file"
        yield (
            ["consoles", named],
            lambda: ice_servers(urls or (), consoles.turn_username, consoles.turn_credential_file),
        )
    if api.tls_certificate is not None or api.tls_key is not None:
        named = "tls-certificate" if api.tls_certificate else "tls-key"
        yield ["api", named], lambda: certificate_of(api.tls_certificate, api.tls_key)
    if up.host:
        hosts = [f"{name}={uri}" for name, uri in up.host.items()]
        yield ["up", "host"], lambda: parsed_hosts(hosts)
    if up.host and found.connect:
        yield ["connect"], lambda: _refuse("goes with no [up] host: each of those names its libvirt")
    if up.host and up.host_label:
        yield (
            ["up", "host-label"],
            lambda: _refuse("labels one host, and [up] host names several: write them into Host documents"),
        )
    if up.host_label:
        labels = [f"{name}={value}" for name, value in up.host_label.items()]
        yield ["up", "host-label"], lambda: labels_of_host(found.connect or "qemu:///system", labels)


def _looks_at_contracts(found: Configuration) -> Iterator[tuple[list[str], Callable[[], Any]]]:
    fine = list[str]()
    for name in type(found.contracts).model_fields:
        table = getattr(found.contracts, name)
        if (where := table.bind if table is not None else None) is not None:
            one = f"{name.replace('_', '-')}={where}"
            yield ["contracts", name.replace("_", "-"), "bind"], partial(_check_contract, one, fine, found)


def _refuse(words: str) -> None:
    raise CliError(words)


def _spelled(schema: Any) -> Any:
    """Returns the schema with keys as the file spells them."""
    if isinstance(schema, dict):
        return {
            name: {key.replace("_", "-"): _spelled(part) for key, part in value.items()}
            if name == "properties"
            else [key.replace("_", "-") for key in value]
            if name == "required" and isinstance(value, list)
            else _spelled(value)
            for name, value in schema.items()
        }
    return [_spelled(part) for part in schema] if isinstance(schema, list) else schema


def _check_database(url: str) -> None:
    from homeostat.accounts.database.database import check_url
    from homeostat.accounts.errors import AccountsError

    try:
        check_url(url)
    except AccountsError as error:
        raise CliError(str(error)) from error


def _check_contract(one: str, fine: list[str], found: Configuration) -> None:
    """Checks a contract's listener beside those that are ``fine``, and adds it to them."""
    from homeostat_api.config import contract_listeners, read_token

    from ..api_options import BIND

    api = found.api
    token = read_token(api.token_file) if api.token_file else None
    contract_listeners([*fine, one], api.bind or BIND, token, bool(found.accounts.required))
    fine.append(one)
