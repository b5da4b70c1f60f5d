"""A corpus of hostile images: files that make their reader read other files, or work without end, or that are two things at once.

python -m tests.hostile_images DIR       writes them, each named for what it does
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SECTOR = 512
KIB, MIB = 2**10, 2**20
QED = (65536, 16, 1, 1, 0, 0, 65536, 2**30, 72, 11)
CD = b"\1CD001\1\0"


def qcow2_head(
    *, version: int = 3, size: int = 64 * MIB, backing: bytes = b"", backing_at: int | None = None, features: int = 0,
    bits: int = 16, l1: int = 1, l1_at: int = 3 * 64 * KIB, snapshots: int = 0, method: int = 0, length: int = 2 * MIB,
) -> bytes:  # fmt: skip
    """A qcow2 whose header says so, in a file of ``length`` bytes."""
    at = backing_at if backing_at is not None else (512 if backing else 0)
    head = b"QFI\xfb" + struct.pack(
        ">IQIIQIIQQIIQ", version, at, len(backing), bits, size, method, l1, l1_at, 64 * KIB, 1, snapshots, 0
    )
    head += struct.pack(">QQQII", features, 0, 0, 4, 104)
    return (head.ljust(512, b"\0") + backing).ljust(length, b"\0")


def vmdk_head(description: bytes = b"", *, capacity: int = 2048, at: int = 1) -> bytes:
    """A monolithicSparse vmdk with that description in it."""
    sectors = -(-len(description) // SECTOR)
    head = b"KDMV" + struct.pack("<IIQQQQIQQQB", 1, 3, capacity, 128, at if description else 0, sectors, 512, 21, 26, 128, 0)
    return (head.ljust(SECTOR * at, b"\0") + description).ljust(MIB, b"\0")


def described(extent: bytes, *more: bytes) -> bytes:
    lines = (b"# Disk DescriptorFile", b"version=1", b"CID=fffffffe", b"parentCID=ffffffff", b'createType="monolithicSparse"')
    return b"\n".join((*lines, *more, extent, b""))


def snapshot_table(count: int) -> bytes:
    """A table of snapshots, each of which claims a gigabyte beside it."""
    entry = struct.pack(">QIHHIIQII", 0, 0, 1, 1, 0, 0, 0, 0, 2**30) + b"1s"
    return entry.ljust(48, b"\0") * count


def cd(at: int = 0) -> bytes:
    content = bytearray(2 * MIB)
    content[32768:32776] = CD
    content[32848:32852] = struct.pack("<I", 1000)
    return bytes(content)


def real(path: Path, *options: str) -> bytes:
    """What qemu-img makes, to be spoilt."""
    subprocess.run(["qemu-img", "create", "-q", *options, path, "16M"], check=True)
    content = path.read_bytes()
    path.unlink()
    return content


def _over(content: bytes, at: int, part: bytes) -> bytes:
    return content[:at] + part + content[at + len(part) :]


CORPUS: dict[str, Callable[[Path], bytes]] = {
    "qcow2-backing-etc-shadow": lambda place: qcow2_head(backing=b"/etc/shadow"),
    "qcow2-backing-json-nbd": lambda place: qcow2_head(backing=b'json:{"driver":"nbd","host":"127.0.0.1","port":"1"}'),
    "qcow2-backing-fat": lambda place: qcow2_head(backing=b"fat:rw:/etc"),
    "qcow2-backing-beyond-the-file": lambda place: qcow2_head(backing_at=2**40),
    "qcow2-backing-of-no-length": lambda place: qcow2_head(backing_at=512),
    "qcow2-v2-backing": lambda place: qcow2_head(version=2, backing=b"/etc/passwd"),
    "qcow2-data-file": lambda place: qcow2_head(features=4),
    "qcow2-unknown-feature": lambda place: qcow2_head(features=1 << 63),
    "qcow2-unknown-feature-5": lambda place: qcow2_head(features=1 << 5),
    "qcow2-corrupt-bit": lambda place: _over(real(place / "c", "-f", "qcow2"), 72, struct.pack(">Q", 2)),
    "qcow2-encrypted-aes": lambda place: qcow2_head(method=1),
    "qcow2-encrypted-luks": lambda place: qcow2_head(method=2),
    "qcow2-encrypted-unknown": lambda place: qcow2_head(method=77),
    "qcow2-size-0": lambda place: qcow2_head(size=0),
    "qcow2-size-odd": lambda place: qcow2_head(size=513),
    "qcow2-size-1-EiB": lambda place: qcow2_head(size=2**60),
    "qcow2-size-all-ones": lambda place: qcow2_head(size=2**64 - 512),
    "qcow2-clusters-of-0-bits": lambda place: qcow2_head(bits=0),
    "qcow2-clusters-of-63-bits": lambda place: qcow2_head(bits=63),
    "qcow2-table-of-32-GiB": lambda place: qcow2_head(l1=2**32 - 1),
    "qcow2-table-beyond-the-file": lambda place: qcow2_head(l1_at=2**50),
    "qcow2-deep-snapshots": lambda place: qcow2_head(snapshots=65536) + snapshot_table(100),
    "qcow2-version-1": lambda place: qcow2_head(version=1),
    "qcow2-version-99": lambda place: qcow2_head(version=99),
    "qcow2-only-a-magic": lambda place: b"QFI\xfb".ljust(MIB, b"\0"),
    "qcow2-cut-off": lambda place: real(place / "d", "-f", "qcow2", "-o", "preallocation=full")[: 8 * MIB],
    "qcow2-noise-in-its-tables": lambda place: _over(real(place / "e", "-f", "qcow2"), 64 * KIB, os.urandom(128 * KIB)),
    "vmdk-descriptor-alone": lambda place: described(b'RW 2048 FLAT "/etc/shadow" 0').ljust(4096, b"\n"),
    "vmdk-capacity-0": lambda place: vmdk_head(described(b'RW 2048 FLAT "/etc/shadow" 0'), capacity=0),
    "vmdk-flat-extent": lambda place: vmdk_head(described(b'RW 2048 FLAT "/etc/shadow" 0')),
    "vmdk-extent-elsewhere": lambda place: vmdk_head(described(b'RW 2048 SPARSE "/etc/shadow"')),
    "vmdk-two-extents": lambda place: vmdk_head(described(b'RW 2048 SPARSE "a.vmdk"\nRW 2048 SPARSE "b.vmdk"')),
    "vmdk-parent": lambda place: vmdk_head(described(b'RW 2048 SPARSE "a.vmdk"', b'parentFileNameHint="/etc/shadow"')),
    "vmdk-description-far-away": lambda place: vmdk_head(described(b'RW 2048 SPARSE "a.vmdk"'), at=1000),
    "vmdk-size-1-EiB": lambda place: vmdk_head(capacity=2**51),
    "vmdk-noise": lambda place: _over(vmdk_head(), 512, os.urandom(MIB - 512)),
    "iso-and-qcow2": lambda place: _over(cd(), 0, qcow2_head()[:1024]),
    "iso-and-qcow2-with-backing": lambda place: _over(cd(), 0, qcow2_head(backing=b"/etc/shadow")[:1024]),
    "iso-and-vmdk": lambda place: _over(cd(), 0, vmdk_head(described(b'RW 2048 SPARSE "a.vmdk"'))[:4096]),
    "iso-and-page": lambda place: _over(cd(), 0, b"<!DOCTYPE html><script>alert(1)</script>"),
    "iso-cut-off": lambda place: cd()[: MIB],
    "gzip-bomb": lambda place: b"\x1f\x8b\x08\0\0\0\0\0\0\3" + bytes(MIB),
    "vhdx": lambda place: b"vhdxfile".ljust(MIB, b"\0"),
    "vdi": lambda place: b"<<< Oracle VM VirtualBox Disk Image >>>\n".ljust(MIB, b"\0"),
    "qed-backing": lambda place: b"QED\0" + struct.pack("<IIIQQQQQII", *QED) + b"/etc/shadow" + bytes(MIB),
    "luks": lambda place: b"LUKS\xba\xbe\0\1".ljust(MIB, b"\0"),
    "one-byte": lambda place: b"\0",
    "zeros": lambda place: bytes(MIB),
}  # fmt: skip
"""By name: what makes it, given a folder for what it needs."""

AS_RAW = ("qcow2-backing-etc-shadow", "vmdk-flat-extent", "iso-and-qcow2-with-backing")
"""Those that are refused with ``format: raw``, too: a later reader would be led astray by their first bytes."""


def write_corpus(folder: Path) -> list[Path]:
    """Writes all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, make in CORPUS.items():
        path = folder / f"{name}.img"
        path.write_bytes(make(folder))
        made.append(path)
    return made


if __name__ == "__main__":
    for written in write_corpus(Path(sys.argv[1])):
        print(written)
