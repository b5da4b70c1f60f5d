"""A file is taken for a disk by what speaks for it, so that what nobody has listed is refused too."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from homeostat.driver.storage.formats.header import HEAD, Sniff, sniff
from homeostat.driver.storage.formats.qemu_img import Unusable
from homeostat.driver.storage.images.examine import examine
from homeostat.planner.actions import ImageRef
from tests.unit.images import qcow2

NOISE = bytes((7 * i * i + i // 3) % 251 for i in range(HEAD))  # as compressed or encrypted contents look


def at(offset: int, mark: bytes) -> bytes:
    head = bytearray(HEAD)
    head[offset : offset + len(mark)] = mark
    return bytes(head)


def look(content: bytes) -> Sniff:
    return sniff(content[:HEAD], max(len(content), 2**30))


@pytest.mark.parametrize(
    ("offset", "mark"),
    [
        (510, b"\x55\xaa"),
        (512, b"EFI PART"),
        (4096, b"EFI PART"),
        (512, b"PM\0\0"),
        (1080, b"\x53\xef"),
        (0, b"XFSB"),
        (65600, b"_BHRfS_M"),
        (1024, b"\x10\x20\xf5\xf2"),
        (0, b"LABELONE"),
        (512, b"LABELONE"),
        (1536, b"LABELONE"),
        (4096, b"\xfc\x4e\x2b\xa9"),
        (4086, b"SWAPSPACE2"),
    ],
)
def test_partition_tables_and_file_systems_are_disks(offset: int, mark: bytes) -> None:
    assert look(at(offset, mark)) == Sniff("raw")
    assert look(at(offset + 1, mark)).problem, "nowhere else"


NO_DISKS = {
    "noise": b"",
    "zstd, skippable frame": b"\x50\x2a\x4d\x18\4\0\0\0none",
    "lz4, legacy": b"\x02\x21\x4c\x18",
    "xar": b"xar!\0\x1c\0\1",
    "arj": b"\x60\xea",
    "lha": b"\x24\x68-lh5-",
    "lrzip": b"LRZI\0\6",
    "zip, spanned": b"PK\x07\x08PK\x03\x04",
    "squashfs": b"hsqs",
    "dmg": b"\x78\x01\x63\x60\x18\x05",
    "tar, no name first": b"\0" * 100 + b"0000644\0",
    "tar, ustar without a name": b"\0" * 257 + b"ustar\0" + b"00",
    "bitlocker to go": b"\xeb\x58\x90-FVE-FS-",
    "openssl": b"Salted__12345678",
    "age": b"age-encryption.org/v1\n-> X25519 \x80\n",
    "pgp": b"\x85\x01\x0c\x03",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "png": b"\x89PNG\r\n\x1a\n",
    "elf": b"\x7fELF\2\1\1",
    "utf-16": "\ufeffNot found\n".encode("utf-16-le") * 4000,
    "utf-16, no mark": "Not found\n".encode("utf-16-le") * 4000,
    "utf-32": "\ufeffNot found\n".encode("utf-32-be") * 2000,
    "page behind a comment": b"<!-- " + b"saved from the web " * 200 + b"--><html>",
    "zeros": bytes(HEAD),
}


@pytest.mark.parametrize("kind", NO_DISKS)
def test_what_nobody_listed_is_refused(kind: str) -> None:
    content = NO_DISKS[kind]
    assert look(content + NOISE[len(content) :]).problem
    assert look(content.ljust(HEAD, b"\0")).problem


def test_who_wants_a_blank_disk_is_told_how() -> None:
    assert "a blank disk needs no image but a size" in look(bytes(HEAD)).problem


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-be", "utf-32-be"])
def test_a_text_is_one_in_any_coding(coding: str) -> None:
    mark = "\ufeff" if coding.endswith("be") else ""
    assert look((mark + "Not found: størrelse\n" * 300).encode(coding)).text
    assert look(f"{mark}<html><body>Sign in".encode(coding) * 300).markup


@pytest.mark.parametrize("length", [3, 1500, HEAD * 2])
def test_a_page_behind_a_comment_is_one_however_long_it_is(length: int) -> None:
    assert look(b"\n<!-- " + b"x" * length + b" --> <!-- x --><!doctype html><p>").markup
    assert not look(b"<!-- x --> no page".ljust(HEAD, b" ")).markup


@pytest.mark.parametrize("size", [0, 1, 511, 2**30 + 1])
def test_a_qcow2_that_holds_no_sectors_is_refused(size: int) -> None:
    assert f"is a disk of {size} bytes" in look(qcow2(size)).problem
    assert not look(qcow2(2**30)).problem


async def test_raw_is_taken_at_the_users_word(tmp_path: Path) -> None:
    path = tmp_path / "odd.img"
    path.write_bytes(b"hsqs" + NOISE)
    with pytest.raises(Unusable, match=r"nothing that is known as a disk.*give format: raw"):
        await examine(ImageRef(str(path)), path)
    found = await examine(ImageRef(str(path), format="raw"), path)
    assert (found.format, found.virtual_size) == ("raw", 69_632 + 512)


@pytest.mark.parametrize(
    "content", [b"", ("\ufeff" + "Sign in\n" * 900).encode("utf-16-le"), b"<!--" + b"x" * 5000 + b"--><html>"]
)
async def test_nobody_can_mean_an_empty_file_or_a_text_of_a_server(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "came.img"
    path.write_bytes(content)
    with pytest.raises(Unusable):
        await examine(ImageRef("https://example.org/came.img", format="raw"), path)


def test_a_cd_needs_no_more() -> None:
    assert look(at(32769, b"CD001") + struct.pack("<I", 0)).format == "iso"
