"""What a file is, from its first bytes. Pure: bytes in, values out. Nothing that a hostile image says is followed."""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass

from ..paths import human_size
from .archives import archive_problem

HEAD = 68 * 1024  # bytes of a file that sniff() needs: ISO 9660 begins at 32 KiB, Btrfs at 64
QCOW2_HEADER = 104  # bytes of a version 3 header, see QEMU's docs/interop/qcow2.txt
BACKING_NAME_MAX = 1023  # likewise
INCOMPATIBLE_DATA_FILE = 1 << 2  # likewise
INCOMPATIBLE_KNOWN = 0b11111  # likewise: dirty, corrupt, data file, compression type, extended L2 entries
CLUSTER_BITS = range(9, 22)  # likewise, and QEMU's MAX_CLUSTER_BITS
L1_MAX = 32 * 2**20  # bytes of its table (QEMU's QCOW_MAX_L1_SIZE)
SNAPSHOTS_MAX = 256  # in an image; QEMU reads the whole table, in which each may have 1 GiB beside it
SIZE_MAX = 64 * 2**40  # bytes of the disk that an image may be; no host has room for more

_FOREIGN = (
    (b"vhdxfile", "vhdx"),
    (b"conectix", "vpc"),
    (b"<<< Oracle VM VirtualBox Disk Image", "vdi"),
    (b"<<< QEMU VM Virtual Disk Image", "vdi"),
    (b"<<< Sun VirtualBox Disk Image", "vdi"),
    (b"QED\x00", "qed"),
    (b"WithoutFreeSpace", "parallels"),
    (b"WithouFreSpacExt", "parallels"),
    (b"COWD", "vmdk (of old ESX)"),
    (b"OOOM\xff", "user-mode Linux COW"),
)
# What a raw disk has at these offsets, as blkid(8) knows them; one is enough.
_DISK = (
    (510, b"\x55\xaa"),  # a boot sector: MBR, before GPT too; FAT, NTFS
    (512, b"EFI PART"),  # GPT, its boot sector wiped
    (4096, b"EFI PART"),  # on sectors of 4 KiB
    (512, b"PM\0\0"),  # Apple's partition map
    (1080, b"\x53\xef"),  # ext2 to ext4
    (0, b"XFSB"),
    (65600, b"_BHRfS_M"),  # Btrfs
    (1024, b"\x10\x20\xf5\xf2"),  # F2FS
    *((sector * 512, b"LABELONE") for sector in range(4)),  # LVM
    (4096, b"\xfc\x4e\x2b\xa9"),  # a part of a RAID
    (4086, b"SWAPSPACE2"),
)
_MARKED = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FLATTEN = "qemu-img convert -O qcow2 IMAGE NEW.qcow2"
_NO_DISK = "is nothing that is known as a disk: it has no boot sector, partition table or file system, and is no CD"
_SAY_RAW = "give format: raw if a guest is to have it as it is"
_ENCRYPTION = {0: "", 1: "AES", 2: "LUKS"}  # QEMU's docs/interop/qcow2.txt, bytes 32 to 35
_CONTAINERS = ((b"QFI\xfb", "qcow2"), (b"KDMV", "vmdk"), (b"# Disk DescriptorFile", "vmdk"))
_POLYGLOT = (
    "begins as {format} and is a CD (ISO 9660) further on: a file that is two things at once is refused; export the one again"
)
_EXTENT = re.compile(rb"^[ \t]*(?:RW|RDONLY|NOACCESS)[ \t]+\S+[ \t]+(\S+)[ \t]*(?:\"([^\"\r\n]*)\")?", re.MULTILINE)
_VMDK_PARTS = "names other files as its contents; export the disk as one file (monolithicSparse)"


@dataclass(frozen=True, slots=True)
class Sniff:
    """What a file is. ``format`` is raw, qcow2, vmdk or iso where it can be a disk; ``problem`` says why it cannot be one."""

    format: str
    problem: str = ""
    markup: bool = False  # an HTML or XML page
    text: bool = False
    cut: bool = False  # it ends before its contents do
    bare: bool = False  # nothing in it says what it is: it can be a raw disk that nobody has written to

    @property
    def claims(self) -> str:
        """The format that it claims and is not read as, where it is taken as raw; empty: none."""
        return self.format if self.format in ("qcow2", "vmdk") else ""


