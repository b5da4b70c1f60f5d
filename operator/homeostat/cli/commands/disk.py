"""``homeostat disk``: the Disks of this state, and files among them that nothing refers to. It deletes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine

from ..access import opened, run
from ..settings import CliSettings, common_options, pass_settings
from ..show.output import to_yaml
from ..show.tables import table_lines
from ..terminal import columns, emit, say


@click.group()
@common_options()
def disk() -> None:
    """List Disks, and the files that nothing refers to."""


@disk.command("list")
@click.option("--orphans", is_flag=True, help="Only files that nothing refers to. Nothing is deleted.")
@click.option("-A", "--all-namespaces", is_flag=True, help="Of all namespaces.")
@click.option("-o", "--output", type=click.Choice(("wide", "yaml", "json")), help="Form of the output. Default: a table.")
@common_options()
@pass_settings
def list_disks(settings: CliSettings, orphans: bool, all_namespaces: bool, output: str | None) -> None:
    """Show the Disks, or with --orphans the files that belong to none."""
    if orphans:
        run(_list_orphans(settings, all_namespaces, output))
    else:
        run(_list(settings, all_namespaces, output))


async def _list(settings: CliSettings, all_namespaces: bool, output: str | None) -> None:
    async with opened(settings) as store:
        found = [*await store.list(Disk, None if all_namespaces else settings.namespace)]
    if output in ("json", "yaml"):
        _emit([one.dump() for one in found], output)
    elif not found:
        say("No Disks.", err=True)
    else:
        say(*table_lines(found, wide=output == "wide", all_namespaces=all_namespaces))


async def _list_orphans(settings: CliSettings, all_namespaces: bool, output: str | None) -> None:
    from homeostat.driver.storage.labelled import disk_folders
    from homeostat.planner.disk.orphans import disk_orphans

    async with opened(settings) as store:
        named = {(one.metadata.namespace, one.metadata.name) for one in await store.list(Disk, None)}
        for machine in await store.list(VirtualMachine, None):
            named |= {(machine.metadata.namespace, one.disk_ref.name) for one in machine.spec.disks if one.disk_ref}
    folders = disk_folders(settings.existing_state())
    found = [one for one in disk_orphans(folders, named) if all_namespaces or one.namespace == settings.namespace]
    if output in ("json", "yaml"):
        _emit([asdict(one) for one in found], output)
    elif not found:
        say("No orphans: everything below disks/ belongs to a Disk.", err=True)
    else:
        from homeostat.driver.storage.paths import human_size

        rows = [(one.namespace, one.name, one.state, human_size(one.size), one.path, one.was) for one in found]
        say(*columns(("NAMESPACE", "NAME", "STATE", "SIZE", "FILE", "WAS"), rows), "")
        say(*(f"{one.path}: {one.mend}" for one in found[:5]))


def _emit(documents: Sequence[Any], output: str) -> None:
    emit(json.dumps(documents, indent=2) + "\n" if output == "json" else to_yaml(documents))
