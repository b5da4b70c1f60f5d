"""Truncated, archived, encrypted, encoded: refused at import with what to do, and asked for again where that can help."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import lzma
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import ImagePhase, ObservedImage
from tests.unit.images import Answer, ImageServer, blob, fetch, qcow2, serving

CLOCK = [1000.0]


@pytest.fixture(scope="module")
def server() -> Iterator[ImageServer]:
    with serving() as server:
        yield server


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path / "state", None, clock=lambda: CLOCK[0])
    yield storage
    await storage.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Images of each format with contents in every cluster."""
    folder, made = tmp_path_factory.mktemp("whole"), {}
    (folder / "raw").write_bytes(hashlib.shake_256(b"contents").digest(3 * 2**20))
    for name, options in {
        "qcow2": ["-O", "qcow2"],
        "compressed": ["-c", "-O", "qcow2"],
        "old": ["-O", "qcow2", "-o", "compat=0.10"],
        "vmdk": ["-O", "vmdk"],
        "stream": ["-O", "vmdk", "-o", "subformat=streamOptimized"],
    }.items():
        subprocess.run(["qemu-img", "convert", *options, folder / "raw", folder / name], check=True)
        made[name] = (folder / name).read_bytes()
    return made


async def local(storage: Storage, tmp_path: Path, content: bytes, format: str | None = None) -> ObservedImage:
    path = tmp_path / f"{hashlib.sha256(content).hexdigest()[:8]}.img"
    path.write_bytes(content)
    before = set(tmp_path.glob("state/images/*.img*"))
    found = await fetch(storage, ImageRef(str(path), format=format), tmp_path / "state")
    if found.phase is ImagePhase.FAILED:
        assert set(tmp_path.glob("state/images/*.img*")) == before, "it is thrown away"
    return found


def refused(found: ObservedImage, *says: str) -> None:
    assert found.phase is ImagePhase.FAILED and found.permanent, found
    assert all(word in found.error for word in says), found.error


