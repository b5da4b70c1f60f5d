"""``homeostat trash``: what was deleted and is set aside. It works on the files, under the trash's lock, whether an operator runs
or not. In a cluster it shows what other hosts have, too, which the API there puts back or erases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from homeostat.models.host import Host
from homeostat.planner.files.trash import scarcity

from ..access import opened, run
from ..errors import CliError
from ..paths import NamedPath
from ..settings import CliSettings, common_options, pass_settings
from ..show.output import to_yaml
from ..terminal import columns, confirmed, emit, say
from ..times import age

if TYPE_CHECKING:
    from homeostat.driver.storage.trash import TrashFolder
    from homeostat.service.files.trash_elsewhere import Trashed

host_option = click.option("--host", metavar="NAME", default="", help="In a cluster: of that host's trash.")
token_option = click.option(
    "--token-file",
    type=NamedPath(path_type=Path),
    metavar="FILE",
    help="In a cluster, of what is on another host: the token of the API there.",
)


@click.group()
@common_options()
def trash() -> None:
    """List, put back or erase the disks of what was deleted. They are set aside for `--trash-keep` (24h) of the operator."""


@trash.command("list")
@click.option("-o", "--output", type=click.Choice(("wide", "yaml", "json", "name")), help="Form of the output. Default: a table.")
@common_options()
@pass_settings
def list_entries(settings: CliSettings, output: str | None) -> None:
    """Show what is set aside, oldest first; in a cluster on every host."""
    entries = _all_entries(settings)
    documents = [as_document(one) for one in entries]
    match output:
        case "json":
            emit(json.dumps(documents, indent=2))
        case "yaml":
            emit(to_yaml(documents))
        case "name":
            for one in entries:
                say(one.entry.entry)
        case _ if not entries:
            say("The trash is empty.")
        case _:
            say(*_table(settings, entries, wide=output == "wide"))
            if low := scarcity(_open(settings).space()):
                say(f"{low[0].upper()}{low[1:]}.")


@trash.command()
@click.argument("name", metavar="ENTRY|NAME")
@host_option
@token_option
@common_options()
@pass_settings
def restore(settings: CliSettings, name: str, host: str, token_file: Path | None) -> None:
    """Put the disks of an entry back to where they lay. It may be those of a machine, or a Disk.

    A machine of that name finds them there when it is applied next, also one that is another resource now. Where the machine has
    a disk in that place nothing is done: no file is overwritten.
    """
    (found,) = _named(_of_host(_all_entries(settings), host), [name], settings.namespace, one=True)
    entry = found.entry
    if found.host:
        paths = _asked_there(found, "POST", "/restore", token_file)["restored"]
    else:
        paths = [str(path) for path in _open(settings).restore(entry)]
    for path in paths:
        say(f"put back {path}{f' on host {found.host}' if found.host else ''}")
    what, has = ("Disk", "has its file") if found.kind == "Disk" else ("Machine", "has these disks")
    say(f"{what} {entry.name} in namespace {entry.namespace} {has} when it is applied next.")


@trash.command()
@click.argument("names", nargs=-1, metavar="[ENTRY|NAME]…")
@click.option("--all", "everything", is_flag=True, help="All of it; in a cluster that of this state folder.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@host_option
@token_option
@common_options()
@pass_settings
def empty(settings: CliSettings, names: tuple[str, ...], everything: bool, yes: bool, host: str, token_file: Path | None) -> None:
    """Erase what is set aside, for good."""
    if everything == bool(names):
        raise CliError("which entries? None was named", "name them as `homeostat trash list` shows them, or give --all")
    if everything:
        settings.require_every_namespace("trash empty --all")
    known = _of_host(_all_entries(settings), host)
    entries = [one for one in known if host or not one.host] if everything else _named(known, names, settings.namespace)
    if not entries:
        say("The trash is empty.")
        return
    if not yes:
        say(*_table(settings, entries, wide=False))
        if not confirmed(f"Erase {_count(len(entries))} for good?"):
            raise CliError("nothing was erased", "--yes does not ask")
    erased = []
    for one in entries:
        if one.host:
            _asked_there(one, "DELETE", "", token_file)
        elif not _open(settings).erase(one.entry.entry):
            say(f"{one.entry.entry} is not in the trash any more.", err=True)
            continue
        erased.append(one)
    say(f"Erased {_count(len(erased))}, {_size(sum(one.entry.size for one in erased))}.")


def as_document(one: Trashed) -> dict[str, Any]:
    document = {**asdict(one.entry), "kind": one.kind, "size": one.entry.size}
    return {**document, "host": one.host} if one.host else document


def _open(settings: CliSettings) -> TrashFolder:
    from homeostat.driver.storage.trash import TrashFolder

    return TrashFolder.at(settings.existing_state())


def _all_entries(settings: CliSettings) -> list[Trashed]:
    """Returns what is set aside in the state folder, and in a cluster on the other hosts."""
    from homeostat.service.files.trash_elsewhere import Trashed

    found = [Trashed(entry, entry.kind) for entry in _open(settings).entries()]
    if _in_cluster(settings):
        found += run(_elsewhere(settings))
    return sorted(found, key=lambda one: (one.entry.since, one.entry.entry, one.host))


def _in_cluster(settings: CliSettings) -> bool:
    from homeostat.store.files.state import StateFolder

    return StateFolder.named(settings.state).serves_cluster


async def _elsewhere(settings: CliSettings) -> list[Trashed]:
    from homeostat.service.files.trash_elsewhere import HostsAround
    from homeostat.store.files.state import StateFolder

    async with opened(settings) as store:
        return HostsAround.seen_from(StateFolder.named(settings.state), await store.list(Host)).trash()


def _of_host(entries: Sequence[Trashed], host: str) -> list[Trashed]:
    return [one for one in entries if host in ("", one.host)]


def _asked_there(one: Trashed, method: str, what: str, token_file: Path | None) -> dict[str, Any]:
    """Asks the API beside the entry's host to do it.

    Raises:
        CliError: no address of one is known, or it does not do it.
    """
    from ..rest_server import RestServer, asked_of

    name = one.entry.entry
    if not one.api:
        raise CliError(
            f"{name} is in the trash of host {one.host}, whose operator does not serve the state folder here",
            f"run this on {one.host}, with the --state of the operator there; or start that with --api-address, so that its API "
            "does it",
        )
    say(f"{name} is in the trash of host {one.host}: asking the API there, {one.api}", err=True)
    answer = asked_of(RestServer.at(one.api, token_file), method, f"/api/v1/trash/{name}{what}?host={one.host}")
    return dict(answer.json())


def _named(entries: Sequence[Trashed], names: Sequence[str], namespace: str, *, one: bool = False) -> list[Trashed]:
    """Returns the entries that are named: by entry, or by machine. A machine means all of its entries, unless there must be only
    one."""
    found: dict[tuple[str, str], Trashed] = {}
    for name in names:
        mine = [e for e in entries if e.entry.entry == name] or [
            e for e in entries if (e.entry.namespace, e.entry.name) == (namespace, name)
        ]
        if not mine:
            raise CliError(f"nothing of {name!r} is in the trash", "`homeostat trash list` shows what is; -n names a namespace")
        if one and len(mine) > 1:
            several = ", ".join(e.entry.entry + (f" on host {e.host}" if e.host else "") for e in mine)
            raise CliError(f"{name} has {len(mine)} entries: {several}", "name one of them, and its --host where it has one")
        found.update({(e.host, e.entry.entry): e for e in mine})
    return list(found.values())


def _table(settings: CliSettings, entries: Sequence[Trashed], *, wide: bool) -> list[str]:
    # In a cluster a new object of its name has another uid: it has to name the one of the entry.
    back = "with its identity" if _in_cluster(settings) else "by itself"
    spread = any(one.host for one in entries)
    header = ("ENTRY", "NAMESPACE", "OF", *(("HOST",) if spread else ()), "DISKS", "SIZE", "AGE", "UNTIL", "RETURNS")
    rows = [
        (
            entry.entry,
            entry.namespace or "<unknown>",
            (f"disk/{entry.name}" if one.kind == "Disk" else entry.name) or "<unknown>",
            *((one.host or "-",) if spread else ()),
            ",".join(disk.name for disk in entry.disks) or "<none>",
            _size(entry.size),
            age(entry.since),
            entry.until or "<erased by hand>",
            back if entry.returns else "by restore",
            *((entry.reason,) if wide else ()),
        )
        for one in entries
        for entry in (one.entry,)
    ]
    return columns((*header, "REASON") if wide else header, rows)


def _count(number: int) -> str:
    return f"{number} entr{'y' if number == 1 else 'ies'}"


def _size(size: int) -> str:
    from homeostat.driver.storage.paths import human_size

    return human_size(size)
