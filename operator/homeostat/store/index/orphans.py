"""What the operator noted of orphans, per host: for readers, and so that each is told of once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.host import Host
from homeostat.models.machine import IDENTITY, VirtualMachine
from homeostat.planner.orphans import Orphan

from .index import Index, set_setting

_SETTING = "orphans:"  # and the host's name


def note_orphans(index: Index, host: str, orphans: Sequence[Orphan]) -> None:
    text = json.dumps([asdict(orphan) for orphan in orphans]) if orphans else None
    with index.transaction() as database:
        set_setting(database, f"{_SETTING}{host}", text)


def read_orphans(index: Index, host: str | None = None) -> dict[str, list[Orphan]]:
    """By host; ``host`` None: of all. Hosts that share a folder tell of the same files: the first one does here."""
    rows = index.read("SELECT name, value FROM settings WHERE name >= ? AND name < ? ORDER BY name", (_SETTING, "orphans;"))
    found: dict[str, list[Orphan]] = {}
    for name, text in rows:
        if host in (None, at := name.removeprefix(_SETTING)):
            found[at] = [Orphan(**{**values, "disks": tuple(values["disks"])}) for values in json.loads(text)]
    return found


def read_reported(index: Index) -> dict[str, list[Orphan]]:
    """As the statuses of Hosts tell; by host."""
    rows = index.read("SELECT name, status FROM resources WHERE kind=? AND status IS NOT NULL ORDER BY name", (Host.KIND,))
    told = {name: json.loads(status).get("orphans", ()) for name, status in rows}
    return {
        name: [Orphan(o.get("namespace", ""), o.get("name", ""), o.get("state", ""), o.get("domain", "")) for o in found]
        for name, found in told.items()
        if found
    }


def read_identities(index: Index) -> Mapping[str, tuple[str, str]]:
    """See runtime.machine.orphans.OrphanStore. Of rows, not models: there may be thousands, and what the models refuse counts."""
    rows = index.read("SELECT namespace, name, uid, metadata FROM resources WHERE kind=?", (VirtualMachine.KIND,))
    found = {}
    for namespace, name, uid, metadata in rows:
        found[uid] = (namespace, name)
        if IDENTITY in metadata:
            given = str(json.loads(metadata).get("annotations", {}).get(IDENTITY, ""))
            found[given.rpartition("/")[2]] = (namespace, name)
    return found


def read_deployments(index: Index) -> frozenset[str]:
    return frozenset(row[0] for row in index.read("SELECT uid FROM resources WHERE kind=?", (VirtualMachineDeployment.KIND,)))
