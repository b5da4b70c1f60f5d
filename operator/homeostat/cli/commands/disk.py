"""``homeostat disk``: the Disks of this state, files among them that nothing refers to, and copies. It deletes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.planner.orphans import Orphan

from ..access import State, opened, run
from ..errors import CliError
from ..paths import NamedPath, NamedText
from ..references import complete_machine, need_kind, not_found, parse_references
from ..settings import CliSettings, common_options, pass_settings
from ..show.output import to_yaml
from ..show.tables import table_lines
from ..terminal import columns, emit, say


@click.group()
@common_options(remote=True)
def disk() -> None:
    """List Disks, and the files that nothing refers to; copy disks of machines."""


@disk.command("list")
@click.option("--orphans", is_flag=True, help="Only files that nothing refers to, on every host. Nothing is deleted.")
@click.option("-A", "--all-namespaces", is_flag=True, help="Of all namespaces.")
@click.option("-o", "--output", type=click.Choice(("wide", "yaml", "json")), help="Form of the output. Default: a table.")
@common_options(remote=True)
@pass_settings
def list_disks(settings: CliSettings, orphans: bool, all_namespaces: bool, output: str | None) -> None:
    """Show the Disks, or with --orphans the files that belong to none."""
    if orphans:
        run(_list_orphans(settings, all_namespaces, output))
    else:
        run(_list(settings, all_namespaces, output))


@disk.command()
@click.argument("machine", metavar="MACHINE | vm/MACHINE", shell_complete=complete_machine)
@click.argument("name", metavar="DISK")
@click.argument("file", type=NamedPath(dir_okay=False, path_type=Path))
@click.option("--snapshot", "of", type=NamedText(), metavar="NAME", help="As it was in that snapshot. Default: as it is now.")
@common_options(remote=True)
@pass_settings
def export(settings: CliSettings, machine: str, name: str, file: Path, of: str | None) -> None:
    """Copy a machine's disk to FILE, a qcow2 file that needs no other. The machine goes on meanwhile.

    The copy is of one moment, as after a loss of power; take a snapshot with `--quiesce Required` first and copy that for more.
    """
    from homeostat.driver.snapshots.export import export_disk

    from ..copy_download import download_copy, path_of_copy
    from ..rest_server import RestServer

    source = run(_source(settings, machine, of))
    shown = -1

    def progress(share: float) -> None:
        nonlocal shown
        if (tenth := int(share * 10)) > shown and tenth < 10:
            shown = tenth
            say(f"{tenth * 10} % of disk {name} copied", err=True)

    if source.api:
        say(f"{source.machine} is on host {source.host}: fetching from the API there, {source.api}", err=True)
        server = RestServer.at(source.api, settings.token_file)
        download_copy(server, path_of_copy(source.machine, name, of), file.absolute(), progress)
    else:
        export_disk(source.uri, source.uuid, name, file.absolute(), progress, source.tag)
    say(f"{file} is a copy of disk {name} of machine {source.machine}{f', as in snapshot {of}' if of else ''}")


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a copy comes from: a libvirt, or the API beside one."""

    machine: str
    uuid: str  # of its domain
    tag: str  # of its snapshot; empty: as it is now
    host: str = ""
    uri: str = ""
    api: str = ""


async def _source(settings: CliSettings, word: str, of: str | None) -> _Source:
    """Finds the machine, and who can read its disks.

    Raises:
        CliError: there is no such machine or snapshot, or nobody who can read its disks is known here.
    """
    from homeostat.service.files.host_reach import NotBesideHost, OnAnotherApi
    from homeostat.service.refusals import ExportRefused

    async with opened(settings) as store:
        machine, tag = await _asked_for(settings, store, word, of)
        name, status = machine.metadata.name, machine.status
        if status is None or status.domain_uuid is None:
            raise CliError(f"{name} has no disks yet: it was never defined", "`homeostat describe` says why")
        if settings.remote is not None:
            return _Source(name, status.domain_uuid, tag, status.host or "", api=settings.remote.url)
        try:
            uri = await store.libvirt_of(settings, status.host, name)
        except OnAnotherApi as error:
            return _Source(name, status.domain_uuid, tag, error.host, api=error.address)
        except NotBesideHost as error:
            raise CliError(
                f"{name} is on host {error.host}, whose operator does not serve the state folder {settings.state}",
                f"run this on {error.host}, with the --state of the operator there; or start that with --api-address, so that "
                "its API sends the copy here; or give --connect, where this computer has the disk's file by the same path",
            ) from error
        except ExportRefused as error:
            raise CliError(str(error)) from error
    return _Source(name, status.domain_uuid, tag, status.host or "", uri=uri)


async def _asked_for(settings: CliSettings, store: State, word: str, of: str | None) -> tuple[VirtualMachine, str]:
    """Returns the machine, and the tag of its snapshot."""
    (reference,) = parse_references([word], default_kind="vm")
    need_kind([reference], VirtualMachine, "name the machine that has the disk")
    key = reference.key(settings.namespace)
    machine = await store.get(VirtualMachine, key)
    if machine is None:
        raise not_found(key)
    if of is None:
        return machine, ""
    snapshot = await store.get(Snapshot, Key(Snapshot.KIND, key.namespace, of))
    if snapshot is None:
        raise not_found(Key(Snapshot.KIND, key.namespace, of))
    if snapshot.spec.machine_ref.name != key.name:
        raise CliError(f"snapshot {of} is of machine {snapshot.spec.machine_ref.name}, not of {key.name}")
    if snapshot.status is None or snapshot.status.tag is None:
        raise CliError(f"snapshot {of} is not taken yet", f"`homeostat describe snapshot {of}` says why")
    return machine, snapshot.status.tag


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
    from homeostat.service.files.orphaned_disks import orphaned_disks

    async with opened(settings) as store:
        by_host: dict[str, list[Orphan]] = {}
        for host, orphan in await store.orphans():
            by_host.setdefault(host, []).append(orphan)
        found = await orphaned_disks(store, settings.existing_state(), by_host, None if all_namespaces else settings.namespace)
    if output in ("json", "yaml"):
        _emit([asdict(one) for one in found], output)
    elif not found:
        say("No orphans: every file of a disk belongs to a Disk or to a machine.", err=True)
    else:
        from homeostat.driver.storage.paths import human_size

        sizes = ["-" if one.size is None else human_size(one.size) for one in found]
        rows = [
            (one.namespace, one.name, one.host or "-", one.state, size, one.path, one.was)
            for one, size in zip(found, sizes, strict=True)
        ]
        say(*columns(("NAMESPACE", "NAME", "HOST", "STATE", "SIZE", "FILE", "WAS"), rows), "")
        say(*(f"{one.path}: {one.mend}" for one in found[:5]))


def _emit(documents: Sequence[Any], output: str) -> None:
    emit(json.dumps(documents, indent=2) + "\n" if output == "json" else to_yaml(documents))
