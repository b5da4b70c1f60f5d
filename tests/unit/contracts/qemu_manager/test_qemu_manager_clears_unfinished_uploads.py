"""An Image that was uploaded for a disk goes where the server was killed before it made the disk, or while it deleted that, and
so does one that was uploaded as an ISO and is none; all others stay."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from falcon.testing import Result

from homeostat.models.disk import Disk
from homeostat.models.image import Image, ImageStatus
from homeostat_contracts.qemu_manager.unfinished import SETTLES, Unfinished
from homeostat_contracts.qemu_manager.uploads import UNFINISHED
from tests.unit.contracts.qemu_manager.managed import Managed
from tests.unit.serving import condition, disk_of

A_MOMENT = timedelta(seconds=5)


async def sent(managed: Managed, path: str = "disks/upload") -> tuple[asyncio.Task[Result], Image]:
    """Uploads a file. Returns who waits for the answer, and the Image, which nobody has looked at yet."""
    asked = asyncio.create_task(managed.send(path, "a.img", disk_of(4096)))
    async with asyncio.timeout(5):
        while not (images := await managed.room.store.list(Image)):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return asked, images[0]


async def killed(managed: Managed, path: str = "disks/upload") -> Image:
    """Uploads a file to a server that ends before it knows what it is, and returns the Image."""
    asked, image = await sent(managed, path)
    asked.cancel()
    with suppress(asyncio.CancelledError):
        await asked
    return image


async def left(managed: Managed, image: Image, after: timedelta) -> set[str]:
    """Looks at what was left, that long after an Image was made, and returns which Images stay."""
    made = datetime.fromisoformat(image.metadata.creation_timestamp or "")
    await Unfinished(managed.service).look(made + after)
    return {one.metadata.name for one in await managed.room.store.list(Image) if not one.deleting}


async def test_it_goes_and_what_others_made_stays(managed: Managed) -> None:
    image = await killed(managed)
    await managed.iso("plain", format="qcow2")
    assert await left(managed, image, SETTLES - A_MOMENT) == {image.metadata.name, "plain"}
    assert await left(managed, image, SETTLES + A_MOMENT) == {"plain"}


async def test_one_that_somebody_made_a_disk_of_stays(managed: Managed) -> None:
    image = await killed(managed)
    await managed.desk.disks.make("other", {"source": {"image": {"imageRef": {"name": image.metadata.name}}}})
    name = image.metadata.name
    assert await left(managed, image, SETTLES + A_MOMENT) == {name}
    assert UNFINISHED not in (await managed.desk.images.get(name)).metadata.annotations  # it is theirs now


async def test_one_whose_disk_was_made_stays_and_is_finished(managed: Managed) -> None:
    image = await killed(managed)
    name = image.metadata.name
    await managed.desk.disks.make(name, {"source": {"image": {"imageRef": {"name": name}}}})
    assert await left(managed, image, SETTLES + A_MOMENT) == {name}
    assert UNFINISHED not in (await managed.desk.images.get(name)).metadata.annotations


async def test_what_was_uploaded_as_an_iso_goes_where_it_is_none(managed: Managed) -> None:
    image = await killed(managed, "isos/upload")
    assert await left(managed, image, SETTLES + A_MOMENT) == {image.metadata.name}, "nobody has looked at it"
    await looked_at(managed, image, "qcow2")
    assert await left(managed, image, SETTLES - A_MOMENT) == {image.metadata.name}
    assert not await left(managed, image, SETTLES + A_MOMENT)


async def test_an_iso_stays_and_is_finished(managed: Managed) -> None:
    image = await killed(managed, "isos/upload")
    await looked_at(managed, image, "iso")
    assert await left(managed, image, SETTLES + A_MOMENT) == {image.metadata.name}
    assert UNFINISHED not in (await managed.desk.images.get(image.metadata.name)).metadata.annotations


async def test_an_iso_that_was_answered_is_finished(managed: Managed) -> None:
    asked, image = await sent(managed, "isos/upload")
    await looked_at(managed, image, "iso")
    assert (await asked).status_code == 201
    assert UNFINISHED not in (await managed.desk.images.get(image.metadata.name)).metadata.annotations


async def looked_at(managed: Managed, image: Image, format: str) -> None:
    """Says what an Image is, as the operator does."""
    await managed.note(image, ImageStatus.model_validate({"phase": "Ready", "size": 4096, "format": format}))


async def made(managed: Managed) -> tuple[Image, str]:
    """Uploads a disk, which is made. Returns its Image, and its id."""
    asked, image = await sent(managed)
    name = image.metadata.name
    await looked_at(managed, image, "qcow2")
    await managed.once(Disk, name, lambda _: True)
    await managed.is_there(name, path="/vm/data", conditions=[condition("Ready", "True")])
    return image, (await asked).json["disk"]["id"]


async def gone(managed: Managed, name: str) -> None:
    """Has a Disk that is being deleted go."""
    disk = await managed.once(Disk, name, lambda disk: disk.deleting)
    await managed.room.store.release(disk.key, disk.metadata.uid)


async def test_an_upload_that_was_answered_is_finished(managed: Managed) -> None:
    image, _ = await made(managed)
    name = image.metadata.name
    await managed.desk.disks.delete(await managed.desk.disks.get(name))  # by our own API, which lets the Image be
    await gone(managed, name)
    assert await left(managed, image, SETTLES + A_MOMENT) == {name}


async def test_one_goes_whose_disk_was_too_slow_to_go(managed: Managed, hasty: None) -> None:
    image, id = await made(managed)
    assert (await managed.ask("DELETE", f"disks/{id}")).status_code == 500  # no operator lets it go in time
    assert await left(managed, image, SETTLES + A_MOMENT) == {image.metadata.name}
    await gone(managed, image.metadata.name)
    assert not await left(managed, image, SETTLES + A_MOMENT)
