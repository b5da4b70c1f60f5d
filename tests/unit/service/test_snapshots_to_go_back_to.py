"""What a snapshot is charged with, and when a machine can go back to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.service.kinds import snapshots
from homeostat.service.refusals import BeingDeleted, NoSuchResource, NotTaken
from tests.unit.serving import Written, condition, resource

OF_WEB = {"machineRef": {"name": "web"}}
WEB = resource(VirtualMachine, "web")
READY = condition("Ready", "True")


def taken(**status: Any) -> Snapshot:
    return resource(Snapshot, "daily", OF_WEB, **status)


@pytest.mark.parametrize(
    ("files", "charged"),
    [
        ({"/a": 30, "/b": 12}, 42),
        ({"/a": 30}, 30),
        ({}, 7),  # no file of it is here: its status says it
        ({"/a": 0, "/b": 0}, 7),
        ({"/a": 30, "/b": DriverError("no such disk")}, 7),
    ],
)
async def test_a_snapshot_is_charged_with_what_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, Any], charged: int
) -> None:
    def measured(path: str, images: str) -> int:
        assert images == str(tmp_path / "images")
        if isinstance(found := files[path], Exception):
            raise found
        return int(found)

    monkeypatch.setattr(snapshots, "bytes_of_chain", measured)
    disks = [{"name": path[1:], "path": path} for path in files]
    assert await Written(taken(size=7, disks=disks)).desk(tmp_path).snapshots.charge("daily") == charged


@pytest.mark.parametrize("snapshot", [taken(), taken(tag="t")])
async def test_one_that_is_not_there_is_charged_with_nothing(tmp_path: Path, snapshot: Snapshot) -> None:
    with pytest.raises(NotTaken, match="snapshot daily cannot be gone back to now: it is not taken yet") as refused:
        await Written(snapshot).desk(tmp_path).snapshots.charge("daily")
    assert refused.value.details == {"name": "daily"}


@pytest.mark.parametrize(
    ("files", "charged"),
    [
        ({"machines/default/web/root.qcow2": 30, "disks/default/letters/disk.img": 12}, 42),
        ({"machines/default/web/root.qcow2": 30, "disks/default/letters/disk.img": 0}, 30),
        ({"machines/default/web/root.qcow2": 0, "disks/default/letters/disk.img": 0}, None),
        ({"machines/default/web/root.qcow2": 30, "disks/default/letters/disk.img": DriverError("no such disk")}, None),
    ],
)
async def test_what_the_next_one_would_be_charged_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, Any], charged: int | None
) -> None:
    def measured(path: str, images: str) -> int:
        assert images == str(tmp_path / "images")
        if isinstance(found := files.pop(str(Path(path).relative_to(tmp_path))), Exception):
            raise found
        return int(found)

    monkeypatch.setattr(snapshots, "bytes_of_chain", measured)
    disks = [
        {"name": "root", "size": "1Gi"},
        {"name": "data", "diskRef": {"name": "letters"}},
        {"name": "drive", "type": "cdrom"},
    ]
    desk = Written(resource(VirtualMachine, "web", {"disks": disks})).desk(tmp_path)
    assert await desk.snapshots.charge_of_next("web") == charged and files == {}


async def test_a_machine_goes_back_to_what_is_ready(tmp_path: Path) -> None:
    desk = Written(taken(conditions=[condition("Other", "False"), READY]), WEB).desk(tmp_path)
    snapshot, machine = await desk.snapshots.restore("daily", "again")
    assert snapshot.metadata.name == "daily" and machine == await desk.machines.get("web")
    assert machine.spec.restore_from is not None
    assert (machine.spec.restore_from.snapshot, machine.spec.restore_from.token) == ("daily", "again")


@pytest.mark.parametrize(
    ("snapshot", "why"),
    [
        (taken(), "it is not taken yet"),
        (taken(tag="t"), "it is not taken yet"),
        (taken(conditions=[condition("Ready", "False", "a disk is full", "NoSpace")]), "a disk is full"),
        (taken(conditions=[condition("Ready", "Unknown", "", "NoSpace")]), "NoSpace"),
    ],
)
async def test_a_machine_does_not_go_back_to_what_is_not_ready(tmp_path: Path, snapshot: Snapshot, why: str) -> None:
    desk = Written(snapshot, WEB).desk(tmp_path)
    with pytest.raises(NotTaken, match=f"now: {why}$"):
        await desk.snapshots.restore("daily", "again")
    assert (await desk.machines.get("web")).spec.restore_from is None


async def test_neither_is_being_deleted(tmp_path: Path) -> None:
    desk = Written(taken(conditions=[READY]), WEB).desk(tmp_path)
    await desk.machines.delete(WEB)
    with pytest.raises(BeingDeleted, match="VirtualMachine web"):
        await desk.snapshots.restore("daily", "again")
    with pytest.raises(BeingDeleted, match="VirtualMachine web"):
        await desk.snapshots.take("next", taken().spec)
    await desk.snapshots.delete(await desk.snapshots.get("daily"))
    with pytest.raises(BeingDeleted, match="Snapshot daily"):
        await desk.snapshots.restore("daily", "again")
    with pytest.raises(NoSuchResource, match="VirtualMachine named 'web'"):
        await Written().desk(tmp_path).snapshots.take("next", taken().spec)
