"""``homeostat cordon|uncordon``: whether new machines are placed on a host. Each one edits the Host, and changes no machine."""

from __future__ import annotations

from collections.abc import Sequence

import click

from homeostat.models.base import Key
from homeostat.models.host import Host

from ..access import opened, operator_carries_out, run
from ..errors import CliError
from ..references import complete_host, full_name, need_kind, not_found, parse_references
from ..settings import CliSettings, common_options, pass_settings
from ..terminal import say

_names = click.argument("names", nargs=-1, required=True, metavar="HOST...", shell_complete=complete_host)


@click.command()
@_names
@common_options(remote=True)
@pass_settings
def cordon(settings: CliSettings, names: tuple[str, ...]) -> None:
    """Begin maintenance of hosts: no new machines are placed on them, and those there stay."""
    _edit(settings, names, True)


@click.command()
@_names
@common_options(remote=True)
@pass_settings
def uncordon(settings: CliSettings, names: tuple[str, ...]) -> None:
    """End maintenance of hosts: new machines are placed on them again."""
    _edit(settings, names, False)


def _edit(settings: CliSettings, names: Sequence[str], maintenance: bool) -> None:
    run(_edit_all(settings, names, maintenance))
    operator_carries_out(settings)


async def _edit_all(settings: CliSettings, names: Sequence[str], maintenance: bool) -> None:
    references = parse_references(names, default_kind=Host.KIND)
    need_kind(references, Host, "machines have `homeostat suspend`")
    async with opened(settings) as store:
        hosts = [(key, await store.get(Host, key)) for key in (reference.key(settings.namespace) for reference in references)]
        for key, host in hosts:  # all must exist before the first one is changed
            if host is None:
                raise _nowhere(key) if store.folder is not None and not await store.list(Host) else not_found(key)
        for key, host in hosts:
            if host is not None and host.spec.maintenance == maintenance:
                say(f"{full_name(key)} unchanged (it is so already)")
                continue
            await store.patch(key, {"spec": {"maintenance": maintenance}})
            say(f"{full_name(key)} {'cordoned' if maintenance else 'uncordoned'}")


def _nowhere(key: Key) -> CliError:
    return CliError(f"there is no host {key.name}: one alone is served here", "`homeostat suspend` leaves a machine alone")
