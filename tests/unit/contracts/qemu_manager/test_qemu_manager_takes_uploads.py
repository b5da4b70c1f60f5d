"""An uploaded file is answered once it was looked at, under the name that it had; what is something else is not kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from falcon.testing import Result

from homeostat.models.disk import Disk
from homeostat.models.image import Image, ImageStatus
from homeostat.service.kinds.disks import Disks
from homeostat.service.naming.marks import GIVEN_NAME
from homeostat.service.refusals import OverQuota
from homeostat_contracts.qemu_manager import uploads
from tests.unit.contracts.qemu_manager.managed import Managed
from tests.unit.serving import condition, disk_of


async def sent(managed: Managed, path: str, file: str, **status: Any) -> tuple[asyncio.Task[Result], Image]:
    """Uploads a file, of which the operator then says what it is. Returns who waits for the answer, and the Image."""
    asked = asyncio.create_task(managed.send(path, file, disk_of(4096)))
    images: list[Image] = []

    async def look() -> None:
        while not images or uploads.FILE not in images[0].metadata.annotations:
            images[:] = await managed.room.store.list(Image)
            await asyncio.sleep(0.001)

    async with asyncio.timeout(5):
        await look()
    await managed.note(images[0], ImageStatus.model_validate({"phase": "Ready", "size": 4096, **status}))
    return asked, images[0]


@pytest.mark.parametrize(
    ("file", "called", "begins"),
    [
        ("debian 12.iso", "debian 12.iso", "debian-12-"),
        ("C:\\\\isos\\\\a.iso", "a.iso", "a-"),
        ("/srv/a.iso", "a.iso", "a-"),
        ("noname", "noname", "noname-"),
    ],
)
async def test_an_iso(managed: Managed, file: str, called: str, begins: str) -> None:
    asked, image = await sent(managed, "isos/upload", file, format="iso")
    answer = await asked
    assert answer.status_code == 201, answer.text
    assert (answer.json["iso"]["name"], answer.json["iso"]["size"]) == (called, 4096)
    assert image.metadata.name.startswith(begins) and await managed.done("GET", "isos") == {"isos": [answer.json["iso"]]}


@pytest.mark.parametrize(
    ("path", "format", "said"),
    [("isos/upload", "qcow2", "a.img is no ISO"), ("disks/upload", "iso", "a.img is an ISO: upload it to /api/isos/upload")],
)
async def test_something_else_is_not_kept(managed: Managed, path: str, format: str, said: str) -> None:
    asked, image = await sent(managed, path, "a.img", format=format)
    await managed.lets_go(Image, image.metadata.name)
    answer = await asked
    assert (answer.status_code, answer.json["error"]) == (400, said)
    assert not await managed.room.store.list(Image) and not await managed.room.store.list(Disk)


@pytest.mark.parametrize(("format", "of"), [("qcow2", "qcow2"), ("raw", "raw"), ("vmdk", "vmdk")])
async def test_a_disk(managed: Managed, format: str, of: str) -> None:
    asked, image = await sent(managed, "disks/upload", "my data.img", format=format)
    name = image.metadata.name
    made = await managed.once(Disk, name, lambda _: True)
    assert (made.spec.source.image.image_ref.name, made.spec.format) == (name, of)
    assert made.metadata.annotations[GIVEN_NAME] == "my data.img"
    await managed.is_there(name, path="/vm/data", conditions=[condition("Ready", "True")])
    answer = await asked
    assert answer.status_code == 201 and answer.json["disk"]["name"] == "my data.img" and answer.json["disk"]["info"]


async def test_of_one_whose_disk_is_refused_nothing_is_kept(managed: Managed, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise OverQuota("too many disks")

    monkeypatch.setattr(Disks, "make", refuse)
    asked, image = await sent(managed, "disks/upload", "a.img", format="qcow2")
    await managed.lets_go(Image, image.metadata.name)
    answer = await asked
    assert (answer.status_code, answer.json["error"]) == (403, "too many disks")
    assert not await managed.room.store.list(Image)


async def test_what_nobody_looked_at_in_time_is_answered_as_it_is(managed: Managed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PATIENCE", 0.05)
    answer = await managed.send("isos/upload", "a.iso", disk_of(4096))
    assert answer.status_code == 201 and answer.json["iso"]["name"] == "a.iso"


async def test_an_empty_file(managed: Managed) -> None:
    answer = await managed.send("isos/upload", "a.iso", b"")
    assert (answer.status_code, answer.json["error"]) == (400, "The file is empty")
    assert not await managed.room.store.list(Image)
