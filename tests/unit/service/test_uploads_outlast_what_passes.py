"""An upload that is complete, where its Image cannot be written down: what may pass costs nothing, what lasts ends it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.errors import DatabaseTrouble
from homeostat.driver.errors import NoSpace
from homeostat.driver.storage.images import cache
from homeostat.driver.storage.images.uploads import EXPIRES, Upload, UploadFolder
from homeostat.models.base import Key
from homeostat.models.image import Image
from homeostat.service.files.uploads import ImageUploads
from homeostat.service.kinds.images import Images
from homeostat.service.refusals import BeingDeleted, OverQuota, UploadRefused
from homeostat.store.errors import AlreadyExists, Conflict, Denied, Invalid, ReadOnly, StateError, StoreError
from homeostat.store.kubernetes.errors import ClusterUnavailable
from tests.unit.serving import Served, arriving, disk_of
from tests.unit.store_fixtures import Room

CONTENT = disk_of(3000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
KEY = Key(Image.KIND, "default", "debian")
PASSES = [
    ReadOnly("no space left on device"), StateError("the state folder is in use"), ClusterUnavailable("no answer"),
    Conflict(KEY, "1", "2"), DatabaseTrouble("it is locked"), OSError("odd"),
]  # fmt: skip
LASTS = [AlreadyExists(KEY), Denied("RBAC"), Invalid([]), OverQuota("too many"), BeingDeleted(Image, "debian")]
by_class = pytest.mark.parametrize("error", PASSES, ids=lambda error: type(error).__name__)


def record(room: Room, upload: Upload) -> Upload | None:
    return UploadFolder(room.state.root).find(upload.id)


def kept(room: Room, upload: Upload) -> bytes | None:
    partial = UploadFolder(room.state.root).partial(upload)
    return partial.read_bytes() if partial.exists() else None


def cached(room: Room) -> list[bytes]:
    """Returns what is in the cache: no note of any image may be left there, either."""
    found = sorted((room.state.root / "images").glob("*"))
    images = [path for path in found if path.suffix == ".img"]
    assert len(found) == 2 * len(images), found
    return [path.read_bytes() for path in images]


async def whole(uploads: ImageUploads, name: str = "debian", **more: Any) -> Upload:
    upload = await uploads.begin(name, 3000, **more)
    await uploads.append(upload, 0, arriving(CONTENT))
    return upload


def failing(patched: pytest.MonkeyPatch, error: Exception) -> None:
    async def uploaded(*_: Any) -> Image:
        raise error

    patched.setattr(Images, "uploaded", uploaded)


@by_class
@pytest.mark.parametrize("way", ["empty part", "question"])
async def test_what_may_pass_costs_nothing(room: Room, monkeypatch: pytest.MonkeyPatch, error: Exception, way: str) -> None:
    uploads = Served(room).service().uploads
    upload = await whole(uploads)
    os.utime(UploadFolder(room.state.root).partial(upload), (1000, 1000))
    for _ in range(2):
        with monkeypatch.context() as patched, pytest.raises(type(error)):
            failing(patched, error)
            await uploads.finish(upload)
        assert kept(room, upload) == CONTENT and cached(room) == []
    known = await uploads.find(upload.id)
    assert [one.id for one in await uploads.all()] == [upload.id] and uploads.arrived(known) == 3000
    assert uploads.expires(known) == 1000 + EXPIRES, "a day after its last byte"
    if way == "question":
        assert await uploads.offset(known) == 3000
    else:
        assert await uploads.append(known, 3000, arriving(b"")) == 3000
        await uploads.finish(known)
    assert cached(room) == [CONTENT] and kept(room, upload) is None and await uploads.all() == []
    image = await Served(room).service().images.get("debian")
    assert image.spec.source.sha256 == SHA256


async def test_more_is_not_added_to_what_is_complete(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = Served(room).service().uploads
    upload = await whole(uploads)
    with monkeypatch.context() as patched, pytest.raises(ReadOnly):
        failing(patched, ReadOnly("full"))
        await uploads.finish(upload)
    known = await uploads.find(upload.id)
    for offset, part, why in ((3000, b"x", "too_large"), (2000, CONTENT[2000:], "offset")):
        with pytest.raises(UploadRefused) as refused:
            await uploads.append(known, offset, arriving(part))
        assert refused.value.why == why and refused.value.details["offset"] == 3000
    assert kept(room, upload) == CONTENT


@pytest.mark.parametrize("error", LASTS, ids=lambda error: type(error).__name__)
async def test_what_lasts_leaves_nothing(room: Room, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    uploads = Served(room).service().uploads
    upload = await whole(uploads)
    failing(monkeypatch, error)
    with pytest.raises(type(error)):
        await uploads.finish(upload)
    assert record(room, upload) is None and kept(room, upload) is None and cached(room) == []


@by_class
async def test_of_one_request_nothing_is_left(room: Room, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    uploads = Served(room).service().uploads
    upload = await whole(uploads, whole=True)
    failing(monkeypatch, error)
    with pytest.raises(type(error)):
        await uploads.finish(upload)
    assert record(room, upload) is None and kept(room, upload) is None and cached(room) == []


@pytest.mark.parametrize("other", ["an image", "an upload", "a file"])
async def test_what_others_have_stays_in_the_cache(room: Room, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    served = Served(room)
    uploads = served.service().uploads
    if other == "an image":  # which was declared where the file is known, and has none here yet
        await served.service("lab").images.make("debian", {"source": {"upload": {}, "sha256": SHA256}})
    if other == "an upload":
        second = await whole(uploads, "second")
        UploadFolder(room.state.root).judged(second, SHA256, 3000)
    if other == "a file":
        third = await whole(uploads, "third")
        await uploads.finish(third)
        UploadFolder(room.state.root).discard(third)
    upload = await whole(uploads)
    with monkeypatch.context() as patched, pytest.raises(ReadOnly):
        failing(patched, ReadOnly("full"))
        await uploads.finish(upload)
    assert cached(room) == [CONTENT] and kept(room, upload) is None
    known = await uploads.find(upload.id)
    assert uploads.expires(known) > 1e9 and uploads.arrived(known) == 3000
    await uploads.finish(known)
    assert (await served.service().images.get("debian")).spec.source.sha256 == SHA256


async def test_images_that_cannot_be_asked_keep_the_file(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: Any) -> bool:
        raise StoreError("the index is damaged")

    uploads = Served(room).service().uploads
    upload = await whole(uploads)
    failing(monkeypatch, ReadOnly("full"))
    monkeypatch.setattr(Images, "is_file_of_any", unknown)
    with pytest.raises(ReadOnly):
        await uploads.finish(upload)
    assert cached(room) == [CONTENT] and record(room, upload) is not None


async def test_a_cache_without_space_gives_the_file_back(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise NoSpace("the disk is full")

    uploads = Served(room).service().uploads
    upload = await whole(uploads)
    with monkeypatch.context() as patched, pytest.raises(UploadRefused) as refused:
        patched.setattr(cache, "write_note", full)
        await uploads.finish(upload)
    assert refused.value.why == "no_space" and kept(room, upload) == CONTENT and cached(room) == []
    assert await uploads.offset(await uploads.find(upload.id)) == 3000 and cached(room) == [CONTENT]


async def test_a_file_that_has_gone_from_the_cache_makes_no_image(room: Room) -> None:
    uploads = Served(room).service().uploads
    upload = await whole(uploads)
    judged = UploadFolder(room.state.root).judged(upload, SHA256, 3000)
    UploadFolder(room.state.root).partial(upload).unlink()
    with pytest.raises(UploadRefused, match="has gone: send it again") as refused:
        await uploads.offset(judged)
    assert refused.value.why == "not_found" and record(room, upload) is None


async def test_two_do_not_finish_it(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    served, really, begun, go = Served(room), Images.uploaded, asyncio.Event(), asyncio.Event()
    asked: list[str] = []

    async def slow(images: Images, name: str, *more: Any) -> Image:
        asked.append(name)
        begun.set()
        await go.wait()
        return await really(images, name, *more)

    monkeypatch.setattr(Images, "uploaded", slow)
    ours, others = served.service().uploads, served.service().uploads
    upload = await whole(ours)
    first = asyncio.create_task(ours.finish(upload))
    await begun.wait()
    known = await others.find(upload.id)
    for act in (others.finish(upload), others.offset(known), others.discard(known), others.begin("debian", 3000)):
        with pytest.raises(UploadRefused) as refused:
            await act
        assert refused.value.why == "busy"
    go.set()
    made = await first
    assert (await others.finish(known)).metadata.uid == made.metadata.uid and asked == ["debian"]
    with pytest.raises(UploadRefused) as refused:
        await others.discard(await others.find(upload.id))
    assert refused.value.why == "not_found" and cached(room) == [CONTENT]


async def test_one_that_was_judged_meanwhile_is_not_judged_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where another server noted so just before this one took the lock."""
    uploads = Served(room).service().uploads
    upload, folder = await whole(uploads), UploadFolder(room.state.root)
    finds, find = [], UploadFolder.find

    def behind(self: UploadFolder, id: str) -> Upload | None:
        finds.append(id)
        found = find(self, id)
        if len(finds) == 1:
            folder.judged(upload, SHA256, 3000)
        return found

    def judged(*_: Any) -> None:
        raise AssertionError("judged again")

    monkeypatch.setattr(UploadFolder, "find", behind)
    with monkeypatch.context() as patched:
        really = UploadFolder.judged
        patched.setattr(UploadFolder, "judged", lambda *given: really(*given) if len(finds) == 1 else judged())
        assert (await uploads.finish(upload)).spec.source.sha256 == SHA256


