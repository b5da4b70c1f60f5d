"""How a whole upload becomes an Image, and what keeps it from that."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from homeostat.driver.storage.images.uploads import Upload, UploadFolder
from homeostat.models.image import Image
from homeostat.service.files import uploads as module
from homeostat.service.files.uploads import ImageUploads
from homeostat.service.kinds.images import Images
from homeostat.service.refusals import UploadRefused
from homeostat.service.service import Service
from tests.unit.serving import Served, arriving, disk_of
from tests.unit.store_fixtures import Room

CONTENT = disk_of(3000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def record(room: Room, upload: Upload) -> Upload | None:
    return UploadFolder(room.state.root).find(upload.id)


def cached(room: Room) -> list[bytes]:
    found = (path for path in (room.state.root / "images").glob("*") if not path.name.endswith(".json"))
    return [path.read_bytes() for path in found]


async def whole(service: Service, length: int | None = 3000, **more: Any) -> Upload:
    upload = await service.uploads.begin("debian", length, **more)
    await service.uploads.append(upload, 0, arriving(CONTENT))
    return upload


@pytest.mark.parametrize("length", [3000, None])
@pytest.mark.parametrize("sha256", ["", SHA256])
async def test_it_lies_in_the_cache_and_is_written_down(room: Room, length: int | None, sha256: str) -> None:
    service = Served(room).service()
    upload = await whole(service, length, sha256=sha256)
    image = await service.uploads.finish(upload)
    assert image.spec.source.sha256 == SHA256 and image.spec.source.upload is not None and image.spec.format is None
    assert cached(room) == [CONTENT] and (room.state.root / "images").stat().st_mode & 0o777 == 0o700
    done = record(room, upload)
    assert done is not None and done.done and (done.found, done.length) == (SHA256, 3000)
    assert not UploadFolder(room.state.root).partial(upload).exists()
    assert await service.uploads.all() == [] and await service.uploads.offset(done) == service.uploads.arrived(done) == 3000
    with pytest.raises(UploadRefused) as refused:
        await service.uploads.append(done, 3000, arriving(b""))
    assert (refused.value.why, refused.value.details) == ("offset", {"offset": 3000})


async def test_who_asks_how_far_it_is_gets_it_made(room: Room) -> None:
    service = Served(room).service()
    upload = await whole(service)
    assert service.uploads.arrived(upload) == 3000 and await service.images.find("debian") is None
    assert await service.uploads.offset(upload) == 3000
    assert (await service.images.get("debian")).spec.source.sha256 == SHA256


async def test_it_goes_on_where_it_was_killed(room: Room) -> None:
    service = Served(room).service()
    judged = UploadFolder(room.state.root).judged(await whole(service), SHA256, 3000)
    assert service.uploads.arrived(judged) == await service.uploads.offset(judged) == 3000
    assert (await service.images.get("debian")).spec.source.sha256 == SHA256 and cached(room) == [CONTENT]


async def test_its_format_is_written_down(room: Room) -> None:
    service = Served(room).service()
    kernel = b"a kernel"
    for name in ("kernel", "initramfs"):  # the folder of the cache is there by then
        upload = await service.uploads.begin(name, len(kernel), format="raw")
        await service.uploads.append(upload, 0, arriving(kernel))
        assert (await service.uploads.finish(upload)).spec.format == "raw"


@pytest.mark.parametrize(
    ("length", "sha256", "content", "why"),
    [(3000, "ab" * 32, CONTENT, "checksum"), (None, "", b"", "not_an_image"), (None, "", b"a text", "not_an_image")],
)
async def test_what_is_refused_leaves_nothing(room: Room, length: int | None, sha256: str, content: bytes, why: str) -> None:
    service = Served(room).service()
    upload = await service.uploads.begin("debian", length, sha256)
    await service.uploads.append(upload, 0, arriving(content))
    with pytest.raises(UploadRefused) as refused:
        await service.uploads.finish(upload)
    assert refused.value.why == why and record(room, upload) is None
    assert await service.images.find("debian") is None and cached(room) == []


async def test_what_the_image_does_not_ask_for_leaves_nothing(room: Room) -> None:
    service = Served(room).service()
    await service.images.make("debian", {"source": {"upload": {}, "sha256": "ab" * 32}})
    upload = await whole(service)
    with pytest.raises(UploadRefused, match="asks for another file") as refused:
        await service.uploads.finish(upload)
    assert refused.value.why == "checksum" and record(room, upload) is None


class Counted:
    """Counts how often the hash of a whole file is computed at the end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self._really = 0, module.sha256_of
        monkeypatch.setattr(module, "sha256_of", self)

    def __call__(self, path: Any) -> str:
        self.count += 1
        return self._really(path)


async def made(uploads: ImageUploads, upload: Upload) -> Image:
    image = await uploads.finish(upload)
    assert image.spec.source.sha256 == SHA256
    return image


async def test_the_hash_is_computed_while_it_arrives(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, counted = Served(room).service().uploads, Counted(monkeypatch)
    upload = await uploads.begin("debian", 3000)
    for start in range(0, 3000, 1000):
        await uploads.append(upload, start, arriving(CONTENT[start : start + 1000]))
    await made(uploads, upload)
    assert counted.count == 0


async def test_what_another_server_wrote_is_hashed_at_the_end(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    served, counted = Served(room), Counted(monkeypatch)
    ours, others = served.service().uploads, served.service().uploads
    upload = await ours.begin("debian", 3000)
    for uploads, start in ((ours, 0), (others, 1000), (ours, 2000)):
        await uploads.append(upload, start, arriving(CONTENT[start : start + 1000]))
    await made(ours, upload)
    assert counted.count == 1


async def test_so_many_hashes_are_remembered(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, counted = Served(room).service().uploads, Counted(monkeypatch)
    monkeypatch.setattr(module, "HASHES", 2)
    begun = [await uploads.begin(name, 3000) for name in ("first", "second", "third")]
    for upload in begun:
        await uploads.append(upload, 0, arriving(CONTENT))
    for upload in reversed(begun):
        await made(uploads, upload)
    assert counted.count == 1


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ({"upload": {}}, ""),
        ({"upload": {}, "sha256": SHA256}, ""),
        ({"upload": {}, "sha256": "ab" * 32}, "asks for another file: its SHA-256 is .*, not abab"),
        ({"url": "https://images.example.com/a"}, "not what its url names"),
        ({"url": "https://images.example.com/a", "sha256": SHA256}, "not " + SHA256),
    ],
)
async def test_an_image_that_was_declared_before(room: Room, source: dict[str, Any], refusal: str) -> None:
    images: Images = Served(room).service().images
    await images.make("debian", {"source": source})
    if refusal:
        with pytest.raises(UploadRefused, match=refusal) as refused:
            await images.uploaded("debian", SHA256, "")
        assert refused.value.why == "checksum"
    else:
        assert (await images.uploaded("debian", SHA256, "")).spec.source.sha256 == SHA256
