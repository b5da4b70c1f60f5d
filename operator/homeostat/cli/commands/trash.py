"""``homeostat trash``: what was deleted and is set aside. It works on the files, under the trash's lock, whether an operator runs
or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from homeostat.planner.files.trash import TrashEntry, scarcity

from ..errors import CliError
from ..settings import CliSettings, common_options, pass_settings
from ..show.output import to_yaml
from ..terminal import columns, confirmed, emit, say
from ..times import age

if TYPE_CHECKING:
    from homeostat.driver.storage.trash import TrashFolder


@click.group()
@common_options()
def trash() -> None:
    """List, put back or erase the disks of what was deleted. They are set aside for `--trash-keep` (24h) of the operator."""


@trash.command("list")
@click.option("-o", "--output", type=click.Choice(("wide", "yaml", "json", "name")), help="Form of the output. Default: a table.")
@common_options()
@pass_settings
def list_entries(settings: CliSettings, output: str | None) -> None:
    """Show what is set aside, oldest first."""
    found = _open(settings)
    entries = found.entries()
    documents = [as_document(entry) for entry in entries]
    match output:
        case "json":
            emit(json.dumps(documents, indent=2))
        case "yaml":
            emit(to_yaml(documents))
        case "name":
            for entry in entries:
                say(entry.entry)
        case _ if not entries:
            say("The trash is empty.")
        case _:
            say(*_table(entries, wide=output == "wide"))
            if low := scarcity(found.space()):
                say(f"{low[0].upper()}{low[1:]}.")


@trash.command()
@click.argument("name", metavar="ENTRY|NAME")
@common_options()
@pass_settings
def restore(settings: CliSettings, name: str) -> None:
    """Put the disks of an entry back to where they lay. It may be those of a machine, or a Disk.

    A machine of that name finds them there when it is applied next, also one that is another resource now. Where the machine has
    a disk in that place nothing is done: no file is overwritten.
    """
    found = _open(settings)
    (entry,) = _named(found.entries(), [name], settings.namespace, one=True)
    for path in found.restore(entry):
        say(f"put back {path}")
    what, has = ("Disk", "has its file") if entry.label else ("Machine", "has these disks")
    say(f"{what} {entry.name} in namespace {entry.namespace} {has} when it is applied next.")


@trash.command()
@click.argument("names", nargs=-1, metavar="[ENTRY|NAME]…")
@click.option("--all", "everything", is_flag=True, help="All of it.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@common_options()
@pass_settings
def empty(settings: CliSettings, names: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Erase what is set aside, for good."""
    if everything == bool(names):
        raise CliError("which entries? None was named", "name them as `homeostat trash list` shows them, or give --all")
    found = _open(settings)
    entries = found.entries() if everything else _named(found.entries(), names, settings.namespace)
    if not entries:
        say("The trash is empty.")
        return
    if not yes:
        say(*_table(entries, wide=False))
        if not confirmed(f"Erase {_count(len(entries))} for good?"):
            raise CliError("nothing was erased", "--yes does not ask")
    for entry in entries:
        found.erase(entry.entry)
    say(f"Erased {_count(len(entries))}, {_size(sum(entry.size for entry in entries))}.")


def as_document(entry: TrashEntry) -> dict[str, Any]:
    return {**asdict(entry), "kind": entry.kind, "size": entry.size}


def _open(settings: CliSettings) -> TrashFolder:
    from homeostat.driver.storage.trash import TrashFolder

    return TrashFolder.at(settings.existing_state())


def _named(entries: Sequence[TrashEntry], names: Sequence[str], namespace: str, *, one: bool = False) -> list[TrashEntry]:
    """Returns the entries that are named: by entry, or by machine. A machine means all of its entries, unless there must be only
    one."""
    found: dict[str, TrashEntry] = {}
    for name in names:
        mine = [e for e in entries if e.entry == name] or [e for e in entries if (e.namespace, e.name) == (namespace, name)]
        if not mine:
            raise CliError(f"nothing of {name!r} is in the trash", "`homeostat trash list` shows what is; -n names a namespace")
        if one and len(mine) > 1:
            raise CliError(f"{name} has {len(mine)} entries: {', '.join(e.entry for e in mine)}", "name one of them")
        found.update({entry.entry: entry for entry in mine})
    return list(found.values())


def _table(entries: Sequence[TrashEntry], *, wide: bool) -> list[str]:
    header = ("ENTRY", "NAMESPACE", "OF", "DISKS", "SIZE", "AGE", "UNTIL", "RETURNS")
    rows = [
        (
            entry.entry,
            entry.namespace or "<unknown>",
            (f"disk/{entry.name}" if entry.label else entry.name) or "<unknown>",
            ",".join(disk.name for disk in entry.disks) or "<none>",
            _size(entry.size),
            age(entry.since),
            entry.until or "<erased by hand>",
            "by itself" if entry.returns else "by restore",
            *((entry.reason,) if wide else ()),
        )
        for entry in entries
    ]
    return columns((*header, "REASON") if wide else header, rows)


def _count(number: int) -> str:
    return f"{number} entr{'y' if number == 1 else 'ies'}"


def _size(size: int) -> str:
    from homeostat.driver.storage.paths import human_size

    return human_size(size)