@dataclass(frozen=True, slots=True)
class Qcow2Header:
    virtual_size: int  # bytes
    backing: str | None  # as written in the file
    data_file: bool  # its contents are in another file
    encryption: str  # empty: none
    damage: str = ""  # what in it is out of all bounds; empty: nothing


def sniff(head: bytes, size: int) -> Sniff:
    """Tells what a file is. ``head`` is its first HEAD bytes, ``size`` its whole length."""
    if is_markup(head):
        return Sniff("raw", "is a web page (HTML or XML), not an image", markup=True)
    if two := _two_at_once(head):
        return Sniff(two, _POLYGLOT.format(format=two))
    if head[:4] == b"QFI\xfb":
        return _sniff_qcow(head)
    if head[:4] == b"KDMV":
        return _sniff_vmdk(head)
    if head.startswith(b"# Disk DescriptorFile"):
        return Sniff("vmdk", _VMDK_PARTS)
    if head.startswith(b"LUKS\xba\xbe"):
        return Sniff("raw", "is an encrypted container (LUKS); decrypt it first, or give format: raw where the guest opens it")
    if problem := archive_problem(head):
        return Sniff("raw", problem)
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            return Sniff("raw", f"has the format {name}; convert it with: {_FLATTEN}")
    if head[32769:32774] in (b"CD001", b"BEA01"):
        blocks, length = struct.unpack_from("<I", head, 32768 + 80)[0], 2048  # ECMA-119, 8.4.8
        return Sniff("iso", *_cut(blocks * length, size) if head[32769:32774] == b"CD001" else ())
    if size < 512:
        return Sniff("raw", f"has only {size} bytes, which is no disk image", text=_is_text(head))
    if _is_text(head):
        return Sniff("raw", "is a text file, not a disk image", text=True)
    if not any(head):
        return Sniff("raw", f"begins with nothing but zeros; a blank disk needs no image but a size, else {_SAY_RAW}", bare=True)
    if not any(head.startswith(mark, at) for at, mark in _DISK):
        return Sniff("raw", f"{_NO_DISK}; unpack or decrypt it first, or {_SAY_RAW}", bare=True)
    return Sniff("raw", *_cut(_partitioned(head), size))


def _two_at_once(head: bytes) -> str:
    """Returns the format of a file that is a CD, too, and neither by accident: who checks the one must not open the other."""
    found = next((name for magic, name in _CONTAINERS if head.startswith(magic)), "")
    return found if found and head[32769:32774] in (b"CD001", b"BEA01") else ""


def _cut(needed: int, size: int) -> tuple[str] | tuple[str, bool, bool, bool]:
    """Returns the rest of a Sniff for a file that says of itself that it has ``needed`` bytes."""
    if needed <= size:
        return ("",)
    said = f"ends before its contents do: {human_size(size)} of {human_size(needed)} are there; export or upload it again"
    return said, False, False, True


def _partitioned(head: bytes) -> int:
    """Returns how many bytes a raw disk's partition table needs; 0 where it has none. UEFI specification, 5.2.3 and 5.3.2."""
    if len(head) < 1024 or head[510:512] != b"\x55\xaa":
        return 0
    if head[512:520] == b"EFI PART":
        return int(struct.unpack_from("<Q", head, 512 + 48)[0] + 1) * 512  # its last usable block; there may be no second table
    entries = [struct.unpack_from("<B3xB3xII", head, 446 + 16 * number) for number in range(4)]
    if any(status not in (0, 0x80) for status, *_ in entries):
        return 0  # the code of a boot sector
    return max((start + length for _, kind, start, length in entries if kind), default=0) * 512


def is_markup(head: bytes) -> bool:
    """Tells whether it begins like a web page or an XML error message."""
    start = _as_utf8(head[:4096])[:1024].lstrip().lower()
    while start.startswith(b"<!--"):
        _, end, start = start.partition(b"-->")
        if not end:  # a comment, whatever follows it
            return True
        start = start.lstrip()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<body", b"<error", b"<script", b"<meta", b"<title"))


def qcow2_header(head: bytes) -> Qcow2Header | None:
    """Reads a qcow2 header; None where it is none. ``head`` needs QCOW2_HEADER bytes and the backing file's name."""
    if len(head) < 72 or head[:4] != b"QFI\xfb":
        return None
    version, at, length = struct.unpack_from(">IQI", head, 4)
    (size,) = struct.unpack_from(">Q", head, 24)
    if version not in (2, 3):
        return None
    features = struct.unpack_from(">Q", head, 72)[0] if version == 3 and len(head) >= QCOW2_HEADER else 0
    method = struct.unpack_from(">I", head, 32)[0]
    backing = None
    if at:
        name = head[at : at + min(length, BACKING_NAME_MAX)]
        backing = name.decode(errors="surrogateescape")
    encryption = _ENCRYPTION.get(method, "an unknown way")
    return Qcow2Header(size, backing, bool(features & INCOMPATIBLE_DATA_FILE), encryption, _out_of_bounds(head, features, size))


