"""``homeostat get orphans`` and ``delete orphan``: what we made on hosts, and what belongs to no resource."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from homeostat.models.base import Key
from homeostat.planner.orphans import ELSEWHERE, NETWORK, Orphan, mend, why
from homeostat.runtime.machine.orphans import describe, machine_to_delete

from ..access import opened, operator_runs
from ..errors import CliError
from ..settings import CliSettings
from ..show.output import to_yaml
from ..terminal import columns, emit, say
from ..times import age

HEADER = ("NAMESPACE", "NAME", "HOST", "STATE", "DOMAIN", "DISKS", "SIZE", "LAST WRITTEN", "WHY")


async def list_orphans(
    settings: CliSettings, names: Sequence[str], *, all_namespaces: bool, form: str | None, headers: bool
) -> None:
    """Lists the orphans as the operator recorded them last."""
    async with opened(settings) as store:
        found = [
            (host, orphan)
            for host, orphan in await store.orphans()
            if (all_namespaces or orphan.namespace == settings.namespace) and (not names or orphan.name in names)
        ]
    if missing := set(names) - {orphan.name for _, orphan in found}:
        raise CliError(f"there is no orphan named {', '.join(sorted(missing))}", "`homeostat get orphans -A` lists them")
    if form in (None, "wide") and not operator_runs(settings):
        say("note: no operator runs on this state, so this is what the last one found", err=True)
    _print(found, form, all_namespaces, headers)


def _print(found: Sequence[tuple[str, Orphan]], form: str | None, all_namespaces: bool, headers: bool) -> None:
    match form:
        case "json" | "yaml":
            items = [orphan_document(host, orphan) for host, orphan in found]
            emit(json.dumps(items, indent=2) + "\n" if form == "json" else to_yaml(items))
        case "name":
            for _, orphan in found:
                say(f"orphan/{orphan.name}")
        case _ if not found:
            say("No orphans: everything on the host belongs to a resource.", err=True)
        case _:
            first = 0 if all_namespaces else 1
            for line in columns(HEADER[first:], [_row(host, orphan)[first:] for host, orphan in found], show_header=headers):
                say(line)
            if headers:
                _print_advice([orphan for _, orphan in found])


def _row(host: str, orphan: Orphan) -> tuple[str, ...]:
    from homeostat.driver.storage.folders import bytes_on_disk

    size = bytes_on_disk(orphan.directory, orphan.disks)
    disks = ",".join(orphan.disks) or "-"
    since = age(orphan.since) if orphan.since else "-"
    return (
        orphan.namespace,
        orphan.name,
        host,
        orphan.state,
        orphan.domain or orphan.network or "-",
        disks,
        _size(size),
        since,
        why(orphan),
    )


def _print_advice(orphans: Sequence[Orphan]) -> None:
    say("")
    for orphan in orphans[:5]:
        say(f"{orphan.name}: {mend(orphan)}")
    if len(orphans) > 5:
        say(f"The other {len(orphans) - 5} likewise.")


def _size(size: int | None) -> str:
    from homeostat.driver.storage.paths import human_size

    return "-" if size is None else human_size(size)


def orphan_document(host: str, orphan: Orphan) -> Mapping[str, Any]:
    from homeostat.driver.storage.folders import bytes_on_disk

    return {
        "namespace": orphan.namespace,
        "name": orphan.name,
        "host": host,
        "state": orphan.state,
        "domain": orphan.domain or None,
        "network": orphan.network or None,
        "uuid": orphan.uuid or None,
        "identity": orphan.uid or None,
        "lastWritten": orphan.since or None,
        "writer": orphan.writer or None,
        "directory": orphan.directory or None,
        "disks": list(orphan.disks),
        "bytes": bytes_on_disk(orphan.directory, orphan.disks),
        "deleting": bool(orphan.deletion),
        "why": why(orphan),
        "todo": mend(orphan),
    }


async def delete_orphans(settings: CliSettings, names: Sequence[str], *, keep_disks: bool, yes: bool) -> list[Key]:
    """Gives the orphans to the operator as machines that are being deleted, and returns their keys.

    Raises:
        CliError: a name is not that of an orphan, its host is not served, or nobody can be asked whether the deletion is meant.
    """
    async with opened(settings) as store:
        here = [o for _, o in await store.orphans() if o.namespace == settings.namespace]
        found = {o.name: o for o in here if o.state != NETWORK}
        for network in (o for o in here if o.state == NETWORK and o.name in names and o.name not in found):
            raise CliError(f"orphan {network.name} is a network, which is not deleted from here", mend(network))
        if missing := [name for name in names if name not in found]:
            raise CliError(f"there is no orphan named {', '.join(missing)}", "`homeostat get orphans -A` lists them")
        for name in names:
            if store.folder is None:
                words = f"orphan {name} is on a host of a cluster, where only an object can be deleted"
                raise CliError(words, mend(replace(found[name], of_object=True)))
            if found[name].twin or found[name].state == ELSEWHERE:
                raise CliError(f"orphan {name} is not deleted from here: {why(found[name])}", mend(found[name]))
            if (host := found[name].deleted_on) and host not in settings.hosts:
                words = f"orphan {name} was being deleted on host {host}, which is not served: its guest may run there"
                raise CliError(words, mend(found[name]))
            say(f"orphan {name}: {describe(found[name])}")
        fate = "its disks stay where they are" if keep_disks else "its disks are deleted as a machine's are"
        if not yes and not _confirmed(f"Shut it down and take it off the host? {fate[0].upper()}{fate[1:]}."):
            raise CliError("nothing was deleted", "give --yes where nobody can be asked")
        keys = []
        for name in names:
            machine = machine_to_delete(found[name], keep_disks=keep_disks)
            await store.take_up(machine)
            keys.append(Key(machine.kind, machine.metadata.namespace, machine.metadata.name))
            say(f"orphan/{name} is being deleted")
        return keys


def _confirmed(question: str) -> bool:
    return sys.stdin.isatty() and click.confirm(question)
