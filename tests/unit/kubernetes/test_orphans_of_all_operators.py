"""Each operator of a cluster notes what it finds in an index of its own; the statuses of Hosts say what the others found."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from homeostat.planner.orphans import Orphan
from homeostat.store.index.index import Index
from homeostat.store.kubernetes.mirror import Mirror
from homeostat.store.kubernetes.writer import ClusterWriter

LOST = Orphan("default", "db", "running", "db", "uuid", "uid", directory="/a/machines/default/db", disks=("root",))


def host(name: str, *orphans: dict[str, Any]) -> dict[str, Any]:
    meta = {
        "name": name,
        "namespace": "default",
        "uid": name,
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-02T03:04:05Z",
    }
    return {"kind": "Host", "metadata": {**meta, "generation": 1}, "spec": {}, "status": {"orphans": list(orphans)}}


def test_own_ones_as_noted_and_others_as_reported(tmp_path: Path) -> None:
    index = Index.open(tmp_path / "index.sqlite")
    mirror = Mirror(index)
    store = ClusterWriter(index, mirror, cast(Any, None))
    told = {"namespace": "lab", "name": "old", "state": "retained", "directory": "/b/machines/lab/old", "disks": ["data"]}
    runs = {"namespace": "lab", "name": "bare", "state": "running", "domain": "lab--bare", "identity": "uid"}
    mirror.take([host("a", {"name": "db"}), host("b", told), host("c"), host("d", runs)])
    store.note_orphans("a", [LOST])
    assert store.all_orphans() == {
        "a": [LOST],
        "b": [Orphan("lab", "old", "retained", directory="/b/machines/lab/old", disks=("data",), of_object=True)],
        "d": [Orphan("lab", "bare", "running", "lab--bare", uid="uid", of_object=True)],
    }
    index.close()


def test_where_machines_are_placed(tmp_path: Path) -> None:
    index = Index.open(tmp_path / "index.sqlite")
    mirror = Mirror(index)
    placed = machine("placed", "homeostat.dev/teardown", "west.host.homeostat.dev/teardown")
    mirror.take([placed, machine("waiting", "homeostat.dev/teardown"), machine("bare"), host("west")])
    assert ClusterWriter(index, mirror, cast(Any, None)).placements() == {("default", "placed"): "west"}
    index.close()


def machine(name: str, *finalizers: str) -> dict[str, Any]:
    document = host(name)
    return {**document, "kind": "VirtualMachine", "metadata": {**document["metadata"], "finalizers": [*finalizers]}, "status": {}}
