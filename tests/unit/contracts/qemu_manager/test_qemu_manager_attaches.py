"""Disks are attached and detached by their paths, and ISOs mounted; what cannot be changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Right, Role
from homeostat.service.naming.marks import id_of
from homeostat_contracts.qemu_manager.machine_views import noted
from tests.unit.contracts.qemu_manager.managed import Managed

CD = {"name": "iso", "type": "cdrom"}
RAW = bytes(510) + b"\x55\xaa" + bytes(4096)  # a boot sector
MEDIUM = bytes(0x8000) + b"\x01CD001\x01" + bytes(4096)


async def web(managed: Managed, **spec: Any) -> str:
    """Makes a machine, and returns its path."""
    return f"vms/{id_of(await managed.machine('web', **spec))}"


async def paths(managed: Managed, vm: str) -> list[str]:
    return [disk["path"] for disk in (await managed.done("GET", vm))["vm"]["disks"]]


async def devices(managed: Managed) -> list[dict[str, Any]]:
    return [disk.dump() for disk in (await managed.desk.machines.get("web")).spec.disks]


async def test_a_disk(managed: Managed) -> None:
    vm = await web(managed)
    await managed.desk.disks.make("data", {"size": "1Gi"})
    await managed.is_there("data", path="/vm/data.qcow2")
    changed = (await managed.done("POST", f"{vm}/disks/attach", diskPath="/vm/data.qcow2"))["vm"]
    (attached,) = changed["disks"]
    assert attached["path"] == "/vm/data.qcow2" and attached["attachedAt"].endswith("Z")
    (device,) = await devices(managed)
    assert (device["name"], device["diskRef"]) == ("data", {"name": "data"})
    assert (await managed.done("POST", f"{vm}/disks/attach", diskPath="/vm/data.qcow2"))["vm"] == changed, "once is enough"
    assert (await managed.done("POST", f"{vm}/disks/detach", diskPath="/vm/data.qcow2"))["vm"]["disks"] == []
    assert await devices(managed) == []


async def test_a_disk_of_somebody_else_is_none(managed: Managed) -> None:
    await managed.desk.disks.make("theirs", {"size": "1Gi"})
    await managed.is_there("theirs", path="/vm/theirs.qcow2")
    managed.actor = Actor("session", Role.USER, "eve", frozenset(Right))
    made = (await managed.done("POST", "vms", name="hers", cpus=1, memory=64))["vm"]
    await managed.refused(400, "POST", f"vms/{made['id']}/disks/attach", diskPath="/vm/theirs.qcow2")
    assert (await managed.done("GET", f"vms/{made['id']}"))["vm"]["disks"] == []


async def test_files_of_the_host(managed: Managed) -> None:
    vm = await web(managed, disks=[CD])
    files = []
    for name in ("a b.img", "c.img"):
        (managed.files / name).write_bytes(RAW)
        files.append(str(managed.files / name))
        await managed.done("POST", f"{vm}/disks/attach", diskPath=files[-1])
    assert await paths(managed, vm) == files
    assert [device["image"] for device in (await devices(managed))[1:]] == [{"path": path} for path in files]
    before = (await managed.done("GET", vm))["vm"]["disks"]
    await managed.done("POST", f"{vm}/disks/detach", diskPath=files[0])
    assert (await managed.done("GET", vm))["vm"]["disks"] == before[1:], "the other one is as it was"
    assert [note["path"] for note in noted(await managed.desk.machines.get("web")).values()] == files[1:]


@pytest.mark.parametrize("content", [bytes(2**20), bytes(2**20) + b"boot", b"\xa5\x5a" * 512], ids=["blank", "late", "unknown"])
async def test_a_file_that_nobody_has_written_to_is_raw(managed: Managed, content: bytes) -> None:
    vm, file = await web(managed), managed.files / "blank.img"
    file.write_bytes(content)
    assert (await managed.done("POST", f"{vm}/disks/attach", diskPath=str(file)))["vm"]["disks"][0]["path"] == str(file)
    assert [device["image"] for device in await devices(managed)] == [{"path": str(file), "format": "raw"}]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (bytes(100), "has only 100 bytes"),
        (b"a text\n" * 1000, "is a text file, not a disk image"),
        (b"<!doctype html><html>" + bytes(4096), "is a web page"),
        (b"conectix" + bytes(4096), "convert it with: qemu-img convert"),
        (b"\x1f\x8b\x08" + bytes(4096), "gzip"),
    ],
)
async def test_what_no_guest_can_use_is_not_attached(managed: Managed, content: bytes, says: str) -> None:
    vm, file = await web(managed, disks=[CD]), managed.files / "odd.img"
    file.write_bytes(content)
    assert says in await managed.refused(400, "POST", f"{vm}/disks/attach", diskPath=str(file))
    assert "is no iso" in await managed.refused(400, "POST", f"{vm}/iso/mount", isoPath=str(written(managed, RAW)))
    assert [device["name"] for device in await devices(managed)] == ["iso"]


def written(managed: Managed, content: bytes) -> Path:
    (managed.files / "raw.img").write_bytes(content)
    return managed.files / "raw.img"


async def test_what_is_no_disk_is_not_attached(managed: Managed) -> None:
    vm = await web(managed)
    for path in ("/etc/passwd", str(managed.files / "none.img"), str(managed.files)):
        assert path in await managed.refused(400, "POST", f"{vm}/disks/attach", diskPath=path)
    said = await managed.refused(400, "POST", f"{vm}/disks/detach", diskPath="/vm/data")
    assert said == "/vm/data is not attached to this VM"
    assert await devices(managed) == []


@pytest.mark.parametrize("what", ["attach", "detach"])
async def test_disks_of_one_that_runs_stay(managed: Managed, what: str) -> None:
    vm = await web(managed)
    (managed.files / "a.img").write_bytes(RAW)
    await managed.is_now("web", "Running")
    said = await managed.refused(400, "POST", f"{vm}/disks/{what}", diskPath=str(managed.files / "a.img"))
    assert said == "VM must be stopped"


@pytest.mark.parametrize("what", ["disks/attach", "disks/detach", "iso/mount", "iso/unmount"])
async def test_of_what_is_not_there(managed: Managed, what: str) -> None:
    (managed.files / "a.iso").write_bytes(MEDIUM)
    path = str(managed.files / "a.iso")
    assert await managed.refused(404, "POST", f"vms/none/{what}", diskPath=path, isoPath=path) == "VM not found"


async def mounted(managed: Managed, vm: str, path: str) -> Any:
    return (await managed.done("POST", f"{vm}/iso/mount", isoPath=path))["vm"]["iso"]


@pytest.mark.parametrize("disks", [[CD], []], ids=["a drive", "none yet"])
async def test_an_iso(managed: Managed, disks: list[Any]) -> None:
    vm = await web(managed, disks=disks)
    await managed.iso("debian")
    (managed.files / "a.iso").write_bytes(MEDIUM)
    file = str(managed.files / "a.iso")
    assert await mounted(managed, vm, "/isos/debian.iso") == "/isos/debian.iso"
    assert [device["image"] for device in await devices(managed)] == [{"imageRef": {"name": "debian"}}]
    assert await mounted(managed, vm, file) == file, "in its place"
    assert [device["image"] for device in await devices(managed)] == [{"path": file, "format": "iso"}]
    assert (await managed.done("POST", f"{vm}/iso/unmount"))["vm"]["iso"] is None
    assert [(device["name"], device["type"], "image" in device) for device in await devices(managed)] == [("iso", "cdrom", False)]
    assert await paths(managed, vm) == []


@pytest.mark.parametrize("path", ["/isos/none.iso", "/isos/DEBIAN.iso", "/isos/debian.iso.iso", "/isos/disk.iso", "/etc/passwd"])
async def test_what_is_no_iso_is_not_mounted(managed: Managed, path: str) -> None:
    vm = await web(managed, disks=[CD])
    await managed.iso("debian")
    await managed.iso("disk", format="qcow2")
    assert path in await managed.refused(400, "POST", f"{vm}/iso/mount", isoPath=path)
    assert (await managed.done("GET", vm))["vm"]["iso"] is None


async def test_without_a_drive_nothing_is_unmounted(managed: Managed) -> None:
    vm = await web(managed)
    assert (await managed.done("POST", f"{vm}/iso/unmount"))["vm"]["iso"] is None and await devices(managed) == []


async def test_a_disk_is_no_drive(managed: Managed) -> None:
    vm = await web(managed, disks=[{"name": "root", "size": "1Gi"}])
    await managed.iso("debian")
    assert await mounted(managed, vm, "/isos/debian.iso") == "/isos/debian.iso" and await paths(managed, vm) == ["/disks/root"]
    assert [(device["name"], device.get("type")) for device in await devices(managed)][1:] == [("iso", "cdrom")]


async def test_one_that_runs_gets_no_drive(managed: Managed) -> None:
    vm = await web(managed)
    await managed.iso("debian")
    await managed.is_now("web", "Running")
    assert "no drive for an ISO" in await managed.refused(400, "POST", f"{vm}/iso/mount", isoPath="/isos/debian.iso")
    assert await devices(managed) == []


async def test_one_that_runs_sees_an_iso_at_once(managed: Managed) -> None:
    vm = await web(managed, disks=[CD])
    await managed.iso("debian")
    await managed.is_now("web", "Running")
    assert await mounted(managed, vm, "/isos/debian.iso") == "/isos/debian.iso"
