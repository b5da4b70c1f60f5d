"""What the operator recorded of orphans, per host: readers show it, and each orphan is reported only once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from homeostat.models.base import IDENTITY
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.planner.orphans import Orphan
from homeostat.planner.placement import HOST_FINALIZER, host_of

from .index import Index, set_setting

_SETTING = "orphans:"  # the host's name follows


def note_orphans(index: Index, host: str, orphans: Sequence[Orphan]) -> None:
    text = json.dumps([asdict(orphan) for orphan in orphans]) if orphans else None
    with index.transaction() as database:
        set_setting(database, f"{_SETTING}{host}", text)


def drop_orphans(database: sqlite3.Connection, host: str) -> None:
    set_setting(database, f"{_SETTING}{host}", None)


def read_orphans(index: Index, host: str | None = None) -> dict[str, list[Orphan]]:
    """Returns the orphans by host; ``host`` None: of all hosts. Hosts that share a folder report the same files, and only the
    one with the domain, or else the first host, has them here."""
    rows = index.read("SELECT name, value FROM settings WHERE name >= ? AND name < ? ORDER BY name", (_SETTING, "orphans;"))
    found: dict[str, list[Orphan]] = {}
    for name, text in rows:
        if host in (None, at := name.removeprefix(_SETTING)):
            found[at] = [Orphan(**{**values, "disks": tuple(values["disks"])}) for values in json.loads(text)]
    return found if host is not None else _each_folder_once(found)


def _each_folder_once(by_host: Mapping[str, Sequence[Orphan]]) -> dict[str, list[Orphan]]:
    told = {(orphan.namespace, orphan.name) for orphans in by_host.values() for orphan in orphans if orphan.domain}
    found: dict[str, list[Orphan]] = {}
    for host, orphans in by_host.items():
        found[host] = [
            orphan for orphan in orphans if orphan.domain or orphan.network or (orphan.namespace, orphan.name) not in told
        ]
        told |= {(orphan.namespace, orphan.name) for orphan in orphans if not orphan.network}
    return found


def read_reported(index: Index) -> dict[str, list[Orphan]]:
    """Returns the orphans by host, as the statuses of Hosts report them; of one that reports none, nothing."""
    rows = index.read("SELECT name, status FROM resources WHERE kind=? AND status IS NOT NULL ORDER BY name", (Host.KIND,))
    told = {name: json.loads(status).get("orphans", ()) for name, status in rows}
    return {
        name: [
            Orphan(
                o.get("namespace", ""),
                o.get("name", ""),
                o.get("state", ""),
                o.get("domain", ""),
                directory=o.get("directory", ""),
                disks=tuple(o.get("disks", ())),
                twin=bool(o.get("twin")),
                uid=o.get("identity", ""),
                of_object=True,
            )
            for o in found
        ]
        for name, found in told.items()
        if found
    }


def read_identities(index: Index) -> Mapping[str, tuple[str, str]]:
    """Returns the identities that runtime.machine.orphans.OrphanStore describes. They are read from rows instead of models: there
    may be thousands, and a resource that the models refuse counts too."""
    rows = index.read("SELECT namespace, name, uid, metadata FROM resources WHERE kind=?", (VirtualMachine.KIND,))
    found = {}
    for namespace, name, uid, metadata in rows:
        found[uid] = (namespace, name)
        if IDENTITY in metadata:
            given = str(json.loads(metadata).get("annotations", {}).get(IDENTITY, ""))
            found[given.rpartition("/")[2]] = (namespace, name)
    return found


def read_placements(index: Index) -> Mapping[tuple[str, str], str]:
    """Returns the hosts that machines are placed on, by their namespaces and names."""
    rows = index.read(
        "SELECT namespace, name, finalizers FROM resources WHERE kind=? AND instr(finalizers, ?)",
        (VirtualMachine.KIND, HOST_FINALIZER),
    )
    placed = ((namespace, name, host_of(json.loads(finalizers))) for namespace, name, finalizers in rows)
    return {(namespace, name): host for namespace, name, host in placed if host is not None}


def read_deployments(index: Index) -> frozenset[str]:
    return frozenset(row[0] for row in index.read("SELECT uid FROM resources WHERE kind=?", (VirtualMachineDeployment.KIND,)))


def read_network_identities(index: Index) -> frozenset[str]:
    """Returns the uids of all Networks, and what else they were known by where they were migrated from."""
    found = set()
    for uid, metadata in index.read("SELECT uid, metadata FROM resources WHERE kind=?", (Network.KIND,)):
        found.add(uid)
        if IDENTITY in metadata:
            given = str(json.loads(metadata).get("annotations", {}).get(IDENTITY, ""))
            found.add(given.rpartition("/")[2])
    return frozenset(found)