@pytest.mark.parametrize("kind", ["qcow2", "compressed", "old", "vmdk", "stream"])
async def test_br07_an_image_cut_in_the_middle(storage: Storage, tmp_path: Path, whole: dict[str, bytes], kind: str) -> None:
    content = whole[kind]
    assert (await local(storage, tmp_path, content)).phase is ImagePhase.READY
    for part in (content[: len(content) // 2], content[: len(content) * 9 // 10]):
        found = await local(storage, tmp_path, part)
        assert found.phase is ImagePhase.FAILED and found.permanent
        assert "ends before its contents do" in found.error or "is no usable" in found.error, found.error


async def test_br07_how_much_there_is_is_said(storage: Storage, tmp_path: Path, whole: dict[str, bytes]) -> None:
    refused(await local(storage, tmp_path, whole["qcow2"][: 2**20]), "ends before its contents do: 1.0 MiB of 3.3 MiB")


async def test_br07_a_damaged_image_is_no_truncated_one(storage: Storage, tmp_path: Path, whole: dict[str, bytes]) -> None:
    content = bytearray(whole["qcow2"])
    (table,) = struct.unpack_from(">Q", content, 48)  # of refcounts
    (block,) = struct.unpack_from(">Q", content, table)
    content[block : block + 64] = bytes(64)
    refused(await local(storage, tmp_path, bytes(content)), "is damaged")


async def test_leaks_are_no_damage(storage: Storage, tmp_path: Path, whole: dict[str, bytes]) -> None:
    content = bytearray(whole["qcow2"].ljust(-(-len(whole["qcow2"]) // 65536) * 65536, b"\0"))
    (table,) = struct.unpack_from(">Q", content, 48)
    (block,) = struct.unpack_from(">Q", content, table)
    struct.pack_into(">H", content, block + 2 * (len(content) // 65536), 1)
    found = await local(storage, tmp_path, bytes(content) + bytes(65536))
    assert found.phase is ImagePhase.READY, found.error


async def test_more_than_the_server_said_is_not_taken(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    part = {"Content-Range": "bytes 0-99/100"}
    server.answer = lambda path, seen: Answer(blob(), status=206, headers=part, length=-1)
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path / "state")
    assert found.phase is ImagePhase.FAILED and "having said 100 B" in found.error


@pytest.mark.parametrize("kind", ["qcow2", "stream"])
async def test_br07_a_server_without_a_length_that_hangs_up_is_asked_again(
    server: ImageServer, storage: Storage, tmp_path: Path, whole: dict[str, bytes], kind: str
) -> None:
    cut, count = whole[kind][: 2**20], len(server.seen)
    server.answer = lambda path, seen: Answer(cut if seen == count + 1 else whole[kind], length=-1, cut=2**30)
    ref = ImageRef(f"{server.url}/disk.qcow2")
    found = await fetch(storage, ref, tmp_path / "state")
    assert found.phase is ImagePhase.FAILED and not found.permanent
    assert "it is fetched again" in found.error
    found = await fetch_again(storage, ref, tmp_path)
    assert found.phase is ImagePhase.READY, found.error
    assert found.path and Path(found.path).read_bytes() == whole[kind]
    assert "Range" not in server.seen[-1]


async def fetch_again(storage: Storage, ref: ImageRef, tmp_path: Path) -> ObservedImage:
    CLOCK[0] += 61
    return await fetch(storage, ref, tmp_path / "state")


async def test_br07_a_file_that_is_cut_on_its_server_is_refused(
    server: ImageServer, storage: Storage, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    server.answer = lambda path, seen: Answer(whole["qcow2"][: 2**20])
    refused(await fetch(storage, ImageRef(f"{server.url}/disk.qcow2"), tmp_path / "state"), "ends before its contents do")


def iso(blocks: int, size: int) -> bytes:
    head = bytearray(size)
    head[32769:32774], head[32768 + 80 : 32768 + 84] = b"CD001", struct.pack("<I", blocks)
    return bytes(head)


def mbr(sectors: int, size: int) -> bytes:
    head = bytearray(blob(size))
    head[446:512] = struct.pack("<B3xB3xII", 0x80, 0x83, 2048, sectors).ljust(64, b"\0") + b"\x55\xaa"
    return bytes(head)


def gpt(last: int, size: int) -> bytes:
    head = bytearray(mbr(1, size))
    head[512:560] = b"EFI PART".ljust(48, b"\0")
    head[560:568] = struct.pack("<Q", last)
    return bytes(head)


@pytest.mark.parametrize(
    "make", [lambda n: iso(n // 2048, 2**20), lambda n: mbr(n // 512 - 2048, 2**21), lambda n: gpt(n // 512 - 1, 2**20)]
)
async def test_br07_raw_disks_and_cds_by_their_own_words(storage: Storage, tmp_path: Path, make: object) -> None:
    fits = make(2**20)  # type: ignore[operator]
    assert (await local(storage, tmp_path, fits)).phase is ImagePhase.READY
    longer = make(2**22)  # type: ignore[operator]
    refused(
        await local(storage, tmp_path, longer), "ends before its contents do", "of 4.0 MiB are there; export or upload it again"
    )
    assert (await local(storage, tmp_path, longer, "raw")).phase is ImagePhase.READY, "raw is taken as it is"
    pinned = tmp_path / "pinned.img"
    pinned.write_bytes(longer)
    ref = ImageRef(str(pinned), hashlib.sha256(longer).hexdigest())
    assert (await fetch(storage, ref, tmp_path / "state")).phase is ImagePhase.READY, "it is as it was published"


def tar(format: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name in ("appliance.ovf", "disk.vmdk"):
            entry = tarfile.TarInfo(name)
            entry.size = 4096
            archive.addfile(entry, io.BytesIO(blob(4096)))
    return out.getvalue()


def old_tar() -> bytes:
    """As before POSIX: no magic."""
    content = bytearray(tar(tarfile.USTAR_FORMAT))
    content[257:265] = bytes(8)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    return bytes(content)


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("disk.img", blob())
    return out.getvalue()


@pytest.mark.parametrize("content", [tar(), tar(tarfile.USTAR_FORMAT), tar(tarfile.PAX_FORMAT), old_tar()])
async def test_br08_a_tar_is_no_disk(storage: Storage, tmp_path: Path, content: bytes) -> None:
    refused(await local(storage, tmp_path, content), "is a tar archive (an OVA or a Vagrant box?)", "give the disk in it")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (gzip.compress(tar()), "a gzip archive in which there is a tar archive; unpack all of it (gunzip, then tar -xf)"),
        (gzip.compress(gzip.compress(blob())), "a gzip archive in which there is a gzip archive"),
        (gzip.compress(gzip.compress(gzip.compress(blob()))), "(gunzip, then gunzip, then gunzip)"),
        (lzma.compress(tar()), "a xz archive in which there is a tar archive"),
        (bz2.compress(lzma.compress(tar())), "(bunzip2, then unxz, then tar -xf)"),
        (gzip.compress(zipped()), "in which there is a zip archive"),
        (gzip.compress(blob()), "is a gzip archive; unpack it first (gunzip) and give the unpacked image"),
        (gzip.compress(blob())[:9] + bytes(9000), "is a gzip archive"),
        (zipped(), "is a zip archive"),
        (b"Rar!\x1a\x07\x01\0" + blob(), "is a rar archive"),
        (b"070701" + b"0" * 104 + blob(), "is a cpio archive"),
        (b"\xed\xab\xee\xdb\3\0" + blob(), "is a rpm archive"),
        (b"!<arch>\ndebian-binary" + blob(), ".deb package"),
        (b"\x04\x22\x4d\x18" + blob(), "is a lz4 archive"),
    ],
)
async def test_br08_archives_in_archives(storage: Storage, tmp_path: Path, content: bytes, says: str) -> None:
    refused(await local(storage, tmp_path, content), says)


@pytest.mark.parametrize(("method", "says"), [(1, "(AES)"), (2, "(LUKS)"), (7, "an unknown way")])
async def test_br09_an_encrypted_qcow2(storage: Storage, tmp_path: Path, method: int, says: str) -> None:
    content = bytearray(qcow2().ljust(2**18, b"\0"))
    content[32:36] = struct.pack(">I", method)
    found = await local(storage, tmp_path, bytes(content))
    refused(found, "is encrypted", says, "no secret to open it with", "decrypt it with qemu-img convert")


async def test_br09_a_bare_luks_container(storage: Storage, tmp_path: Path) -> None:
    content = b"LUKS\xba\xbe\0\2" + blob()
    refused(await local(storage, tmp_path, content), "is an encrypted container (LUKS)", "format: raw where the guest opens it")
    assert (await local(storage, tmp_path, content, "raw")).phase is ImagePhase.READY


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "x-gzip", "identity, gzip", "GZIP", "aws-chunked"])
async def test_an_encoded_answer_is_refused(server: ImageServer, storage: Storage, tmp_path: Path, coding: str) -> None:
    server.answer = lambda path, seen: Answer(gzip.compress(blob()), headers={"Content-Encoding": coding})
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path / "state")
    refused(found, "sends it encoded", "give an address that serves the file as it is")


@pytest.mark.parametrize("coding", ["identity", ""])
async def test_what_is_not_encoded_is_taken(server: ImageServer, storage: Storage, tmp_path: Path, coding: str) -> None:
    server.answer = lambda path, seen: Answer(blob(), headers={"Content-Encoding": coding})
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path / "state")
    assert found.phase is ImagePhase.READY, found.error


@pytest.mark.parametrize(
    "page",
    [
        "<html>".encode("utf-16"),
        "\N{BYTE ORDER MARK}<!DOCTYPE html><p>Sign in".encode("utf-16-be"),
        b"<script>location='/login'</script>",
        b'{"error": "not found", "status": 404}' + b" " * 600,
        b"Not Found\n" * 100,
    ],
)
async def test_an_error_page_is_no_kernel_either(server: ImageServer, storage: Storage, tmp_path: Path, page: bytes) -> None:
    server.answer = lambda path, seen: Answer(page)
    refused(await fetch(storage, ImageRef(f"{server.url}/vmlinuz", format="raw"), tmp_path / "state"), "is a ")


def b64(name: str, content: bytes) -> str:
    return base64.b64encode(hashlib.new(name, content).digest()).decode()


def digests(content: bytes) -> dict[str, str]:
    return {
        "Content-MD5": b64("md5", content),
        "Digest": f"SHA-256={b64('sha256', content)},MD5={b64('md5', content)}",
        "Repr-Digest": f"sha-256=:{b64('sha256', content)}:, sha-512=:{b64('sha512', content)}:",
        "Content-Digest": f"sha-512=:{b64('sha512', content)}:",
    }


@pytest.mark.parametrize("header", list(digests(b"")))
async def test_what_came_is_compared_with_what_the_server_says(
    server: ImageServer, storage: Storage, tmp_path: Path, header: str
) -> None:
    content, count = blob(), len(server.seen)
    headers = {header: digests(content)[header]}
    server.answer = lambda path, seen: Answer(content[::-1] if seen == count + 1 else content, headers=headers)
    ref = ImageRef(f"{server.url}/disk.img", format="raw")
    found = await fetch(storage, ref, tmp_path / "state")
    assert found.phase is ImagePhase.FAILED and not found.permanent, found
    assert "checksum that its server names" in found.error and "fetched again" in found.error
    assert (await fetch_again(storage, ref, tmp_path)).phase is ImagePhase.READY


async def test_a_resumed_part_is_not_compared_with_the_checksum_of_a_part(
    server: ImageServer, storage: Storage, tmp_path: Path
) -> None:
    content, count = blob(), len(server.seen)
    headers = {"ETag": '"one"', "Content-MD5": b64("md5", content[100_000:])}
    server.answer = lambda path, seen: Answer(content, headers=headers, cut=100_000 if seen == count + 1 else None)
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path / "state")
    assert found.phase is ImagePhase.READY, found.error


@pytest.mark.parametrize("said", ["sha-256=:not base64:", "sha-256=:AAAA:", "unixsum=30637", "", "=", "a" * 9000])
async def test_a_checksum_that_is_none_is_left_alone(server: ImageServer, storage: Storage, tmp_path: Path, said: str) -> None:
    server.answer = lambda path, seen: Answer(blob(), headers={"Digest": said, "Content-MD5": said})
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path / "state")
    assert found.phase is ImagePhase.READY, found.error


@pytest.mark.parametrize(("ranges", "tag"), [(False, '"one"'), (True, ""), (True, 'W/"one"')])
async def test_findings_answers_a_length_too_large_says_where_the_next_try_begins(
    server: ImageServer, storage: Storage, tmp_path: Path, ranges: bool, tag: str
) -> None:
    server.ranges = ranges
    headers = {"ETag": tag} if tag else {}
    server.answer = lambda path, seen: Answer(blob(), length=2 * len(blob()), headers=headers)
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path / "state")
    server.ranges = True
    assert not found.permanent and "the next try begins anew" in found.error, found.error


async def test_findings_answers_a_try_that_goes_on_says_so(server: ImageServer, storage: Storage, tmp_path: Path) -> None:
    count = len(server.seen)
    server.answer = lambda path, seen: (
        Answer(blob(), headers={"ETag": '"one"'}, cut=100_000) if seen == count + 1 else Answer(status=503)
    )
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path / "state")
    assert "503" in found.error
    server.answer = lambda path, seen: Answer(blob(), headers={"ETag": '"one"'}, cut=0)
    found = await fetch_again(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path)
    assert "the next try goes on from there (97.7 KiB)" in found.error, found.error
