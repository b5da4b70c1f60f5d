"""What is set aside on other hosts of a cluster is listed, and done there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.driver.storage.trash import LABEL
from homeostat.models.host import Host
from homeostat.planner.files.trash import TrashedDisk, TrashEntry, write_label
from homeostat.service.files.host_reach import OnAnotherApi
from homeostat.service.files.trash import TrashRoom
from homeostat.service.refusals import NotInTrash, TrashElsewhere
from homeostat.store.files.serving import say_served
from homeostat.store.files.state import StateFolder
from tests.unit.serving import Written, resource


def told(entry: str, since: str = "2026-01-02T00:00:00Z", namespace: str = "default") -> dict[str, Any]:
    disk = {"name": "root", "path": "/far/root.qcow2", "size": 10, "virtualSize": 20, "backing": None}
    return {"entry": entry, "namespace": namespace, "name": "web", "of": "VirtualMachine", "since": since, "disks": [disk]}


HOSTS = (
    resource(Host, "here", operator="me", trash=[told("own")]),
    resource(Host, "north", operator="other", trash=[told("far"), told("both"), told("theirs", namespace="lab")]),
    resource(Host, "north-too", operator="other", trash=[told("far"), told("both")]),
    resource(Host, "west", operator="third", api="http://west:8080", trash=[told("both"), told("old", "2025-12-31T00:00:00Z")]),
    resource(Host, "new"),
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    room = StateFolder.open(tmp_path / "state")
    say_served(room, "me", {"here": "qemu:///system"})
    own = TrashEntry(
        "own", "default", "web", "uid", "deleted", "2026-01-01T00:00:00Z", "", disks=(TrashedDisk("root", "/root.qcow2"),)
    )
    folder = room.root / "trash" / "own"
    folder.mkdir(parents=True)
    (folder / LABEL).write_text(write_label(own))
    (folder / "root.qcow2").touch()
    return room.root


def room_of(state: Path, clustered: bool = True) -> TrashRoom:
    return Written(*HOSTS).desk(state, clustered=clustered).trash


async def test_each_counts_once(state: Path) -> None:
    found = await room_of(state).entries()
    assert [(one.host, one.entry.entry) for one in found] == [
        ("west", "old"), ("", "own"), ("north", "both"), ("west", "both"), ("north", "far"),
    ]  # fmt: skip
    (disk,) = found[0].entry.disks
    assert (disk.path, disk.size, disk.virtual_size, found[0].entry.size, found[0].kind) == (
        "/far/root.qcow2", 10, 20, 10, "VirtualMachine",
    )  # fmt: skip


async def test_without_a_cluster_there_is_the_state_folder_only(state: Path) -> None:
    assert [one.entry.entry for one in await room_of(state, clustered=False).entries()] == ["own"]


@pytest.mark.parametrize(
    ("name", "host", "at"), [("own", "", ""), ("own", "here", ""), ("far", "", "north"), ("both", "west", "west")]
)
async def test_one_is_found_by_name_and_host(state: Path, name: str, host: str, at: str) -> None:
    assert (await room_of(state).entry(name, host)).host == at


@pytest.mark.parametrize(("name", "host"), [("own", "north"), ("far", "here"), ("theirs", ""), ("far", "nowhere")])
async def test_one_that_is_not_there(state: Path, name: str, host: str) -> None:
    with pytest.raises(NotInTrash):
        await room_of(state).entry(name, host)


async def test_of_several_one_must_be_named(state: Path) -> None:
    with pytest.raises(TrashElsewhere, match="both is in the trash of north, west: say which") as refused:
        await room_of(state).entry("both")
    assert refused.value.details == {"name": "both", "hosts": ["north", "west"]}


@pytest.mark.parametrize("work", ["restore", "erase"])
async def test_the_api_there_does_it_or_it_is_said_who_can(state: Path, work: str) -> None:
    room = room_of(state)
    with pytest.raises(OnAnotherApi) as passed:
        await getattr(room, work)(await room.entry("old"))
    assert (passed.value.host, passed.value.address) == ("west", "http://west:8080")
    with pytest.raises(TrashElsewhere, match="host north, and this API server is not beside it"):
        await getattr(room, work)(await room.entry("far"))
    assert (state / "trash" / "own" / "root.qcow2").exists()
