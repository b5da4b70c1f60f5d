"""Archives and compressed files where an image should be, and what is in them. Pure; unpacks a few KiB at most."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable

PEEK = 4096  # bytes that are unpacked to see what is inside
DEEPEST = 3  # levels of archives in archives that are read
_LZMA_MEMORY = 64 * 2**20  # bytes; an archive may ask for any amount
_TAR = 512  # bytes of a header: POSIX.1-1988, ustar

# Leading bytes, name, how to unpack it.
_MAGIC = (
    (b"\x1f\x8b", "gzip", "gunzip"),
    (b"\xfd7zXZ\x00", "xz", "unxz"),
    (b"BZh", "bzip2", "bunzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (b"\x04\x22\x4d\x18", "lz4", "unlz4"),
    (b"\x89LZO\x00\r\n\x1a\n", "lzop", "lzop -d"),
    (b"LZIP\x01", "lzip", "lzip -d"),
    (b"\x5d\x00\x00\x80\x00", "lzma", "unlzma"),
    (b"\x1f\x9d", "compress", "uncompress"),
    (b"PK\x03\x04", "zip", "unzip"),
    (b"PK\x05\x06", "zip", "unzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z", "7z x"),
    (b"Rar!\x1a\x07", "rar", "unrar x"),
    (b"MSCF\x00\x00\x00\x00", "cab", "cabextract"),
    (b"MSWIM\x00\x00\x00", "wim", "wimlib-imagex apply"),
    (b"070701", "cpio", "cpio -i"),
    (b"070702", "cpio", "cpio -i"),
    (b"070707", "cpio", "cpio -i"),
    (b"\xed\xab\xee\xdb", "rpm", "rpm2cpio"),
    (b"!<arch>\n", "ar (a .deb package?)", "ar x"),
    (b"\x3a\xff\x26\xed", "Android sparse", "simg2img"),
)


def archive_problem(head: bytes) -> str:
    """Says why the file that begins so is an archive and no image, and what to do; empty: it is no archive."""
    layers: list[tuple[str, str]] = []
    while (layer := _layer(head)) is not None and len(layers) < DEEPEST:
        name, tool, inside = layer
        layers.append((name, tool))
        head = inside
    if not layers:
        return ""
    name, tool = layers[0]
    first = f"is a {name} archive" + (" (an OVA or a Vagrant box?)" if name == "tar" else "")
    if len(layers) == 1:
        what = "give the disk in it" if name == "tar" else "give the unpacked image"
        return f"{first}; unpack it first ({tool}) and {what}"
    inner = " in which there is ".join(f"a {name} archive" for name, _ in layers[1:])
    return f"{first} in which there is {inner}; unpack all of it ({', then '.join(t for _, t in layers)}) and give the disk in it"


def _layer(head: bytes) -> tuple[str, str, bytes] | None:
    """Returns the name, how to unpack it, and the first bytes of what is inside, as far as that can be read."""
    if _is_tar(head):
        return "tar", "tar -xf", b""
    for magic, name, tool in _MAGIC:
        if head.startswith(magic):
            return name, tool, _inside(name, head)
    return None


def _inside(name: str, head: bytes) -> bytes:
    unpack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda packed: zlib.decompressobj(wbits=31).decompress(packed, PEEK),
        "bzip2": lambda packed: bz2.BZ2Decompressor().decompress(packed, PEEK),
        "xz": lambda packed: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY).decompress(packed, PEEK),
        "lzma": lambda packed: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY).decompress(packed, PEEK),
    }
    try:
        return unpack[name](head) if name in unpack else b""
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
        return b""


def _is_tar(head: bytes) -> bool:
    """Tells a tar by the checksum of its first header, which tars of every kind have, also those without "ustar"."""
    block = head[:_TAR]
    if len(block) < _TAR or not block[0]:
        return False
    if block[257:262] == b"ustar":
        return True
    written = block[148:156].strip(b" \0")
    if not written or any(digit not in b"01234567" for digit in written):
        return False
    return int(written, 8) == sum(block[:148]) + 8 * ord(" ") + sum(block[156:])
