"""Disks and ISOs are listed, made and deleted; what is answered has happened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Right, Role
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.service.naming.marks import ID
from tests.unit.contracts.qemu_manager.managed import Managed
from tests.unit.serving import condition

READY = {"conditions": [condition("Ready", "True")]}
GIB = 2**30


async def made(managed: Managed, name: str = "data", **more: Any) -> dict[str, Any]:
    """Makes a disk, whose file the operator makes at once."""
    managed.room.clock.forward(seconds=1)
    asked = asyncio.create_task(managed.done("POST", "disks", **{"name": name, "size": 1, "format": "qcow2", **more}))
    await managed.once(Disk, name, lambda _: True)
    await managed.is_there(name, path=f"/vm/{name}", virtualSize=GIB, **READY)
    disk: dict[str, Any] = (await asked)["disk"]
    return disk


@pytest.mark.parametrize(("size", "bytes"), [(1, GIB), (1.5, 3 * GIB // 2), (1e-12, 1)])
@pytest.mark.parametrize("format", ["qcow2", "raw"])
async def test_a_disk_is_made(managed: Managed, size: float, bytes: int, format: str) -> None:
    disk = await made(managed, size=size, format=format)
    there = await managed.desk.disks.get("data")
    assert (there.spec.size, there.spec.format, there.metadata.labels[ID]) == (bytes, format, disk["id"])
    assert (disk["status"], disk["path"], disk["info"]["virtual-size"]) == ("ready", "/vm/data", GIB)


@pytest.mark.usefixtures("hasty")
async def test_one_that_takes_long_is_shown_as_it_is(managed: Managed) -> None:
    answer = await managed.ask("POST", "disks", name="data", size=1, format="qcow2")
    assert (answer.status_code, answer.json["disk"]["status"], answer.json["disk"]["path"]) == (201, "creating", None)


async def test_one_that_cannot_be_made_is_shown_too(managed: Managed) -> None:
    asked = asyncio.create_task(managed.done("POST", "disks", name="data", size=1, format="qcow2"))
    await managed.once(Disk, "data", lambda _: True)
    await managed.is_there("data", conditions=[condition("Stalled", "True")])
    assert (await asked)["disk"]["status"] == "error"


async def test_one_that_goes_meanwhile(managed: Managed) -> None:
    asked = asyncio.create_task(managed.refused(404, "POST", "disks", name="data", size=1, format="qcow2"))
    found = await managed.once(Disk, "data", lambda _: True)
    await managed.desk.disks.delete(found)
    await managed.lets_go(Disk, "data")
    assert await asked == "Disk not found"


async def test_all_are_listed_the_newest_first(managed: Managed) -> None:
    disks = [await made(managed, name) for name in ("b", "a", "c")]
    listed = (await managed.done("GET", "disks"))["disks"]
    assert [disk["name"] for disk in listed] == ["c", "a", "b"] and all("info" not in disk for disk in listed)
    for disk in disks:
        assert await managed.done("GET", f"disks/{disk['id']}") == {"disk": disk}
    assert await managed.refused(404, "GET", "disks/a") == await managed.refused(404, "DELETE", "disks/a") == "Disk not found"


async def test_a_disk_is_deleted(managed: Managed) -> None:
    disk = await made(managed)
    going = asyncio.create_task(managed.lets_go(Disk, "data"))
    assert await managed.done("DELETE", f"disks/{disk['id']}") == {"message": "Disk deleted successfully"}
    await going
    assert (await managed.done("GET", "disks"))["disks"] == []


@pytest.mark.usefixtures("hasty")
async def test_a_disk_that_does_not_go_is_told(managed: Managed) -> None:
    disk = await made(managed)
    assert "still being deleted" in await managed.refused(500, "DELETE", f"disks/{disk['id']}")


async def test_a_disk_in_use_stays(managed: Managed) -> None:
    disk = await made(managed)
    await managed.machine("web", disks=[{"name": "a", "diskRef": {"name": "data"}}])
    said = await managed.refused(400, "DELETE", f"disks/{disk['id']}")
    assert said == "data is attached to web: detach it first"
    assert not (await managed.desk.disks.get("data")).deleting


async def test_isos_are_listed_the_newest_first_and_nothing_else(managed: Managed) -> None:
    for name, format in (("b", "iso"), ("d", "qcow2"), ("a", "iso"), ("c", "iso")):
        managed.room.clock.forward(seconds=1)
        await managed.iso(name, format)
    await managed.desk.images.make("unknown", {"source": {"upload": {}}})
    listed = (await managed.done("GET", "isos"))["isos"]
    assert [iso["name"] for iso in listed] == ["c", "a", "b"]
    for iso in listed:
        assert await managed.done("GET", f"isos/{iso['id']}") == {"iso": iso}
    assert (listed[0]["path"], listed[0]["size"]) == ("/isos/c.iso", 7) and listed[0]["uploadedAt"].startswith("2026-01-01T")
    disk = await managed.desk.images.get("d")
    assert await managed.refused(404, "GET", f"isos/{disk.metadata.uid}") == "ISO not found", "it is none"


async def test_to_each_there_is_what_he_sees(managed: Managed) -> None:
    await made(managed)
    await managed.iso("debian")
    managed.actor = Actor("session", Role.USER, "eve", frozenset(Right))
    assert await managed.done("GET", "disks") == {"disks": []} and await managed.done("GET", "isos") == {"isos": []}


async def test_an_iso_whose_size_is_not_known(managed: Managed) -> None:
    made = await managed.iso("debian", size=None)
    assert (await managed.done("GET", f"isos/{made.metadata.uid}"))["iso"]["size"] == 0


@pytest.mark.usefixtures("hasty")
async def test_an_iso_that_does_not_go_is_told(managed: Managed) -> None:
    iso = await managed.iso("debian")
    assert "still being deleted" in await managed.refused(500, "DELETE", f"isos/{iso.metadata.uid}")


async def test_an_iso_is_deleted(managed: Managed) -> None:
    await managed.iso("other")
    other = (await managed.desk.images.get("other")).metadata.uid
    going = asyncio.create_task(managed.lets_go(Image, "other"))
    assert await managed.done("DELETE", f"isos/{other}") == {"message": "ISO deleted successfully"}
    await going
    assert await managed.refused(404, "DELETE", f"isos/{other}") == "ISO not found"
