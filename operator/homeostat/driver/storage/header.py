"""What a file is, from its first bytes. Pure: bytes in, values out; nothing a hostile image says is followed."""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEAD = 36 * 1024  # bytes of a file that sniff() wants to see: ISO 9660 begins at 32 KiB
QCOW2_HEADER = 104  # bytes of a version 3 header, see QEMU's docs/interop/qcow2.txt
BACKING_NAME_MAX = 1023  # likewise
INCOMPATIBLE_DATA_FILE = 1 << 2  # likewise

# Leading bytes of things that are often given as a disk image and are none, and what to do with them.
_ARCHIVES = (
    (b"\x1f\x8b", "gzip", "gunzip"),
    (b"\xfd7zXZ\x00", "xz", "unxz"),
    (b"BZh", "bzip2", "bunzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (b"PK\x03\x04", "zip", "unzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z", "7z x"),
)
_FOREIGN = (
    (b"vhdxfile", "vhdx"),
    (b"conectix", "vpc"),
    (b"<<< Oracle VM VirtualBox Disk Image", "vdi"),
    (b"<<< QEMU VM Virtual Disk Image", "vdi"),
    (b"<<< Sun VirtualBox Disk Image", "vdi"),
    (b"QED\x00", "qed"),
    (b"WithoutFreeSpace", "parallels"),
    (b"WithouFreSpacExt", "parallels"),
)
_FLATTEN = "qemu-img convert -O qcow2 IMAGE NEW.qcow2"
_VMDK_PARTS = "names other files as its contents; export the disk as one file (monolithicSparse)"


@dataclass(frozen=True, slots=True)
class Sniff:
    """``format`` is raw, qcow2, vmdk or iso where it can be a disk; ``problem`` says why it cannot be one."""

    format: str
    problem: str = ""
    markup: bool = False  # an HTML or XML page
    text: bool = False


@dataclass(frozen=True, slots=True)
class Qcow2Header:
    virtual_size: int  # bytes
    backing: str | None  # as written in the file
    data_file: bool  # its contents lie in another file


def sniff(head: bytes, size: int) -> Sniff:
    """Tells what a file is. ``head`` is its first HEAD bytes, ``size`` its whole length."""
    if is_markup(head):
        return Sniff("raw", "is a web page (HTML or XML), not an image", markup=True)
    if head[:4] == b"QFI\xfb":
        return _sniff_qcow(head)
    if head[:4] == b"KDMV":
        return _sniff_vmdk(head)
    if head.startswith(b"# Disk DescriptorFile"):
        return Sniff("vmdk", _VMDK_PARTS)
    for magic, name, tool in _ARCHIVES:
        if head.startswith(magic):
            return Sniff("raw", f"is a {name} archive; unpack it first ({tool}) and give the unpacked image")
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            return Sniff("raw", f"has the format {name}; convert it with: {_FLATTEN}")
    if head[32769:32774] in (b"CD001", b"BEA01"):
        return Sniff("iso")
    if size < 512:
        return Sniff("raw", f"has only {size} bytes, which is no disk image", text=_is_text(head))
    if _is_text(head):
        return Sniff("raw", "is a text file, not a disk image", text=True)
    return Sniff("raw")


def is_markup(head: bytes) -> bool:
    """Whether it begins as a web page or an XML error message does."""
    start = head[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    while start.startswith(b"<!--") and b"-->" in start:
        start = start.split(b"-->", 1)[1].lstrip()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<body", b"<error"))


def qcow2_header(head: bytes) -> Qcow2Header | None:
    """Reads a qcow2 header; None where it is none. ``head`` needs QCOW2_HEADER bytes and the backing file's name."""
    if len(head) < 72 or head[:4] != b"QFI\xfb":
        return None
    version, at, length = struct.unpack_from(">IQI", head, 4)
    (size,) = struct.unpack_from(">Q", head, 24)
    if version not in (2, 3):
        return None
    features = struct.unpack_from(">Q", head, 72)[0] if version == 3 and len(head) >= QCOW2_HEADER else 0
    backing = None
    if at:
        name = head[at : at + min(length, BACKING_NAME_MAX)]
        backing = name.decode(errors="surrogateescape")
    return Qcow2Header(size, backing, bool(features & INCOMPATIBLE_DATA_FILE))


def _sniff_qcow(head: bytes) -> Sniff:
    header = qcow2_header(head)
    if header is None:
        return Sniff("qcow2", f"is a damaged qcow2 file, or of the old version 1; convert it with: {_FLATTEN}")
    if header.backing is not None:
        return Sniff("qcow2", f"leans on another file ({_clip(header.backing)}); flatten it with: {_FLATTEN}")
    if header.data_file:
        return Sniff("qcow2", f"keeps its contents in another file; make it one file with: {_FLATTEN}")
    return Sniff("qcow2")


def _sniff_vmdk(head: bytes) -> Sniff:
    # A header of capacity 0 sends QEMU to a description that may name any file of the host as its extent.
    if len(head) < 512 or struct.unpack_from("<Q", head, 12)[0] == 0:
        return Sniff("vmdk", _VMDK_PARTS)
    return Sniff("vmdk")


def _is_text(head: bytes) -> bool:
    sample = head[:4096]
    if not sample.strip():
        return False
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:
            return False
        text = sample[: error.start].decode()
    return all(c.isprintable() or c in "\t\r\n\f\x1b" for c in text)


def _clip(text: str | None) -> str:
    return repr(text or "")[:80]