def _out_of_bounds(head: bytes, features: int, size: int) -> str:
    """Says what in a qcow2 header no image of a disk has, and would cost who opens it; empty: nothing."""
    bits, l1_entries, snapshots = (struct.unpack_from(">I", head, at)[0] for at in (20, 36, 60))
    if unknown := features & ~INCOMPATIBLE_KNOWN:
        return f"asks for features that are not known here (incompatible feature bits {unknown:#x})"
    if bits not in CLUSTER_BITS:
        return f"has clusters of 2^{bits} bytes by its header, which no disk has"
    if size > SIZE_MAX:
        return f"is a disk of {human_size(size)} by its header, and {human_size(SIZE_MAX)} are the most"
    if l1_entries * 8 > L1_MAX:
        return f"has a table of {human_size(l1_entries * 8)} by its header, and {human_size(L1_MAX)} are the most"
    if snapshots > SNAPSHOTS_MAX:
        return f"holds {snapshots} snapshots by its header, and {SNAPSHOTS_MAX} are the most"
    return ""


def _sniff_qcow(head: bytes) -> Sniff:
    header = qcow2_header(head)
    if header is None:
        return Sniff("qcow2", f"is a damaged qcow2 file, or of the old version 1; convert it with: {_FLATTEN}")
    if header.virtual_size == 0 or header.virtual_size % 512:
        return Sniff("qcow2", f"is a disk of {header.virtual_size} bytes by its header, which no disk has; export it again")
    if header.backing is not None:
        return Sniff("qcow2", f"leans on another file ({_clip(header.backing)}); flatten it with: {_FLATTEN}")
    if header.damage:
        return Sniff("qcow2", f"{header.damage}; flatten it with: {_FLATTEN}")
    if header.encryption:
        how = f"is encrypted ({header.encryption}), and there is no secret to open it with"
        return Sniff("qcow2", f"{how}; decrypt it with qemu-img convert (--object secret,… --image-opts …)")
    if header.data_file:
        return Sniff("qcow2", f"keeps its contents in another file; make it one file with: {_FLATTEN}")
    return Sniff("qcow2")


def _sniff_vmdk(head: bytes) -> Sniff:
    # A header of capacity 0 makes QEMU read a description that may name any file of the host as its extent.
    if len(head) < 512 or struct.unpack_from("<Q", head, 12)[0] == 0:
        return Sniff("vmdk", _VMDK_PARTS)
    capacity, at, length = (struct.unpack_from("<Q", head, offset)[0] for offset in (12, 28, 36))  # in sectors
    if capacity * 512 > SIZE_MAX:
        return Sniff("vmdk", f"is a disk of {human_size(capacity * 512)} by its header, and {human_size(SIZE_MAX)} are the most")
    if at and (at + length) * 512 > len(head):
        return Sniff("vmdk", "has its description where none belongs; export the disk again, as one file (monolithicSparse)")
    description = head[at * 512 : (at + length) * 512].partition(b"\0")[0] if at else b""
    if b"parentfilenamehint" in description.lower():
        return Sniff("vmdk", f"leans on another file (its parentFileNameHint); flatten it with: {_FLATTEN}")
    extents = _EXTENT.findall(description)
    if len(extents) > 1 or any(kind != b"SPARSE" or b"/" in name or b":" in name for kind, name in extents):
        return Sniff("vmdk", _VMDK_PARTS)
    return Sniff("vmdk")


def _is_text(head: bytes) -> bool:
    sample = _as_utf8(head[:4096])
    if not sample.strip():
        return False
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:
            return False
        text = sample[: error.start].decode()
    return all(c.isprintable() or c in "\t\r\n\f\x1b" for c in text)


def _as_utf8(text: bytes) -> bytes:
    """Returns the text without its byte order mark, as UTF-8. A text without a mark stays as it is."""
    for mark, coding in _MARKED:
        if text.startswith(mark):
            return text.removeprefix(mark).decode(coding, errors="ignore").encode(errors="ignore")
    return text


def _clip(text: str | None) -> str:
    return repr(text or "")[:80]
