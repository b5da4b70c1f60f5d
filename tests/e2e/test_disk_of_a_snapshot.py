"""A Disk is made as a copy of a disk in a snapshot, while the machine of that runs."""

from __future__ import annotations

import json

from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.disk import Disk
from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.snapshots import wait_taken, write_snapshot
from tests.e2e.test_disk_is_exported import patterned, write

NAME = "box"


def document(name: str, snapshot: str, disk: str) -> str:
    spec = {"source": {"snapshotRef": {"name": snapshot, "disk": disk}}}
    return json.dumps({"apiVersion": "homeostat.dev/v1alpha1", "kind": "Disk", "metadata": {"name": name}, "spec": spec})


def ready(home: Homeostat, name: str) -> tuple[str, str]:
    """Status and message of its condition Ready."""
    row = home.store.index.row(Key(Disk.KIND, "default", name))
    found = home.store.resource(row) if row else None
    condition = find_condition(found.status.conditions, "Ready") if isinstance(found, Disk) and found.status else None
    return (condition.status, condition.message) if condition else ("", "")


def test_it_holds_what_the_snapshot_holds(homeostat: Homeostat) -> None:
    homeostat.write(NAME, idle(runStrategy="Halted", disks=[{"name": "data", "size": "4Mi"}]))
    homeostat.start()
    homeostat.wait_ready(NAME)
    write(homeostat.disk(NAME, "data"), 1)
    write_snapshot(homeostat, "then", NAME)
    wait_taken(homeostat, "then")
    write(homeostat.disk(NAME, "data"), 2)
    homeostat.edit(NAME, lambda spec: spec.update(runStrategy="Always"))
    homeostat.wait_ready(NAME)

    (homeostat.folder / "clone.yaml").write_text(document("clone", "then", "data"))
    homeostat.wait_for(lambda: ready(homeostat, "clone")[0] == "True", "the copy is made")
    assert patterned(homeostat.state / "disks/default/clone/disk.img", 1) and homeostat.state_of(NAME) == "running"
    for name, snapshot, disk, said in (("x", "when", "data", "is not in namespace"), ("y", "then", "dta", "has no disk 'dta'")):
        (homeostat.folder / f"{name}.yaml").write_text(document(name, snapshot, disk))
        homeostat.wait_for(lambda name=name, said=said: said in ready(homeostat, name)[1], f"{name} says why")  # type: ignore[misc]
