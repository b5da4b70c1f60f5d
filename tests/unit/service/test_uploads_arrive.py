"""What arrives of an upload: what is kept of it, and what is refused."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, BinaryIO

import pytest

from homeostat.driver.errors import DriverError, NoSpace
from homeostat.driver.storage.formats.header import HEAD
from homeostat.driver.storage.images import uploads as files
from homeostat.driver.storage.images.local import BUFFER, write_sparse
from homeostat.driver.storage.images.uploads import Receive, Upload, UploadFolder, UploadWriter
from homeostat.service.files.uploads import ImageUploads
from homeostat.service.refusals import UploadRefused
from tests.unit.serving import MIB, Served, arriving, disk_of
from tests.unit.store_fixtures import Room


class Direct:
    """A body that a thread reads by itself. ``length``: what it says of itself."""

    def __init__(self, content: bytes) -> None:
        self.length, self._left = len(content), content

    async def run(self, work: Callable[[Receive], None]) -> None:
        work(self._receive)

    def _receive(self, buffer: memoryview) -> int:
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


Send = Callable[[ImageUploads, Upload, int, bytes], Any]


def in_parts(uploads: ImageUploads, upload: Upload, offset: int, content: bytes) -> Any:
    return uploads.append(upload, offset, arriving(content))


def directly(uploads: ImageUploads, upload: Upload, offset: int, content: bytes) -> Any:
    return uploads.append_direct(upload, offset, Direct(content))


BOTH = pytest.mark.parametrize("send", [in_parts, directly])
TEXT = b"no disk at all, but a text\n" * 4000


async def refused(sent: Any) -> UploadRefused:
    with pytest.raises(UploadRefused) as found:
        await sent
    return found.value


def kept(room: Room, upload: Upload) -> bytes | None:
    """Returns what is there of it. None: nothing is left, not even its record."""
    folder = UploadFolder(room.state.root)
    return folder.partial(upload).read_bytes() if folder.find(upload.id) else None


@BOTH
@pytest.mark.parametrize("length", [2 * MIB, None])
async def test_it_arrives_in_turns(room: Room, send: Send, length: int | None) -> None:
    uploads, content = Served(room).service().uploads, disk_of(2 * MIB)
    upload = await uploads.begin("debian", length)
    assert await send(uploads, upload, 0, content[:1000]) == 1000
    assert await send(uploads, upload, 1000, content[1000:HEAD]) == HEAD
    assert await uploads.offset(upload) == uploads.arrived(upload) == HEAD
    assert await send(uploads, upload, HEAD, content[HEAD:]) == 2 * MIB
    assert kept(room, upload) == content


@BOTH
@pytest.mark.parametrize("offset", [0, 999, 1001])
async def test_it_goes_on_from_where_it_is(room: Room, send: Send, offset: int) -> None:
    uploads, content = Served(room).service().uploads, disk_of(2000)
    upload = await uploads.begin("debian", 2000)
    await send(uploads, upload, 0, content[:1000])
    found = await refused(send(uploads, upload, offset, content[1000:]))
    assert (found.why, found.details) == ("offset", {"offset": 1000})
    assert kept(room, upload) == content[:1000]


@BOTH
@pytest.mark.parametrize(
    ("length", "most", "said", "stays"),
    [(HEAD, 4 * MIB, "goes beyond the 69632 bytes", True), (None, HEAD, "too large (more than 68.0 KiB)", False)],
)
async def test_more_arrives_than_may(room: Room, send: Send, length: int | None, most: int, said: str, stays: bool) -> None:
    """What came before stays where only the part goes beyond what was declared."""
    served = Served(room)
    served.allowed.max_upload = most
    uploads, content = served.service().uploads, disk_of(HEAD)
    whole = await uploads.begin("whole", length)
    await send(uploads, whole, 0, content[:600])
    assert await send(uploads, whole, 600, content[600:]) == HEAD
    for name, first, more in (("at-once", b"", TEXT[: HEAD + 1]), ("later", content[:600], content[599:])):
        upload = await uploads.begin(name, length)
        if first:
            await send(uploads, upload, 0, first)
        found = await refused(send(uploads, upload, len(first), more))
        assert found.why == "too_large" and said in str(found)
        assert kept(room, upload) == (first if stays else None)


@BOTH
@pytest.mark.parametrize(("length", "at_once"), [(2000, 2000), (len(TEXT), HEAD), (None, HEAD)])
async def test_what_is_no_image_is_refused_once_its_head_is_there(
    room: Room, send: Send, length: int | None, at_once: int
) -> None:
    uploads = Served(room).service().uploads
    upload = await uploads.begin("debian", length)
    found = await refused(send(uploads, upload, 0, TEXT[:at_once]))
    assert found.why == "not_an_image" and "nothing of it was kept" in str(found)
    assert kept(room, upload) is None


async def test_what_is_no_image_is_refused_however_small_its_parts_are(room: Room) -> None:
    uploads = Served(room).service().uploads
    upload = await uploads.begin("debian", len(TEXT))
    assert await uploads.append(upload, 0, arriving(TEXT[: HEAD - 1])) == HEAD - 1
    assert (await refused(uploads.append(upload, HEAD - 1, arriving(TEXT[HEAD - 1 : HEAD])))).why == "not_an_image"


async def test_the_head_is_read_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    heads, head = [], UploadWriter.head

    def counted(writer: UploadWriter, size: int) -> bytes:
        heads.append(writer.offset)
        return head(writer, size)

    monkeypatch.setattr(UploadWriter, "head", counted)
    uploads, content = Served(room).service().uploads, disk_of(2 * HEAD)
    for name, send in (("parts", in_parts), ("direct", directly)):
        upload = await uploads.begin(name, 2 * HEAD)
        await send(uploads, upload, 0, content[:HEAD])
        await send(uploads, upload, HEAD, content[HEAD:])
    assert heads == [HEAD, HEAD]


@pytest.mark.parametrize(("algorithm", "right"), [("sha256", True), ("sha1", True), ("md5", True), ("sha256", False)])
async def test_a_part_has_the_checksum_that_was_said(room: Room, algorithm: str, right: bool) -> None:
    uploads, content = Served(room).service().uploads, disk_of(2000)
    upload = await uploads.begin("debian", 2000)
    await uploads.append(upload, 0, arriving(content[:1000]))
    digest = hashlib.new(algorithm, content[1000:1500] if right else b"other").digest()
    sent = uploads.append(upload, 1000, arriving(content[1000:1200], content[1200:1500]), (algorithm, digest))
    if right:
        assert await sent == 1500 and kept(room, upload) == content[:1500]
        return
    found = await refused(sent)
    assert found.why == "part_checksum" and "does not have the sha256" in str(found)
    assert kept(room, upload) == content[:1000] and await uploads.offset(upload) == 1000


async def test_a_checksum_that_nobody_knows(room: Room) -> None:
    uploads = Served(room).service().uploads
    upload = await uploads.begin("debian", 2000)
    assert (await refused(uploads.append(upload, 0, arriving(b"x"), ("crc32", b"1234")))).why == "failed"
    assert kept(room, upload) == b""


async def test_what_has_arrived_stays_when_the_connection_breaks(room: Room) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield content[:BUFFER]
        yield content[BUFFER : BUFFER + 500]
        raise ConnectionError

    uploads, content = Served(room).service().uploads, disk_of(2 * MIB)
    upload = await uploads.begin("debian", 2 * MIB)
    with pytest.raises(ConnectionError):
        await uploads.append(upload, 0, broken())
    assert kept(room, upload) == content[: BUFFER + 500]


@pytest.mark.parametrize("size", [600, BUFFER, 3 * BUFFER])
async def test_a_disk_that_is_full(room: Room, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    tries, add = [], UploadWriter.add

    def full_at_first(writer: UploadWriter, content: bytes) -> None:
        tries.append(threading.current_thread())
        if len(tries) == 1:
            raise NoSpace("the disk is full")
        add(writer, content)

    monkeypatch.setattr(UploadWriter, "add", full_at_first)
    uploads = Served(room).service().uploads
    upload = await uploads.begin("debian", size)
    content = disk_of(size)
    found = await refused(uploads.append(upload, 0, arriving(*(content[at : at + BUFFER] for at in range(0, size, BUFFER)))))
    assert (found.why, found.details) == ("no_space", {"offset": 0}) and str(found).startswith("the disk is full. ")
    assert kept(room, upload) == b"" and len(tries) == 1


class Failing:
    """A disk that takes ``takes`` writes more, and then fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, takes: int) -> None:
        self._number, self._takes = number, takes
        monkeypatch.setattr(files, "write_sparse", self)

    def __call__(self, file: BinaryIO, content: memoryview) -> None:
        if self._takes == 0:
            write_sparse(file, content[: len(content) // 2])  # as the kernel does with the last room
            raise OSError(self._number, "the disk fails")
        self._takes -= 1
        write_sparse(file, content)


FAILURES = pytest.mark.parametrize(
    ("number", "why"), [(errno.ENOSPC, "no_space"), (errno.EDQUOT, "no_space"), (errno.EIO, "failed")]
)


@BOTH
@FAILURES
@pytest.mark.parametrize("before", [0, HEAD, BUFFER + 1000])
async def test_a_part_that_cannot_be_written_costs_that_part_alone(
    room: Room, monkeypatch: pytest.MonkeyPatch, send: Send, number: int, why: str, before: int
) -> None:
    uploads, content = Served(room).service().uploads, disk_of(4 * MIB)
    upload = await uploads.begin("debian", 4 * MIB)
    if before:
        await send(uploads, upload, 0, content[:before])
    with monkeypatch.context() as patched:
        Failing(patched, number, 1)
        found = await refused(send(uploads, upload, before, content[before:]))
    assert found.why == why
    if why == "no_space":
        assert f"so go on from {before}" in str(found) and found.details == {"offset": before}
    assert kept(room, upload) == content[:before] and await uploads.offset(upload) == before
    assert await send(uploads, upload, before, content[before:]) == 4 * MIB
    assert (await uploads.finish(upload)).spec.source.sha256 == hashlib.sha256(content).hexdigest()


@BOTH
@FAILURES
async def test_what_comes_in_one_request_leaves_the_space_to_guests(
    room: Room, monkeypatch: pytest.MonkeyPatch, send: Send, number: int, why: str
) -> None:
    uploads, content = Served(room).service().uploads, disk_of(4 * MIB)
    upload = await uploads.begin("debian", 4 * MIB, whole=True)
    Failing(monkeypatch, number, 2)
    found = await refused(send(uploads, upload, 0, content))
    assert found.why == why and "go on from" not in str(found) and kept(room, upload) is None
    assert not UploadFolder(room.state.root).partial(upload).exists()


@BOTH
async def test_what_cannot_be_taken_back_is_removed(room: Room, monkeypatch: pytest.MonkeyPatch, send: Send) -> None:
    def stuck(writer: UploadWriter, offset: int) -> None:
        raise DriverError("the disk is broken")

    uploads, content = Served(room).service().uploads, disk_of(2 * MIB)
    upload = await uploads.begin("debian", 2 * MIB)
    await send(uploads, upload, 0, content[:HEAD])
    Failing(monkeypatch, errno.EIO, 0)
    monkeypatch.setattr(UploadWriter, "back_to", stuck)
    assert (await refused(send(uploads, upload, HEAD, content[HEAD:]))).why == "failed"
    assert kept(room, upload) is None and not UploadFolder(room.state.root).partial(upload).exists()


@BOTH
async def test_two_do_not_write_at_once(room: Room, send: Send) -> None:
    uploads = Served(room).service().uploads
    upload = await uploads.begin("debian", 2000)
    with UploadFolder(room.state.root).writing(upload):
        assert (await refused(send(uploads, upload, 0, b"x"))).why == "busy"
        assert (await refused(uploads.discard(upload))).why == "busy"
    await uploads.discard(upload)
    assert kept(room, upload) is None