async def unwritten(room: Room, monkeypatch: pytest.MonkeyPatch) -> tuple[ImageUploads, Upload]:
    """One that is complete, and whose Image could not be written."""
    uploads = Served(room).service().uploads
    upload = await whole(uploads)
    failing(monkeypatch, ReadOnly("full"))
    with pytest.raises(ReadOnly):
        await uploads.finish(upload)
    return uploads, upload


async def test_it_can_be_ended(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, upload = await unwritten(room, monkeypatch)
    await uploads.discard(await uploads.find(upload.id))
    assert record(room, upload) is None and kept(room, upload) is None and cached(room) == []
    with pytest.raises(UploadRefused) as refused:
        await uploads.finish(upload)
    assert refused.value.why == "not_found"


async def test_it_makes_no_way_for_others(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, upload = await unwritten(room, monkeypatch)
    monkeypatch.setattr(ImageUploads, "_may", lambda *_: False)
    with pytest.raises(UploadRefused, match=r"2\.9 KiB of 2\.9 KiB are there") as refused:
        await uploads.begin("debian", 3000)
    assert refused.value.why == "conflict" and "upload" not in refused.value.details and kept(room, upload) == CONTENT


def test_it_expires_by_its_record_where_its_file_is_in_the_cache(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    upload = folder.begin(Upload("", "default", "debian", 3000))
    assert folder.expires(upload) == folder.partial(upload).stat().st_mtime + EXPIRES
    folder.partial(upload).unlink()
    assert folder.expires(upload) == (folder.folder / f"{upload.id}.json").stat().st_mtime + EXPIRES
