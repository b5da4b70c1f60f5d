"""What hosts have together, and what lies on them that belongs to nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.planner.disk.orphans import DiskFolder
from homeostat.planner.files.disk_file import DISK_FILE
from homeostat.planner.orphans import Orphan
from homeostat.service.desk import Capacity
from homeostat.service.files import orphaned_disks
from homeostat.service.refusals import TrashUnavailable
from homeostat.store.files.serving import say_served
from homeostat.store.files.state import StateFolder
from tests.unit.serving import Written, condition, resource


def host(name: str, ready: str, vcpus: int | None, memory: str = "4Gi") -> Host:
    capacity = {"capacity": {"vcpus": vcpus, "memory": memory}} if vcpus else {}
    return resource(Host, name, conditions=[condition("Ready", ready)], **capacity)


def wanting(name: str, memory: str, strategy: str = "Always") -> VirtualMachine:
    return resource(VirtualMachine, name, {"runStrategy": strategy, "resources": {"memory": memory}})


GIB = 2**30


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        ([], None),
        ([resource(Host, "new")], None),
        ([host("a", "False", 4)], None),
        ([host("a", "True", None)], Capacity(0, 0, 0)),
        ([host("a", "True", 4)], Capacity(4, 4 * GIB, 4 * GIB)),
        ([host("a", "True", 4), host("b", "True", 2, "2Gi"), host("c", "False", 8)], Capacity(6, 6 * GIB, 6 * GIB)),
        ([host("a", "True", 4), host("b", "True", None), resource(Host, "new")], Capacity(4, 4 * GIB, 4 * GIB)),
        ([host("a", "True", 4), wanting("x", "1Gi"), wanting("y", "2Gi", "Halted")], Capacity(4, 4 * GIB, 3 * GIB)),
        ([host("a", "True", 4), wanting("x", "3Gi"), wanting("y", "2Gi")], Capacity(4, 4 * GIB, 0)),
    ],
)
async def test_capacity_is_what_hosts_that_are_reached_have(tmp_path: Path, resources: list[Any], found: Capacity | None) -> None:
    assert await Written(*resources).desk(tmp_path).capacity() == found


@pytest.mark.parametrize(
    ("resources", "reached"),
    [
        ([], False),
        ([resource(Host, "new")], False),
        ([host("a", "False", 4)], False),
        ([host("a", "False", 4), host("b", "True", 4)], True),
    ],
)
async def test_whether_a_host_is_reached(tmp_path: Path, resources: list[Any], reached: bool) -> None:
    assert await Written(*resources).desk(tmp_path).reaches_hosts() is reached


class Lying(Written):
    """A store that also knows what lies on hosts."""

    found: Mapping[str, Sequence[Orphan]] = {}

    def all_orphans(self) -> Mapping[str, Sequence[Orphan]]:
        return self.found


def test_orphans_are_of_the_namespace_with_what_their_disks_take(tmp_path: Path) -> None:
    (tmp_path / "root.qcow2").write_bytes(b"x" * 8192)
    on_disk = Orphan("default", "old", "retained", directory=str(tmp_path), disks=("root",))
    bare, theirs = Orphan("default", "gone", "shut off", "default--gone"), Orphan("lab", "old", "retained")
    shelf = Lying()
    shelf.found = {"a": [on_disk, theirs], "b": [bare]}
    size = (tmp_path / "root.qcow2").stat().st_blocks * 512
    assert shelf.desk(tmp_path).orphans() == [("a", on_disk, size), ("b", bare, None)]


def lying(namespace: str, name: str) -> DiskFolder:
    return DiskFolder(namespace, name, f"/disks/{namespace}/{name}", None, ((DISK_FILE, 1),))


async def test_files_that_no_disk_and_no_machine_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [lying("default", name) for name in ("declared", "named", "lost")] + [lying("lab", "lost")]
    label: Any = object()
    known = [DiskFolder(f.namespace, f.name, f.path, label, f.files) for f in folders[:2]]
    monkeypatch.setattr(orphaned_disks, "disk_folders", lambda state: [*known, *folders[2:]] if state == tmp_path else [])
    web = resource(VirtualMachine, "web", {"disks": [{"name": "d", "diskRef": {"name": "named"}}, {"name": "e", "size": "1Gi"}]})
    desk = Lying(resource(Disk, "declared", {"size": "1Gi"}), web).desk(tmp_path)
    assert [(one.namespace, one.name) for one in await desk.disks.orphans()] == [("default", "lost")]


async def test_files_on_other_hosts(tmp_path: Path) -> None:
    """What an operator on this state folder reports is what is seen here, and counts once."""
    state = StateFolder.open(tmp_path / "state")
    say_served(state, "here", {"a": "qemu:///system"})
    keeps = ["default/letters", "default/declared", "lab/theirs"]
    hosts = [resource(Host, name, operator=op, keeps=keeps) for name, op in (("a", "here"), ("b", "there"))]
    (tmp_path / "root.qcow2").write_bytes(b"x" * 8192)
    shelf = Lying(*hosts, resource(Disk, "declared", {"size": "1Gi"}))
    kept = Orphan("default", "old", "retained", directory=str(tmp_path), disks=("root",))
    shelf.found = {
        "b": [kept, replace(kept, name="lost", state="no domain", directory="/elsewhere"), replace(kept, domain="runs")],
    }
    found = await shelf.desk(state.root).disks.orphans()
    assert [(one.host, one.name, one.state, one.path, one.size) for one in found] == [
        ("b", "letters", "retained", "disks/default/letters/disk.img", None),
        ("b", "old", "retained", f"{tmp_path}/root.qcow2", (tmp_path / "root.qcow2").stat().st_blocks * 512),
        ("b", "lost", "unreferenced", "/elsewhere/root.qcow2", None),
    ]


async def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(state: Path) -> Any:
        raise DriverError("no such disk")

    monkeypatch.setattr(orphaned_disks, "disk_folders", fail)
    with pytest.raises(TrashUnavailable, match=r"^no such disk$"):
        await Lying().desk(tmp_path).disks.orphans()
