"""Which uploads do not begin, and why."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from homeostat.driver.storage.images import uploads as files
from homeostat.driver.storage.images.uploads import Upload, UploadExists, UploadFolder
from homeostat.service.refusals import UploadRefused
from tests.unit.serving import MIB, Served
from tests.unit.store_fixtures import Room


@pytest.mark.parametrize(
    ("length", "why"),
    [(None, ""), (1, ""), (MIB, ""), (MIB + 1, "too_large"), (0, "not_an_image")],
)
async def test_the_length_is_judged_before_anything_is_sent(room: Room, length: int | None, why: str) -> None:
    served = Served(room)
    served.allowed.max_upload = MIB
    uploads = served.service().uploads
    if not why:
        assert (await uploads.begin("debian", length)).length == length
        return
    with pytest.raises(UploadRefused) as refused:
        await uploads.begin("debian", length)
    assert refused.value.why == why and await uploads.all() == []
    if why == "too_large":
        assert str(refused.value) == "the upload is too large (1.0 MiB); the most is 1.0 MiB"


async def test_a_file_that_would_be_of_no_use(room: Room) -> None:
    served = Served(room)
    served.allowed.uploads_elsewhere = "no operator is beside it"
    uploads = served.service().uploads
    with pytest.raises(UploadRefused, match="no operator") as refused:
        await uploads.begin("debian", 1000)
    assert refused.value.why == "elsewhere"


async def test_an_image_that_comes_from_elsewhere(room: Room) -> None:
    service = Served(room).service()
    await service.images.make("debian", {"source": {"url": "https://images.example.com/debian.qcow2"}})
    with pytest.raises(UploadRefused) as refused:
        await service.uploads.begin("debian", 1000)
    assert refused.value.why == "conflict"


async def test_another_one_is_under_way(room: Room) -> None:
    uploads = Served(room).service().uploads
    first = await uploads.begin("debian", 1000)
    with pytest.raises(UploadRefused, match="go on with that, or end it first") as refused:
        await uploads.begin("debian", 1000)
    assert (refused.value.why, refused.value.details) == ("conflict", {"name": "debian", "upload": first.id})
    assert await uploads.of("debian") == first and await uploads.of("other") is None
    await uploads.discard(first)
    assert (await uploads.begin("debian", 1000)).id != first.id


async def test_one_that_is_complete_and_has_no_image_makes_way(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = Served(room).service().uploads
    first = await uploads.begin("debian", 1000)
    complete = UploadFolder(room.state.root).judged(first, "ab" * 32, 1000)
    second = await uploads.begin("debian", 1000)
    assert [upload.id for upload in await uploads.all()] == [second.id] and second.id != first.id

    def full(folder: UploadFolder, upload: Upload, whole: bool) -> Any:
        raise UploadExists("there is one", complete)

    monkeypatch.setattr(UploadFolder, "begin", full)
    with pytest.raises(UploadRefused) as refused:  # somebody else is always faster
        await uploads.begin("debian", 1000)
    assert refused.value.why == "conflict"


@pytest.mark.parametrize(("what", "value", "why"), [("free", lambda folder: 999, "no_space"), ("MOST", 0, "busy")])
async def test_the_folder_has_no_room(room: Room, monkeypatch: pytest.MonkeyPatch, what: str, value: Any, why: str) -> None:
    uploads = Served(room).service().uploads
    monkeypatch.setattr(files if what == "MOST" else UploadFolder, what, value)
    with pytest.raises(UploadRefused) as refused:
        await uploads.begin("debian", 1000)
    assert refused.value.why == why


async def test_the_folder_cannot_be_written(room: Room) -> None:
    uploads = Served(room).service().uploads
    (room.state.root / "uploads").write_text("a file")
    with pytest.raises(UploadRefused) as refused:
        await uploads.begin("debian", 1000)
    assert refused.value.why == "failed"


async def test_what_it_says_of_itself_is_kept(room: Room) -> None:
    uploads = Served(room).service("lab").uploads
    begun = await uploads.begin("debian", 1000, "AB" * 32, "raw", "/srv/debian.raw")
    assert dataclasses.replace(begun, id="") == Upload("", "lab", "debian", 1000, "ab" * 32, "raw", "/srv/debian.raw")
    assert await uploads.find(begun.id) == begun
